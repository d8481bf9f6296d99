/* Tests of recorded traces: what is written is read again, and whatever else a file holds is told in a sentence. */
#include "policy/replay/read.h"
#include "policy/trace_format.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

enum {
    MUTATIONS = 20000,
    US = 100000000
};

/* A file being made. */
static struct {
    char byte[16384];
    size_t bytes;
} file;

static void put(const void *from, size_t bytes)
{
    memcpy(file.byte + file.bytes, from, bytes);
    file.bytes += bytes;
}

static void put_head(enum trace_section section, uint32_t count, uint64_t bytes)
{
    put(&(struct trace_head){section, count, bytes}, sizeof(struct trace_head));
}

static void put_event(uint64_t what, uint64_t amount)
{
    put(&(struct trace_event){what, amount}, sizeof(struct trace_event));
}

static void begin(void)
{
    file.bytes = 0;
    put(&(struct trace_header){TRACE_MAGIC, TRACE_VERSION, sizeof(struct trace_header), 42, 1 << 20, 1 << 20},
        sizeof(struct trace_header));
}

static void put_site(uint32_t number)
{
    const struct trace_frame frame = {1, 2, 3, 4, 3, 0};
    put_head(TRACE_SITES, 1, sizeof(struct trace_site) + sizeof frame + 7);
    put(&(struct trace_site){77, number, 22, 1, 0}, sizeof(struct trace_site));
    put(&frame, sizeof frame);
    put("/a/bfun", 7);
}

static void put_machine(uint64_t dropped)
{
    struct trace_machine machine = {
        {{125, 80, 20}, {120, 80, 25}}, {{3, 0, 2}, {1, 0, 0}}, 146, 259, 10, 1 << 30, 4096, dropped, US + 9000, 1};
    put_head(TRACE_MACHINE, 1, sizeof machine);
    put(&machine, sizeof machine);
}

/* One block that is copied twice, changes its size, and is freed; 5 ms pass before the second copy. */
static void put_life(void)
{
    put_head(TRACE_EVENTS, 6, 6 * sizeof(struct trace_event));
    put_event(trace_what(TRACE_TIME, 0, 0, 0, US, 0), US);
    put_event(trace_what(TRACE_ALLOC, 0, 0, 0, US, 9), (4 << 20) | 1ull << TRACE_ALLOC_BITS);
    put_event(trace_what(TRACE_COPY, 0, WAY_PLAIN, 0, US + 1000, 9), (4 << 20) | trace_pack_ns(2000000)
                                                                                     << TRACE_COPY_BITS);
    put_event(trace_what(TRACE_COPY, 1, WAY_DIRECT, 1, US + 8000, 9), (2 << 20) | trace_pack_ns(500000)
                                                                                      << TRACE_COPY_BITS);
    put_event(trace_what(TRACE_RESIZE, 0, 0, 0, US + 8500, 9), 5 << 20);
    put_event(trace_what(TRACE_FREE, 0, 0, 0, US + 9000, 9), 0);
}

static void make(void)
{
    begin();
    put_site(1);
    put_machine(0);
    put_life();
    put_machine(7);
}

static void check_sums(const struct recorded *recorded)
{
    cr_expect_eq(recorded->pid, 42);
    cr_expect_eq(recorded->dropped, 7, "the last one counts");
    cr_expect_eq(recorded->allocs, 1);
    cr_expect_eq(recorded->copies, 2);
    cr_expect_eq(recorded->copy_bytes, 6 << 20);
    cr_expect_eq(recorded->copied_ns[0][WAY_PLAIN], 2000000);
    cr_expect_eq(recorded->trace.site[1].async_bytes[1], 2 << 20);
    cr_expect_eq(recorded->peak_bytes, 5 << 20);
    cr_expect_eq(recorded->duration_us, 9000);
    cr_expect_eq(recorded->strays + recorded->cut_bytes, 0);
}

Test(trace, what_is_written_is_read)
{
    static struct recorded recorded;
    static const uint8_t kinds[] = {EVENT_ALLOC, EVENT_TIME,   EVENT_COPY, EVENT_TIME,
                                    EVENT_COPY,  EVENT_RESIZE, EVENT_TIME, EVENT_FREE};
    make();
    cr_assert_eq(recorded_read(&recorded, file.byte, file.bytes), 0, "%s", recorded.error);
    check_sums(&recorded);
    const struct trace *trace = &recorded.trace;
    cr_assert_eq(trace->n_events, sizeof kinds);
    for (unsigned i = 0; i < trace->n_events; i++)
        cr_expect_eq(trace->event[i].kind, kinds[i], "event %u is a %u", i, trace->event[i].kind);
    cr_expect_eq(trace->event[3].amount, 5000000, "2 of the 7 ms were the copy's");
    cr_expect_eq(trace->site[1].key, 77);
    cr_expect_str_eq(trace->site[1].frame[0].module, "/a/b");
    cr_expect_str_eq(trace->site[1].function[0], "fun");
    cr_expect_eq(recorded.machine.staged_ps[0], 0, "that was never measured");
    cr_expect_eq(copy_ns(&recorded.machine, 0, 0, 4 << 20), 2000000, "as it was");
    cr_expect_eq(copy_ns(&recorded.machine, 0, 1, 2 << 20), 500000, "as it was in the other direction");
    recorded_drop(&recorded);
}

Test(trace, times_are_exact_to_a_millionth)
{
    for (uint64_t ns = 0; ns < 1ull << 45; ns += ns / 7 + 1) {
        const uint64_t told = trace_unpack_ns(trace_pack_ns(ns));
        cr_assert(told <= ns && ns - told <= ns / 1000000, "%lu became %lu", (unsigned long)ns, (unsigned long)told);
    }
}

Test(trace, events_whose_block_is_not_there_are_strays)
{
    static struct recorded recorded;
    begin();
    put_machine(0);
    put_life(); /* its allocation names a site that was never told */
    cr_assert_neq(recorded_read(&recorded, file.byte, file.bytes), 0);
    cr_expect(strstr(recorded.error, "a site that was told before"), "%s", recorded.error);
    recorded_drop(&recorded);
    begin();
    put_machine(0);
    put_head(TRACE_EVENTS, 2, 2 * sizeof(struct trace_event));
    put_event(trace_what(TRACE_FREE, 0, 0, 0, US, 5), 0);
    put_event(trace_what(TRACE_COPY, 0, 0, 0, US, 5), 4096);
    cr_assert_eq(recorded_read(&recorded, file.byte, file.bytes), 0, "%s", recorded.error);
    cr_expect_eq(recorded.strays, 2);
    recorded_drop(&recorded);
}

static uint64_t read_again_times(struct recorded *recorded, uint64_t block, uint64_t times)
{
    begin();
    put_site(1);
    put_machine(0);
    put_life();
    put_head(TRACE_EVENTS, 1, sizeof(struct trace_event));
    put_event(trace_what(TRACE_AGAIN, 0, 0, 0, US + 9500, block), times);
    return recorded_read(recorded, file.byte, file.bytes) ? 0 : recorded->allocs;
}

Test(trace, lives_that_were_only_counted_are_as_the_last_one)
{
    static struct recorded recorded;
    cr_assert_eq(read_again_times(&recorded, 9, 3), 4, "%s", recorded.error);
    const struct trace *trace = &recorded.trace;
    cr_expect_eq(trace->site[1].blocks, 4);
    cr_expect_eq(recorded.strays, 0);
    const struct event *last = &trace->event[trace->n_events - 1];
    cr_expect_eq(last->kind, EVENT_AGAIN);
    cr_expect_eq(last->times, 3);
    cr_expect_eq(last->amount, 5 << 20, "as it was changed last");
    cr_expect_eq(last->block, 0, "the number that the block had");
    cr_expect_eq(last[-1].kind, EVENT_TIME);
    cr_expect_eq(trace->n_blocks, 1);
    recorded_drop(&recorded);
    cr_expect_eq(read_again_times(&recorded, 8, 3), 1, "of a block that was never told of");
    cr_expect_eq(recorded.strays, 6);
    recorded_drop(&recorded);
    cr_expect_eq(read_again_times(&recorded, 9, TRACE_AGAIN_MOST), TRACE_AGAIN_MOST + 1);
    cr_expect_lt(trace->n_events, 20, "what is kept does not grow with the count");
    recorded_drop(&recorded);
    cr_expect_eq(read_again_times(&recorded, 9, TRACE_AGAIN_MOST + 1), 0);
    cr_expect(strstr(recorded.error, "expected a count from 1 to 65536"), "%s", recorded.error);
    recorded_drop(&recorded);
    cr_expect_eq(read_again_times(&recorded, 9, 0), 0);
    recorded_drop(&recorded);
}

/* Wherever it ends, what is whole is read: but for the header and the machine, without which there is nothing. */
Test(trace, a_file_may_end_anywhere)
{
    static struct recorded recorded;
    make();
    const size_t whole = file.bytes;
    unsigned readable = 0;
    for (size_t bytes = 0; bytes < whole; bytes++) {
        char *copy = malloc(bytes ? bytes : 1); /* so that a sanitizer sees what is read beyond it */
        memcpy(copy, file.byte, bytes);
        const int rc = recorded_read(&recorded, copy, bytes);
        cr_expect(rc == 0 || strncmp(recorded.error, "offset ", 7) == 0, "%zu bytes", bytes);
        readable += rc == 0;
        recorded_drop(&recorded);
        free(copy);
    }
    cr_expect_gt(readable, 200);
    cr_expect_lt(readable, whole - 200);
}

/* xorshift64. */
static uint64_t draw(uint64_t *state, uint64_t below)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state % below;
}

static void mutate(char *copy, uint64_t *state)
{
    static const uint64_t values[] = {0, 1, 7, 0xff, 0x7fffffff, 0xffffffff, 1ull << 40, ~0ull};
    for (uint64_t n = draw(state, 4) + 1; n; n--) {
        const size_t at = draw(state, file.bytes);
        if (draw(state, 2)) {
            copy[at] = (char)(copy[at] ^ 1 << draw(state, 8));
        } else {
            const uint64_t value = values[draw(state, sizeof values / sizeof *values)];
            memcpy(copy + at, &value, file.bytes - at < sizeof value ? file.bytes - at : sizeof value);
        }
    }
}

Test(trace, nothing_in_a_file_is_believed, .timeout = 60)
{
    static struct recorded recorded;
    uint64_t state = 0x9E3779B97F4A7C15ull;
    unsigned refused = 0;
    make();
    for (unsigned i = 0; i < MUTATIONS; i++) {
        char *copy = malloc(file.bytes);
        memcpy(copy, file.byte, file.bytes);
        mutate(copy, &state);
        const int rc = recorded_read(&recorded, copy, file.bytes);
        cr_expect(rc == 0 || (strncmp(recorded.error, "offset ", 7) == 0 && strstr(recorded.error, ": expected ")),
                  "mutation %u: %s", i, recorded.error);
        refused += rc != 0;
        recorded_drop(&recorded);
        free(copy);
    }
    cr_expect_gt(refused, MUTATIONS / 10);
    cr_expect_lt(refused, MUTATIONS);
}

/* What is wrong at one place, and what is said of it. */
Test(trace, what_is_wrong_is_told)
{
    static struct recorded recorded;
    static const struct {
        size_t at, bytes;
        uint64_t value;
        const char *said;
    } wrong[] = {
        {0, 1, 'A', "offset 0: expected \"autopin trace\""},
        {16, 4, 1, "offset 16: expected version 2, and this is version 1"},
        {20, 4, 47, "offset 20: expected a header of 48 bytes"},
        {20, 4, 1 << 20, "offset 20: expected a header of 48 bytes"},
        {48, 4, 0, "offset 48: expected a section of events, of sites or of the machine"},
        {52, 4, 2, "offset 127: expected a site of at least 24 bytes"},
        {72, 4, 1 << 20, "offset 64: expected a site with a number below"},
        {80, 4, 9, "offset 64: expected a site with a number below"},
        {80, 4, 2, "offset 127: expected a frame of 32 bytes"},
        {112, 2, 5, "offset 88: expected a frame whose names end within their section"},
        {114, 2, 0xffff, "offset 88: expected a frame whose names end within their section"},
        {121, 1, 0, "offset 120: expected names without NUL"},
        {131, 8, 1 << 10, NULL}, /* longer than the file: cut short, and nothing is known of the machine */
        {143, 8, 1ull << 62, "offset 143: expected prices below 1 ms per byte"},
        {307, 4, 5, "offset 319: expected events of 16 bytes each"},
        {319, 1, 0, "offset 319: expected an event of a kind from 1 to 6, and not 0"},
        {319, 1, 7, "offset 319: expected an event of a kind from 1 to 6, and not 7"},
        {327, 8, ~0ull, "offset 327: expected a time below 35 years"},
        {343, 5, 0, "offset 343: expected an allocation of some bytes"},
        {348, 3, 2, "offset 343: expected a site that was told before, and not number 2"},
        {359, 4, 0, "offset 359: expected a copy of some bytes"},
    };
    for (unsigned i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        make();
        memcpy(file.byte + wrong[i].at, &wrong[i].value, wrong[i].bytes);
        cr_expect_neq(recorded_read(&recorded, file.byte, file.bytes), 0, "%u", i);
        cr_expect(!wrong[i].said || strncmp(recorded.error, wrong[i].said, strlen(wrong[i].said)) == 0, "%u: %s", i,
                  recorded.error);
        recorded_drop(&recorded);
    }
}
