/* Writes the report at the end of a process.  See report_out.h.  No lock; errno is kept. */
#define _GNU_SOURCE
#include "report_out.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "aside.h"
#include "driver.h"
#include "life.h"
#include "modules.h"
#include "policy/engine.h"
#include "policy/prim.h"
#include "policy/record.h"
#include "policy/report.h"
#include "report_place.h"
#include "self.h"
#include "symbols.h"
#include "system.h"
#include "trace.h"
#include "version.h"

static const uint64_t REFRESH_NS = 2000000000;

struct buffered {
    int fd;
    int error; /* of the write that failed, when fd is -1 */
    size_t used;
    char text[4096];
};

static void flush(struct buffered *out)
{
    if (out->fd >= 0 && out->used && system_write(out->fd, out->text, out->used)) {
        out->error = errno;
        out->fd = -1;
    }
    out->used = 0;
}

static void put(void *ctx, const char *text, size_t len)
{
    struct buffered *out = ctx;
    while (len) {
        const size_t room = sizeof out->text - out->used, part = len < room ? len : room;
        memcpy(out->text + out->used, text, part);
        out->used += part;
        text += part;
        len -= part;
        if (out->used == sizeof out->text)
            flush(out);
    }
}

/* Symbols of the dynamic table only: what is in the process anyway. */
int report_symbol(void *ctx, const struct frame *frame, char *function, size_t cap, uint64_t *offset)
{
    const char *name;
    (void)ctx;
    if (!module_hold())
        return -EBUSY;
    const int rc = symbol_at(frame->pc - 1, &name, offset);
    if (rc == 0) {
        ++*offset;
        snprintf(function, cap, "%s", name);
    }
    module_release();
    return rc;
}

void report_command_line(char *out, size_t cap)
{
    size_t len = 0;
    (void)system_read_file("/proc/self/cmdline", out, cap - 1, &len);
    for (size_t i = 0; i < len; i++)
        if (out[i] == 0 || out[i] == '\n')
            out[i] = ' ';
    while (len && out[len - 1] == ' ')
        len--;
    out[len] = 0;
}

/* Errors: errno. */
static int write_to(int fd, int json, const char *cause)
{
    static const char *const backends[] = {"none", "mlock", "cuda"};
    char command[512];
    const struct options *options = life_options();
    const char *const *notes;
    struct buffered out = {.fd = fd};
    const struct sink sink = {put, &out};
    report_command_line(command, sizeof command);
    struct report_process process = {
        .program = program_invocation_short_name,
        .command_line = command,
        .pid = getpid(),
        .cause = cause,
        .version = AUTOPIN_VERSION,
        .now_ns = prim_now_ns(),
        .vm_lck_bytes = system_locked_bytes(),
        .backend = backends[engine_backend()],
        .driver = driver_description(),
        .config_file = options->file,
        .simulated = driver_is_simulated(),
    };
    process.n_notes = life_notes(&notes);
    memcpy(process.notes, notes, process.n_notes * sizeof *notes);
    (json ? report_write_json : report_write_text)(&sink, &process, report_symbol, NULL,
                                                   (unsigned)options->report_sites);
    flush(&out);
    return out.error;
}

static int said;         /* under `writing`: a report stands on stderr, */
static uint64_t said_of; /* with this much activity */
static int failed;       /* under `writing`: the last report could not be written */
static int refreshing;   /* under `writing`: not the last report, so nothing is said when it cannot be written */

static void cannot(const char *path, int error)
{
    failed = 1;
    if (!refreshing)
        prim_log(0, "autopin: %s: the report cannot be written there: %s", path, system_error_text(error));
}

static void write_file(const char *pattern, const char *cause)
{
    struct report_place place;
    report_place_find(&place, pattern);
    const size_t len = strlen(place.path);
    const int json = len > 5 && strcmp(place.path + len - 5, ".json") == 0;
    if (place.in_place && refreshing)
        return;
    const int fd = report_place_open(&place);
    if (fd < 0) {
        cannot(place.path, -fd);
        return;
    }
    const int error = write_to(fd, json, cause), rc = report_place_close(&place, fd, !error);
    if (error || rc)
        cannot(place.path, error ? error : -rc);
}

static int wants_file(void)
{
    static const char *const not_files[] = {"off", "text", "json"};
    for (size_t i = 0; i < sizeof not_files / sizeof *not_files; i++)
        if (strcmp(life_options()->report, not_files[i]) == 0)
            return 0;
    return 1;
}

/* On stderr one report is enough, unless more has been done since: an exec may fail, a signal handler may leave
 * abort(). */
static void write_stderr(int json, const char *cause)
{
    const uint64_t done = report_activity();
    if ((said && done == said_of) || !system_stderr_is_ours())
        return;
    said = 1;
    said_of = done;
    write_to(2, json, cause);
}

static void write_wanted(const char *cause)
{
    const struct options *options = life_options();
    if (strcmp(options->report, "off") == 0 || (!report_has_something() && !options->report_empty))
        return;
    if (wants_file())
        write_file(options->report, cause);
    else
        write_stderr(strcmp(options->report, "json") == 0, cause);
}

static _Atomic uint32_t writing; /* one writer at a time */
static _Atomic int ended;        /* the last report is being written, or has been */

static int writing_begin(int tries)
{
    uint32_t nobody = 0;
    while (!atomic_compare_exchange_strong(&writing, &nobody, 1)) {
        if (tries-- == 0)
            return 0;
        prim_wait(&writing, 1);
        nobody = 0;
    }
    return 1;
}

static void writing_end(void)
{
    atomic_store(&writing, 0);
    prim_wake(&writing);
}

static void write_running(void *unused)
{
    (void)unused;
    write_wanted("running");
}

void report_refresh(void)
{
    static _Atomic uint64_t last_ns;
    const uint64_t now = prim_now_ns();
    if (now - last_ns < REFRESH_NS || ended || !wants_file() || !writing_begin(0))
        return;
    last_ns = now;
    refreshing = 1;
    if (!ended)
        aside_run(write_running, NULL);
    refreshing = 0;
    writing_end();
}

void report_fork_child(void)
{
    atomic_store(&writing, 0);
    atomic_store(&ended, 0);
    said = refreshing = 0;
}

void report_go_on(void)
{
    if (life_is_own_process())
        atomic_store(&ended, 0);
}

/* The last report waits for one that is being written, but not for ever: its writer may be the thread that was killed.
 */
void report_at(const char *cause)
{
    if (!life_is_on() || !life_is_own_process())
        return;
    atomic_store(&ended, 1);
    trace_flush();
    if (!writing_begin(50))
        return;
    const int cancel = system_uncancellable();
    self_enter();
    failed = 0;
    write_wanted(cause);
    record_end(cause, failed);
    self_leave();
    system_cancellable(cancel);
    writing_end();
}
