/* Recorded traces: the events.  See read.h. */
#include "policy/replay/read_int.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
    BLOCKS_MOST = 1 << 30
};

/* --- blocks --- */

static struct place *place_in(struct place *places, uint32_t room, uint32_t number)
{
    uint32_t at = number * 0x9E3779B1u & (room - 1);
    while (places[at].number && places[at].number != number + 1)
        at = (at + 1) & (room - 1);
    return &places[at];
}

static struct place *place_of(struct reader *reader, uint32_t number)
{
    if (2 * reader->n_places >= reader->room) {
        const uint32_t room = reader->room ? 2 * reader->room : 1024;
        struct place *more = must_have(room, sizeof *more);
        for (uint32_t i = 0; i < reader->room; i++)
            if (reader->number[i].number)
                *place_in(more, room, reader->number[i].number - 1) = reader->number[i];
        free(reader->number);
        reader->number = more;
        reader->room = room;
    }
    struct place *place = place_in(reader->number, reader->room, number);
    reader->n_places += place->number == 0;
    place->number = number + 1;
    return place;
}

static struct live *live_new(struct reader *reader)
{
    if (reader->out->trace.n_blocks == reader->live_room) {
        reader->live_room = reader->live_room ? 2 * reader->live_room : 1024;
        struct live *more = must_have(reader->live_room, sizeof *more);
        if (reader->live)
            memcpy(more, reader->live, reader->out->trace.n_blocks * sizeof *more);
        free(reader->live);
        reader->live = more;
    }
    return &reader->live[reader->out->trace.n_blocks];
}

/* --- time --- */

/* What passed since the last event that did something, up to now, is the program's own time. */
static void pass(struct reader *reader)
{
    if (reader->us <= reader->end_us)
        return;
    if (reader->timed)
        trace_add(&reader->out->trace,
                  &(struct event){.kind = EVENT_TIME, .amount = (reader->us - reader->end_us) * 1000});
    reader->end_us = reader->us;
}

/* From the lower bits: the nearest to the time of the last event. */
static void tell_time(struct reader *reader, uint64_t what)
{
    const uint64_t low = trace_low(what >> 7, TRACE_US_BITS), wrap = 1ull << TRACE_US_BITS;
    const uint64_t ahead = trace_low(low - reader->us, TRACE_US_BITS);
    if (ahead < wrap / 2)
        reader->us += ahead;
    else if (reader->us > wrap)
        reader->us -= wrap - ahead;
    pass(reader);
}

/* The first one says when the trace begins. */
static int set_time(struct reader *reader, uint64_t us)
{
    if (us >> 50)
        return malformed(reader, reader->at + 8, "a time below 35 years");
    if (us > reader->us)
        reader->us = us;
    pass(reader);
    if (!reader->timed)
        reader->begin_us = us;
    reader->timed = 1;
    return 0;
}

/* --- events --- */

static void free_block(struct reader *reader, struct place *place)
{
    const struct live *live = &reader->live[place->live - 1];
    trace_add(&reader->out->trace, &(struct event){.kind = EVENT_FREE, .block = place->live - 1});
    reader->live_bytes -= live->copied ? live->bytes : 0;
    place->live = 0;
}

static int serve(struct reader *reader, struct place *place, uint64_t bytes, uint64_t site)
{
    struct trace *trace = &reader->out->trace;
    if (trace->n_blocks == BLOCKS_MOST)
        return malformed(reader, reader->at, "no more than %d allocations", BLOCKS_MOST);
    if (place->live) /* its end is not in the trace */
        free_block(reader, place);
    *live_new(reader) = (struct live){bytes, (uint32_t)site, 0};
    trace_add(
        trace,
        &(struct event){
            .kind = EVENT_ALLOC, .touched = 100, .site = (uint32_t)site, .block = trace->n_blocks, .amount = bytes});
    place->live = place->last = ++trace->n_blocks;
    trace->site[site].blocks++;
    reader->out->allocs++;
    return 0;
}

static int read_alloc(struct reader *reader, const struct trace_event *event, struct place *place)
{
    const struct trace *trace = &reader->out->trace;
    const uint64_t bytes = trace_low(event->amount, TRACE_ALLOC_BITS), site = event->amount >> TRACE_ALLOC_BITS;
    if (bytes == 0)
        return malformed(reader, reader->at + 8, "an allocation of some bytes");
    if (site >= trace->n_sites || !trace->site[site].key)
        return malformed(reader, reader->at + 8, "a site that was told before, and not number %u", (unsigned)site);
    return serve(reader, place, bytes, site);
}

static void count_copy(struct reader *reader, enum direction dir, enum way way, uint64_t bytes, uint64_t ns)
{
    struct recorded *out = reader->out;
    out->copies++;
    out->copy_bytes += bytes;
    out->copied_ns[dir][way] += ns;
    sample_copy(reader, dir, way, bytes, ns);
}

static void raise_peak(struct reader *reader)
{
    if (reader->live_bytes > reader->out->peak_bytes)
        reader->out->peak_bytes = reader->live_bytes;
}

static void note_copied(struct reader *reader, struct live *live, uint64_t bytes)
{
    struct replay_site *site = &reader->out->trace.site[live->site];
    site->copies++;
    site->copy_bytes += bytes;
    if (!live->copied)
        reader->live_bytes += live->bytes;
    live->copied = 1;
    raise_peak(reader);
}

static int read_copy(struct reader *reader, const struct trace_event *event, const struct place *place)
{
    const uint64_t bytes = trace_low(event->amount, TRACE_COPY_BITS);
    const uint64_t ns = trace_unpack_ns(event->amount >> TRACE_COPY_BITS);
    const enum direction dir = (enum direction)(event->what >> 3 & 1);
    const enum way way = (enum way)(event->what >> 4 & 3);
    struct live *live = place->live ? &reader->live[place->live - 1] : NULL;
    if (bytes == 0 || ns >> 50)
        return malformed(reader, reader->at + 8, "a copy of some bytes that took less than 13 days");
    reader->end_us += ns / 1000;
    if (!live) {
        reader->out->strays++;
        return 0;
    }
    note_copied(reader, live, bytes);
    reader->out->trace.site[live->site].async_bytes[dir] += event->what >> 6 & 1 ? bytes : 0;
    count_copy(reader, dir, way, bytes, ns);
    trace_add(&reader->out->trace, &(struct event){.kind = EVENT_COPY,
                                                   .dir = (uint8_t)dir,
                                                   .snapshot = way == WAY_SNAPSHOT,
                                                   .block = place->live - 1,
                                                   .amount = bytes});
    return 0;
}

static int read_resize(struct reader *reader, const struct trace_event *event, const struct place *place)
{
    if (event->amount == 0 || event->amount >> TRACE_ALLOC_BITS)
        return malformed(reader, reader->at + 8, "a size below 1 TiB");
    struct live *live = &reader->live[place->live - 1];
    reader->live_bytes += live->copied ? event->amount - live->bytes : 0;
    live->bytes = event->amount;
    raise_peak(reader);
    trace_add(&reader->out->trace,
              &(struct event){.kind = EVENT_RESIZE, .block = place->live - 1, .amount = event->amount});
    return 0;
}

/* Served as it was last, and freed, so many times: one event, under the number that the block had last, so that what is
 * kept does not grow with the count. */
static int read_again(struct reader *reader, const struct trace_event *event, struct place *place)
{
    const uint64_t times = event->amount;
    if (times == 0 || times > TRACE_AGAIN_MOST)
        return malformed(reader, reader->at + 8, "a count from 1 to %d", TRACE_AGAIN_MOST);
    if (!place->last) {
        reader->out->strays += 2 * times;
        return 0;
    }
    if (place->live) /* its end is not in the trace */
        free_block(reader, place);
    const struct live *last = &reader->live[place->last - 1];
    trace_add(&reader->out->trace, &(struct event){.kind = EVENT_AGAIN,
                                                   .touched = 100,
                                                   .site = last->site,
                                                   .block = place->last - 1,
                                                   .times = (uint32_t)times,
                                                   .amount = last->bytes});
    reader->out->trace.site[last->site].blocks += times;
    reader->out->allocs += times;
    return 0;
}

static int read_event(struct reader *reader, const struct trace_event *event)
{
    const unsigned kind = (unsigned)trace_low(event->what, 3);
    if (kind == TRACE_NOTHING || kind >= TRACE_KINDS)
        return malformed(reader, reader->at, "an event of a kind from 1 to %d, and not %u", TRACE_KINDS - 1, kind);
    if (kind == TRACE_TIME)
        return set_time(reader, event->amount);
    tell_time(reader, event->what);
    struct place *place = place_of(reader, (uint32_t)(event->what >> 33));
    if (kind == TRACE_ALLOC)
        return read_alloc(reader, event, place);
    if (kind == TRACE_AGAIN)
        return read_again(reader, event, place);
    if (kind == TRACE_COPY)
        return read_copy(reader, event, place);
    if (place->live && kind == TRACE_RESIZE)
        return read_resize(reader, event, place);
    if (place->live)
        free_block(reader, place);
    else
        reader->out->strays++;
    return 0;
}

int read_events(struct reader *reader, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        struct trace_event event;
        memcpy(&event, reader->at, sizeof event);
        if (read_event(reader, &event))
            return -EINVAL;
        reader->at += sizeof event;
    }
    return 0;
}

void events_end(struct reader *reader)
{
    reader->out->duration_us = reader->end_us - reader->begin_us;
}
