/* Recording: the file.  See trace_file.h. */
#define _GNU_SOURCE
#include "trace_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "driver.h"
#include "policy/cost.h"
#include "policy/ledger.h"
#include "policy/prim.h"
#include "policy/site.h"
#include "report_out.h"
#include "system.h"

enum {
    TRIES = 100,
    TEXT_MOST = 4096,
    SITES_MOST = 64 /* in one section */
};
static const uint64_t PIN_BYTES = 1 << 30; /* a price per byte is told to a thousandth of a ps */

static struct {
    _Atomic uint32_t lock;
    int fd;
    int begun, failed, own;
    uint64_t bytes, max_bytes;
    uint32_t sites; /* those up to this number are written */
    struct trace_header header;
    struct {
        struct trace_head head;
        struct trace_event event[];
    } * room;
    size_t used;
    char text[TEXT_MOST];
    char path[2 * OPTION_MAX_TEXT];
} file;

/* --- bytes --- */

static void put_now(const void *from, size_t bytes)
{
    if (file.failed || !bytes)
        return;
    file.failed = system_write(file.fd, from, bytes) != 0;
    file.bytes += bytes;
}

static void put_flush(void)
{
    put_now(file.text, file.used);
    file.used = 0;
}

static void put(const void *from, size_t bytes)
{
    if (bytes > sizeof file.text - file.used)
        put_flush();
    memcpy(file.text + file.used, from, bytes);
    file.used += bytes;
}

/* --- the file --- */

static int lock(void)
{
    uint32_t nobody = 0;
    for (int tries = TRIES; !atomic_compare_exchange_strong(&file.lock, &nobody, 1); tries--, nobody = 0) {
        if (!tries)
            return 0;
        prim_wait(&file.lock, 1);
    }
    return 1;
}

static void unlock(void)
{
    atomic_store(&file.lock, 0);
    prim_wake(&file.lock);
}

int trace_file_begin(void)
{
    struct stat what;
    if (!lock())
        return 0;
    const int cancel = system_uncancellable();
    const int flags = O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK;
    file.fd = file.failed ? -1 : open(file.path, flags | (file.begun ? 0 : O_CREAT | O_TRUNC), 0644);
    if (file.fd >= 0 && (fstat(file.fd, &what) || !S_ISREG(what.st_mode))) {
        close(file.fd);
        file.fd = -1;
        errno = EINVAL;
    }
    if (file.fd < 0 && !file.failed)
        prim_log(0, "autopin: %s: no trace can be written there: %s", file.path, system_error_text(errno));
    system_cancellable(cancel);
    file.failed |= file.fd < 0;
    if (!file.begun && !file.failed)
        put(&file.header, sizeof file.header);
    file.begun = 1;
    return 1;
}

int trace_file_end(void)
{
    put_flush();
    const int cancel = system_uncancellable();
    if (file.fd >= 0) {
        if (file.failed)
            prim_log(0, "autopin: %s: the trace could not be written: %s", file.path, system_error_text(errno));
        close(file.fd);
    }
    system_cancellable(cancel);
    file.fd = -1;
    const int failed = file.failed;
    unlock();
    return failed ? -1 : 0;
}

/* --- sections --- */

struct trace_event *trace_file_room(void)
{
    return file.room->event;
}

uint32_t trace_file_events(uint32_t n)
{
    const uint64_t used = file.bytes + file.used + sizeof file.room->head;
    const uint64_t left = used < file.max_bytes ? (file.max_bytes - used) / sizeof *file.room->event : 0;
    const uint32_t kept = n < left ? n : (uint32_t)left;
    if (kept == 0)
        return 0;
    put_flush();
    file.room->head = (struct trace_head){TRACE_EVENTS, kept, kept * sizeof *file.room->event};
    put_now(file.room, sizeof file.room->head + kept * sizeof *file.room->event);
    return kept;
}

/* One section for each site: its length is known before anything of it is written. */
static void put_site(const struct site *site)
{
    struct trace_frame frames[SITE_FRAMES] = {0};
    char function[SITE_FRAMES][128];
    uint64_t bytes = sizeof(struct trace_site);
    for (unsigned i = 0; i < site->n_frames; i++) {
        const struct frame *frame = &site->frame[i];
        const size_t module = strlen(frame->module);
        frames[i].module_id = frame->module_id;
        frames[i].offset = frame->offset;
        frames[i].module_bytes = (uint16_t)(module < 1024 ? module : 1024);
        function[i][0] = 0;
        if (report_symbol(NULL, frame, function[i], sizeof function[i], &frames[i].function_offset) == 0)
            frames[i].function_bytes = (uint16_t)strlen(function[i]);
        bytes += sizeof *frames + frames[i].module_bytes + frames[i].function_bytes;
    }
    put(&(struct trace_head){TRACE_SITES, 1, bytes}, sizeof(struct trace_head));
    put(&(struct trace_site){site->key, site->index, site->size_log2, site->n_frames, 0}, sizeof(struct trace_site));
    for (unsigned i = 0; i < site->n_frames; i++) {
        put(&frames[i], sizeof *frames);
        put(site->frame[i].module, frames[i].module_bytes);
        put(function[i], frames[i].function_bytes);
    }
}

static void put_machine(uint64_t dropped)
{
    struct trace_machine machine = {
        .resident_ps = cost_pin_parts_ns(PIN_BYTES, 0, 0) * 1000 / PIN_BYTES,
        .absent_ps = cost_pin_parts_ns(PIN_BYTES, PIN_BYTES, 0) * 1000 / PIN_BYTES,
        .huge_ps = cost_pin_parts_ns(PIN_BYTES, 0, 1) * 1000 / PIN_BYTES,
        .cap_bytes = ledger_cap_bytes(),
        .cap_regions = ledger_cap_regions(),
        .dropped = dropped,
        .now_us = prim_now_ns() / 1000,
        .simulated = (uint64_t)driver_is_simulated(),
    };
    for (int dir = 0; dir < DIR_COUNT; dir++)
        for (int way = 0; way <= WAY_DIRECT; way++) {
            machine.copy_ps[dir][way] = cost_copy_ps_per_byte(dir, way);
            machine.copy_samples[dir][way] = cost_copy_samples(dir, way);
        }
    put(&(struct trace_head){TRACE_MACHINE, 1, sizeof machine}, sizeof(struct trace_head));
    put(&machine, sizeof machine);
}

/* The newest site is first in the list, so those that are new are at its beginning. */
void trace_file_tables(uint64_t dropped)
{
    const struct site *first = sites_first();
    const uint32_t sites = first ? first->index : 0;
    for (const struct site *site = first; site && site->index > file.sites; site = site->next)
        put_site(site);
    file.sites = sites;
    put_machine(dropped);
}

/* --- beginning --- */

/* The path is made absolute: the program may change its directory. */
static void set_path(const struct options *options)
{
    char name[OPTION_MAX_TEXT], folder[OPTION_MAX_TEXT];
    report_expand(options->trace, name, sizeof name);
    if (name[0] == '/' || !getcwd(folder, sizeof folder))
        folder[0] = 0;
    snprintf(file.path, sizeof file.path, "%s%s%s", folder, folder[0] ? "/" : "", name);
    file.header = (struct trace_header){.magic = TRACE_MAGIC,
                                        .version = TRACE_VERSION,
                                        .header_bytes = sizeof file.header,
                                        .pid = (uint64_t)getpid(),
                                        .min_size = options->min_size,
                                        .staging_min = options->staging_min};
}

int trace_file_start(const struct options *options, uint32_t most_events)
{
    const char *name = options->trace;
    if (strcmp(name, "off") == 0)
        return 0;
    if (strcmp(name, "text") == 0 || strcmp(name, "json") == 0) {
        prim_log(0, "autopin: trace = %s: a trace has one form only; give it a path", name);
        return 0;
    }
    file.fd = -1;
    file.max_bytes = options->trace_max;
    file.room = prim_map(sizeof *file.room + most_events * sizeof *file.room->event);
    set_path(options);
    return file.room != NULL;
}

/* Whether report_expand() puts the number of the process into the path; it knows no %% for a percent sign. */
static int names_process(const char *pattern)
{
    for (; *pattern; pattern++)
        if (pattern[0] == '%' && pattern[1] == 'p')
            return 1;
    return 0;
}

int trace_file_fork_child(const struct options *options)
{
    atomic_store(&file.lock, 0);
    if (!names_process(options->trace))
        return 0;
    file.fd = -1;
    file.begun = file.failed = 0;
    file.bytes = file.used = file.sites = 0;
    set_path(options);
    return 1;
}
