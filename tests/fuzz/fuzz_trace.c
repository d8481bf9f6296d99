/* A recorded trace: it is read as a whole, or one sentence says where something else was expected.
 *
 * fuzz: -max_len=4096 */
#include "policy/replay/read.h"
#include "tests/fuzz/fuzz.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A block that was there before comes and goes. */
static void expect_again(const struct trace *trace, const struct event *event, int lives)
{
    FUZZ_EXPECT(!lives && event->times && event->amount && event->site < trace->n_sites && trace->site[event->site].key,
                "again block %u of site %u, %u times", event->block, event->site, event->times);
}

/* Events name blocks and sites that there are, in an order in which they can happen. */
static void expect_events(const struct trace *trace)
{
    unsigned n = 0;
    char *lives = calloc(trace->n_blocks + 1, 1);
    for (unsigned i = 0; i < trace->n_events; i++) {
        const struct event *event = &trace->event[i];
        FUZZ_EXPECT(event->kind <= EVENT_AGAIN && event->dir < DIR_COUNT, "event %u", i);
        if (event->kind == EVENT_TIME)
            continue;
        FUZZ_EXPECT(event->block < trace->n_blocks, "event %u: block %u", i, event->block);
        if (event->kind == EVENT_ALLOC) {
            FUZZ_EXPECT(event->block == n++ && event->site < trace->n_sites && trace->site[event->site].key,
                        "event %u: block %u of site %u", i, event->block, event->site);
            lives[event->block] = 1;
        }
        if (event->kind == EVENT_AGAIN) {
            FUZZ_EXPECT(event->block < n, "event %u: block %u was never there", i, event->block);
            expect_again(trace, event, lives[event->block]);
            continue;
        }
        FUZZ_EXPECT(lives[event->block], "event %u: block %u is not there", i, event->block);
        FUZZ_EXPECT(event->amount || event->kind == EVENT_FREE, "event %u of nothing", i);
        if (event->kind == EVENT_FREE)
            lives[event->block] = 0;
    }
    FUZZ_EXPECT(n == trace->n_blocks, "%u blocks and not %u", n, trace->n_blocks);
    free(lives);
}

static void expect_sites(const struct trace *trace)
{
    size_t bytes = 0;
    for (unsigned i = 0; i < trace->n_sites; i++) {
        const struct replay_site *site = &trace->site[i];
        FUZZ_EXPECT(site->n_frames <= SITE_FRAMES, "site %u", i);
        for (unsigned f = 0; f < site->n_frames; f++)
            bytes += strlen(site->frame[f].module) + (site->function[f] ? strlen(site->function[f]) : 0);
    }
    (void)bytes;
}

static void expect_costs(const struct recorded *recorded)
{
    for (int dir = 0; dir < DIR_COUNT; dir++)
        for (int way = 0; way < WAY_COUNT; way++)
            for (unsigned log2 = 0; log2 < MEASURED_LOG2; log2++) {
                const double ps = recorded->measured.ps[dir][way][log2];
                FUZZ_EXPECT(isfinite(ps) && ps >= 0, "%f ps", ps);
            }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct recorded recorded;
    const int rc = recorded_read(&recorded, data, size);
    if (rc) {
        fuzz_sentence(recorded.error, "offset ");
        FUZZ_EXPECT(strstr(recorded.error, ": expected "), "%s", recorded.error);
        const unsigned long offset = strtoul(recorded.error + strlen("offset "), NULL, 10);
        FUZZ_EXPECT(offset <= size, "of %zu bytes: %s", size, recorded.error);
    } else {
        FUZZ_EXPECT(!recorded.error[0], "of a good file: %s", recorded.error);
        expect_events(&recorded.trace);
        expect_sites(&recorded.trace);
        expect_costs(&recorded);
        FUZZ_EXPECT(recorded.cut_bytes <= size, "cut short by %llu", (unsigned long long)recorded.cut_bytes);
    }
    recorded_drop(&recorded);
    return 0;
}
