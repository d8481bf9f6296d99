/* Recorded traces: sections, sites and the machine.  See read.h; read_events.c has the events.  Nothing of the file is
 * believed: sizes and numbers are compared with what there is. */
#include "policy/replay/read_int.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    SITES_MOST = 1 << 20,
    NAME_MOST = 4096,
    PAGE = 4096
};

int malformed(struct reader *reader, const void *at, const char *fmt, ...)
{
    char text[120];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    snprintf(reader->out->error, sizeof reader->out->error, "offset %zu: expected %s",
             (size_t)((const char *)at - reader->begin), text);
    return -EINVAL;
}

/* --- sites --- */

/* A copy of a text of the file, with its NUL.  There is room for every one: what the file has of it, and two bytes more
 * of each frame. */
static const char *keep_text(struct reader *reader, const char *text, size_t bytes)
{
    char *to = reader->strings;
    memcpy(to, text, bytes);
    to[bytes] = 0;
    reader->strings += bytes + 1;
    return to;
}

static int read_frame(struct reader *reader, struct replay_site *site, unsigned number, unsigned i, const char *end)
{
    struct trace_frame frame;
    if ((size_t)(end - reader->at) < sizeof frame)
        return malformed(reader, reader->at, "a frame of %zu bytes", sizeof frame);
    memcpy(&frame, reader->at, sizeof frame);
    const size_t texts = (size_t)frame.module_bytes + frame.function_bytes;
    if (frame.module_bytes > NAME_MOST || frame.function_bytes > NAME_MOST ||
        (size_t)(end - reader->at) - sizeof frame < texts)
        return malformed(reader, reader->at, "a frame whose names end within their section");
    const char *text = reader->at + sizeof frame;
    if (memchr(text, 0, texts))
        return malformed(reader, text, "names without NUL");
    site->frame[i] =
        (struct frame){.pc = (uintptr_t)number << 3 | i, .module_id = frame.module_id, .offset = frame.offset};
    site->frame[i].module = keep_text(reader, text, frame.module_bytes);
    site->function_offset[i] = frame.function_offset;
    if (frame.function_bytes)
        site->function[i] = keep_text(reader, text + frame.module_bytes, frame.function_bytes);
    reader->at += sizeof frame + texts;
    return 0;
}

static struct replay_site *site_at(struct trace *trace, uint32_t number)
{
    if (number >= trace->n_sites) {
        unsigned room = trace->n_sites ? trace->n_sites : 64;
        while (room <= number)
            room *= 2;
        struct replay_site *more = must_have(room, sizeof *more);
        if (trace->site)
            memcpy(more, trace->site, trace->n_sites * sizeof *more);
        free(trace->site);
        trace->site = more;
        trace->n_sites = room;
    }
    return &trace->site[number];
}

static int read_site(struct reader *reader, const char *end)
{
    struct trace_site head;
    if ((size_t)(end - reader->at) < sizeof head)
        return malformed(reader, reader->at, "a site of at least %zu bytes", sizeof head);
    memcpy(&head, reader->at, sizeof head);
    if (head.number >= SITES_MOST || head.n_frames > SITE_FRAMES || head.size_log2 >= MEASURED_LOG2)
        return malformed(reader, reader->at, "a site with a number below %d, %d frames at most and a size below 1 TiB",
                         SITES_MOST, SITE_FRAMES);
    struct replay_site *site = site_at(&reader->out->trace, head.number);
    if (site->key)
        return malformed(reader, reader->at, "each site once, and number %u comes again", head.number);
    reader->at += sizeof head;
    site->key = head.key ? head.key : 1;
    site->size_log2 = head.size_log2;
    for (unsigned i = 0; i < head.n_frames; i++)
        if (read_frame(reader, site, head.number, i, end))
            return -EINVAL;
    site->n_frames = head.n_frames;
    return 0;
}

static int read_sites(struct reader *reader, uint32_t count, const char *end)
{
    for (uint32_t i = 0; i < count; i++)
        if (read_site(reader, end))
            return -EINVAL;
    return reader->at == end ? 0 : malformed(reader, reader->at, "the end of the section");
}

/* --- the machine --- */

static int read_machine(struct reader *reader, uint64_t bytes)
{
    struct trace_machine from;
    struct recorded *out = reader->out;
    struct machine *to = &out->machine;
    if (bytes != sizeof from)
        return malformed(reader, reader->at, "a machine of %zu bytes", sizeof from);
    memcpy(&from, reader->at, sizeof from);
    uint64_t most = from.resident_ps | from.absent_ps | from.huge_ps;
    for (int dir = 0; dir < DIR_COUNT; dir++) {
        most |= from.copy_ps[dir][0] | from.copy_ps[dir][1] | from.copy_ps[dir][2];
        to->plain_ps[dir] = (double)from.copy_ps[dir][WAY_PLAIN];
        to->staged_ps[dir] = from.copy_samples[dir][WAY_STAGED] ? (double)from.copy_ps[dir][WAY_STAGED] : 0;
        to->direct_ps[dir] = (double)from.copy_ps[dir][WAY_DIRECT];
    }
    if (most > PRICE_MOST)
        return malformed(reader, reader->at, "prices below 1 ms per byte");
    to->resident_page_ns = from.resident_ps * PAGE / 1000;
    to->absent_page_ns = from.absent_ps * PAGE / 1000;
    to->unpin_page_ns = to->resident_page_ns / 5; /* that is not measured */
    out->cap_bytes = from.cap_bytes;
    out->dropped = from.dropped;
    out->simulated = from.simulated != 0;
    out->whole = 1;
    reader->at += bytes;
    return 0;
}

/* --- the file --- */

static int read_section(struct reader *reader, const struct trace_head *head)
{
    const char *end = reader->at + head->bytes;
    switch (head->section) {
    case TRACE_EVENTS:
        if (head->bytes != (uint64_t)head->count * sizeof(struct trace_event))
            return malformed(reader, reader->at, "events of %zu bytes each", sizeof(struct trace_event));
        return read_events(reader, head->count);
    case TRACE_SITES:
        return read_sites(reader, head->count, end);
    case TRACE_MACHINE:
        return read_machine(reader, head->bytes);
    default:
        return malformed(reader, reader->at - sizeof *head, "a section of events, of sites or of the machine");
    }
}

static int read_sections(struct reader *reader, const char *end)
{
    while (reader->at < end) {
        struct trace_head head;
        const size_t left = (size_t)(end - reader->at);
        reader->out->cut_bytes = left;
        if (left < sizeof head)
            return 0;
        memcpy(&head, reader->at, sizeof head);
        if (head.section != TRACE_EVENTS && head.section != TRACE_SITES && head.section != TRACE_MACHINE)
            return malformed(reader, reader->at, "a section of events, of sites or of the machine");
        if (head.bytes > left - sizeof head)
            return 0;
        reader->at += sizeof head;
        if (read_section(reader, &head))
            return -EINVAL;
        reader->out->cut_bytes = 0;
    }
    return 0;
}

static int read_header(struct reader *reader, size_t bytes)
{
    struct trace_header header;
    const char magic[TRACE_MAGIC_BYTES] = TRACE_MAGIC;
    if (bytes < sizeof header)
        return malformed(reader, reader->begin, "a header of %zu bytes, and there are %zu", sizeof header, bytes);
    memcpy(&header, reader->begin, sizeof header);
    if (memcmp(header.magic, magic, sizeof magic) != 0)
        return malformed(reader, reader->begin, "\"autopin trace\", with which a trace begins");
    if (header.version != TRACE_VERSION)
        return malformed(reader, reader->begin + 16, "version %d, and this is version %u", TRACE_VERSION,
                         header.version);
    if (header.header_bytes < sizeof header || header.header_bytes > bytes)
        return malformed(reader, reader->begin + 20, "a header of %zu bytes to the end of the file", sizeof header);
    reader->at = reader->begin + header.header_bytes;
    reader->out->pid = header.pid;
    reader->out->machine.staging_min = header.staging_min;
    return 0;
}

int recorded_read(struct recorded *out, const void *data, size_t bytes)
{
    struct reader reader = {.begin = data, .at = data, .out = out};
    memset(out, 0, sizeof *out);
    out->machine.name = "recorded";
    out->machine.measured = &out->measured;
    out->trace.family = "recorded";
    out->trace.machine = &out->machine;
    out->trace.cap_bytes = UINT64_MAX;
    reader.strings = out->strings = must_have(bytes + 2, 1); /* a frame is longer than two NUL */
    (void)site_at(&out->trace, 0);
    out->trace.site[0].key = 1; /* the site of all that could be told no other */
    int rc = read_header(&reader, bytes);
    if (rc == 0)
        rc = read_sections(&reader, reader.begin + bytes);
    if (rc == 0 && !out->whole)
        rc = malformed(&reader, reader.at, "what the machine is like, and the file ends");
    if (rc == 0)
        events_end(&reader);
    samples_end(&reader);
    free(reader.number);
    free(reader.live);
    return rc;
}

void recorded_drop(struct recorded *recorded)
{
    free(recorded->trace.event);
    free(recorded->trace.site);
    free(recorded->strings);
}
