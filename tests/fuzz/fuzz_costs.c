/* What replay makes of the times in a trace.  Input: struct trace_machine, then copies, each of direction and way,
 * bytes (40 bits) and time (56 bits); a trace is made around them, and then asked what copies and pins will take.
 *
 * fuzz: -max_len=3000 */
#include "policy/replay/read.h"
#include "policy/trace_format.h"
#include "tests/fuzz/fuzz.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    COPIES_MOST = 4000,
    EVENTS_MOST = COPIES_MOST + 2
};

/* A trace with one block that is copied again and again. */
static struct {
    struct trace_header header;
    struct trace_head machine_head;
    struct trace_machine machine;
    struct trace_head events_head;
    struct trace_event event[EVENTS_MOST];
} file;

static size_t make(struct fuzz_input *input)
{
    const size_t left = (size_t)(input->end - input->at),
                 bytes = left < sizeof file.machine ? left : sizeof file.machine;
    unsigned n = 0;
    memset(&file, 0, sizeof file);
    file.header = (struct trace_header){TRACE_MAGIC, TRACE_VERSION, sizeof file.header, 1, 1 << 20, 1 << 20};
    file.machine_head = (struct trace_head){TRACE_MACHINE, 1, sizeof file.machine};
    memcpy(&file.machine, input->at, bytes);
    input->at += bytes;
    file.event[n++] = (struct trace_event){trace_what(TRACE_TIME, 0, 0, 0, 1, 0), 1};
    file.event[n++] = (struct trace_event){trace_what(TRACE_ALLOC, 0, 0, 0, 1, 3), (1ull << TRACE_ALLOC_BITS) - 1};
    for (; input->at < input->end && n < EVENTS_MOST; n++) {
        const unsigned how = (unsigned)fuzz_number(input, 1);
        const uint64_t amount = fuzz_number(input, 5), ns = fuzz_number(input, 7);
        file.event[n].what = trace_what(TRACE_COPY, how & 1, how >> 1 & 3, how >> 3 & 1, n, 3);
        file.event[n].amount = trace_cut(amount, TRACE_COPY_BITS) | trace_pack_ns(ns) << TRACE_COPY_BITS;
    }
    file.events_head = (struct trace_head){TRACE_EVENTS, n, n * sizeof(struct trace_event)};
    return offsetof(typeof(file), event) + n * sizeof(struct trace_event);
}

static void expect_costs(const struct machine *machine)
{
    static const uint64_t sizes[] = {1, 4096, 65537, 1 << 20, 100ull << 20, (1ull << 40) - 1};
    for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (int dir = 0; dir < DIR_COUNT; dir++) {
            const uint64_t plain = copy_ns(machine, dir, 0, sizes[i]), direct = copy_ns(machine, dir, 1, sizes[i]),
                           excess = excess_ns(machine, dir, sizes[i]);
            FUZZ_EXPECT(excess <= plain && (excess == 0 || plain - excess == direct), "%llu of %llu",
                        (unsigned long long)excess, (unsigned long long)plain);
            FUZZ_EXPECT(plain >> 62 == 0 && direct >> 62 == 0, "a copy of %llu bytes takes %llu or %llu ns",
                        (unsigned long long)sizes[i], (unsigned long long)plain, (unsigned long long)direct);
            FUZZ_EXPECT(pin_ns(machine, sizes[i], 0) >> 62 == 0 && unpin_ns(machine, sizes[i]) >> 62 == 0,
                        "a pin of %llu bytes takes %llu ns", (unsigned long long)sizes[i],
                        (unsigned long long)pin_ns(machine, sizes[i], 0));
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct recorded recorded;
    struct fuzz_input input = {data, data + size};
    const size_t bytes = make(&input);
    char *whole = malloc(bytes);
    memcpy(whole, &file, bytes);
    if (recorded_read(&recorded, whole, bytes))
        fuzz_sentence(recorded.error, "offset ");
    else
        expect_costs(&recorded.machine);
    recorded_drop(&recorded);
    free(whole);
    return 0;
}
