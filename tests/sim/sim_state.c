/* Owns the mapping of the state file and everything printed on stderr: messages, VIOLATION lines.
 *
 * Takes no lock: counters are atomic, a line is one write(2). */
#define _GNU_SOURCE
#include "sim.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    MOST_LINES = 300
};

static const char *const violation_words[SIM_V_KINDS] = {
#define X(id, word) #word,
    SIM_VIOLATIONS(X)
#undef X
};

static void say(const char *prefix, const char *word, const char *format, va_list args)
{
    char line[512];
    int n = snprintf(line, sizeof line, "simcuda: %s%s%s", prefix, word, *word ? ": " : "");
    int more = vsnprintf(line + n, sizeof line - (size_t)n - 1, format, args);
    n += more < 0 ? 0 : more;
    if (n > (int)sizeof line - 2)
        n = (int)sizeof line - 2;
    line[n++] = '\n';
    ssize_t written = write(STDERR_FILENO, line, (size_t)n);
    (void)written;
}

void sim_say(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    say("", "", format, args);
    va_end(args);
}

/* All are counted; a process prints the first few hundred. */
void sim_violation(enum sim_violation kind, const char *format, ...)
{
    static atomic_uint printed;
    va_list args;
    SIM_ADD(violations, 1);
    SIM_ADD(violation[kind], 1);
    if (atomic_fetch_add(&printed, 1) >= MOST_LINES)
        return;
    va_start(args, format);
    say("VIOLATION ", violation_words[kind], format, args);
    va_end(args);
}

void sim_raise(_Atomic uint64_t *peak, uint64_t value)
{
    uint64_t seen = atomic_load_explicit(peak, memory_order_relaxed);
    while (seen < value && !atomic_compare_exchange_weak(peak, &seen, value)) {
    }
}

static void *map_state(const char *path)
{
    size_t bytes = sizeof(struct sim_state);
    if (path && *path) {
        int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        if (fd >= 0 && ftruncate(fd, (off_t)bytes) == 0) {
            void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
            close(fd);
            if (p != MAP_FAILED)
                return p;
        } else if (fd >= 0) {
            close(fd);
        }
        sim_say("SIMCUDA_STATE=%s cannot be mapped: %m; counting in private", path);
    }
    void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return p == MAP_FAILED ? NULL : p;
}

/* A file that already holds counters is continued, so that a process and its successor can share one. */
void sim_state_open(void)
{
    struct sim_state *s = map_state(getenv("SIMCUDA_STATE"));
    if (!s) {
        sim_say("no memory for the state");
        abort();
    }
    sim.state = s;
    if (atomic_load(&s->magic) == SIM_STATE_MAGIC && s->version == SIM_STATE_VERSION)
        return;
    memset(s, 0, sizeof *s);
    s->version = SIM_STATE_VERSION;
    s->call_names = SIM_NAMES;
    for (int i = 0; i < SIM_NAMES; i++)
        strncpy(s->call[i].name, sim_exports[i].name, SIM_STATE_NAME - 1);
    atomic_store(&s->magic, SIM_STATE_MAGIC);
}
