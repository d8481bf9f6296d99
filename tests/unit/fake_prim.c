/* Fakes of policy/prim.h: see fake_prim.h.  Takes no lock but for the log. */
#include "tests/unit/fake_prim.h"

#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "policy/pressure.h"
#include "policy/tally.h"

#define WEAK __attribute__((weak))

struct fake_prim fake;
static pthread_mutex_t log_lock = PTHREAD_MUTEX_INITIALIZER;
static char log_text[1 << 17];
static size_t log_len;

void fake_reset(void)
{
    memset(&fake, 0, sizeof(fake));
    fake.now_ns = 1000000000;
    fake.available_bytes = fake.some = fake.full = UINT64_MAX;
    fake_reset_options();
    log_len = (size_t)(log_text[0] = 0);
}

/* --- the log ---------------------------------------------------------------------------------------------------------
 */

static void log_put(void *ctx, const char *text, size_t len)
{
    (void)ctx;
    pthread_mutex_lock(&log_lock);
    if (len > sizeof(log_text) - 1 - log_len)
        len = sizeof(log_text) - 1 - log_len;
    memcpy(log_text + log_len, text, len);
    log_text[log_len += len] = 0;
    pthread_mutex_unlock(&log_lock);
}
const struct sink fake_sink = {log_put, NULL};

void fake_log_line(int level, const char *line)
{
    char text[2048];
    (void)level;
    snprintf(text, sizeof(text), "%.2000s\n", line);
    log_put(NULL, text, strlen(text));
}

const char *fake_log(void)
{
    return log_text;
}

unsigned fake_log_lines(void)
{
    unsigned lines = 0;
    for (const char *at = log_text; (at = strchr(at, '\n')); at++)
        lines++;
    return lines;
}

int fake_logged(const char *part)
{
    return strstr(log_text, part) != NULL;
}

WEAK void prim_log(int level, const char *fmt, ...)
{
    char line[1024];
    va_list args;
    va_start(args, fmt);
    vsnprintf(line, sizeof(line), fmt, args);
    va_end(args);
    fake_log_line(level, line);
}

/* --- the system ------------------------------------------------------------------------------------------------------
 */

WEAK uint64_t prim_now_ns(void)
{
    return atomic_fetch_add(&fake.now_ns, fake.step_ns);
}

WEAK uint64_t prim_coarse_ns(void)
{
    return atomic_load(&fake.now_ns);
}

WEAK void *prim_map(size_t bytes)
{
    void *mem =
        fake.map_fails ? MAP_FAILED : mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mem == MAP_FAILED)
        return NULL;
    fake.mapped_bytes += bytes;
    return mem;
}

/* --- tallies: one for each thread that asks while fake.tallies is set, for ever ----------------------------------- */

#define TALLIES 64
static struct tally tallies[TALLIES];
static _Atomic unsigned n_tallies;
static _Thread_local struct tally *own_tally;

WEAK struct tally *prim_tally(void)
{
    if (!fake.tallies)
        return NULL;
    if (!own_tally && n_tallies < TALLIES)
        own_tally = &tallies[atomic_fetch_add(&n_tallies, 1) % TALLIES];
    return own_tally;
}

WEAK struct tally *prim_tally_at(unsigned number)
{
    return number < TALLIES && number < atomic_load(&n_tallies) ? &tallies[number] : NULL;
}

/* Without a table that tests bring, none. */
WEAK void *prim_node_map(size_t bytes)
{
    (void)bytes;
    return NULL;
}

WEAK uint64_t prim_process(void)
{
    return 1;
}

WEAK int prim_process_lives(uint64_t name)
{
    return name == 1;
}

WEAK void prim_unmap(void *mem, size_t bytes)
{
    munmap(mem, bytes);
    fake.mapped_bytes -= bytes;
}

WEAK void prim_wait(_Atomic uint32_t *word, uint32_t seen)
{
    (void)word, (void)seen;
    fake.waits++;
    if (fake.on_wait)
        fake.on_wait();
    sched_yield();
}

WEAK void prim_wake(_Atomic uint32_t *word)
{
    (void)word;
    fake.wakes++;
}

WEAK int prim_memory_take(uint64_t bytes, uint64_t spare)
{
    return fake.available_bytes >= spare && fake.available_bytes - spare >= bytes;
}

WEAK void prim_memory_look(struct pressure_seen *seen)
{
    fake.looks++;
    *seen = (struct pressure_seen){fake.available_bytes, fake.some, fake.full};
}

WEAK void prim_trim(uint64_t bytes)
{
    if (fake.on_trim)
        fake.on_trim(bytes);
}

WEAK void prim_shed_slots(uint64_t bytes)
{
    if (fake.on_shed_slots)
        fake.on_shed_slots(bytes);
}

WEAK void prim_each_block(void (*act)(struct block *block))
{
    for (unsigned i = 0; i < fake.n_blocks; i++)
        act(fake.blocks[i]);
}

WEAK size_t prim_resident_bytes(const void *base, size_t bytes)
{
    (void)base;
    return fake.absent_bytes < bytes ? bytes - fake.absent_bytes : 0;
}

static int injected(const struct fake_failure *failure, unsigned call)
{
    return call >= failure->first && call - failure->first < failure->count ? failure->err : 0;
}

WEAK int prim_pin(struct block *block)
{
    int err = injected(&fake.pin_failure, fake.pins++);
    return err ? err : fake.on_pin ? fake.on_pin(block) : 0;
}

WEAK int prim_unpin(struct block *block)
{
    int err = injected(&fake.unpin_failure, fake.unpins++);
    return err ? err : fake.on_unpin ? fake.on_unpin(block) : 0;
}

WEAK void prim_release(struct block *block, int keep)
{
    fake.releases++;
    fake.kept_releases += keep != 0;
    if (fake.on_release)
        fake.on_release(block, keep);
}

WEAK int prim_keeps(const struct block *block)
{
    (void)block;
    return fake.keeps;
}

WEAK void prim_kick(void)
{
    fake.kicks++;
    if (fake.on_kick)
        fake.on_kick();
}
