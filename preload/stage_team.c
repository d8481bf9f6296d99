/* The threads that move memory.  See stage_team.h. */
#include "stage_team.h"

#include "policy/lock.h"
#include "policy/prim.h"
#include "self.h"
#include "threads.h"

enum {
    PIECE = PACE_CHUNK_LEAST,
    SPINS = 200 /* looks before it sleeps: a chunk takes some ten microseconds */
};
static const uint64_t PATIENCE_NS = 200000000; /* without work for so long, a helper ends */

static struct lock team_lock = LOCK_OF(RANK_TEAM);
static struct stage_job *jobs;
static unsigned n_helpers;      /* lock */
static _Atomic unsigned n_jobs; /* changed under the lock */
static _Atomic uint32_t calls;  /* changes when there may be something to do */
static _Atomic uint32_t sleepers;

static uint32_t pieces_of(size_t bytes)
{
    return (uint32_t)((bytes + PIECE - 1) / PIECE);
}

uint32_t team_chunks(const struct stage_job *job)
{
    return (uint32_t)((job->bytes + job->chunk_bytes - 1) / job->chunk_bytes);
}

size_t team_chunk_bytes(const struct stage_job *job, uint32_t chunk)
{
    const size_t left = job->bytes - chunk * job->chunk_bytes;
    return left < job->chunk_bytes ? left : job->chunk_bytes;
}

static void announce(_Atomic uint32_t *word)
{
    atomic_fetch_add(word, 1);
    prim_wake(word);
}

static int take_piece(struct stage_job *job, uint32_t *piece)
{
    *piece = atomic_load(&job->taken);
    do {
        if (*piece >= atomic_load(&job->open))
            return 0;
    } while (!atomic_compare_exchange_weak(&job->taken, piece, *piece + 1));
    return 1;
}

/* Returns whether it is through. */
static int do_piece(struct stage_job *job, uint32_t piece)
{
    const size_t at = (size_t)piece * PIECE, left = job->bytes - at, bytes = left < PIECE ? left : PIECE;
    char *memory = job->slot[at / job->chunk_bytes % job->depth];
    char *slot = memory ? memory + at % job->chunk_bytes : NULL;
    return job->piece(job, slot, job->host + at, bytes) == 0;
}

int team_help(struct stage_job *job)
{
    uint32_t piece;
    if (!take_piece(job, &piece))
        return 0;
    if (!do_piece(job, piece)) { /* its chunk is never through */
        atomic_store(&job->failed, 1);
        announce(&job->progress);
        return 1;
    }
    const uint32_t chunk = (uint32_t)((size_t)piece * PIECE / job->chunk_bytes);
    const uint32_t done = atomic_fetch_add(&job->done[chunk % job->depth], 1) + 1;
    if (done == pieces_of(team_chunk_bytes(job, chunk)))
        announce(&job->progress);
    return 1;
}

int team_is_through(const struct stage_job *job, uint32_t chunk)
{
    return atomic_load(&job->done[chunk % job->depth]) == pieces_of(team_chunk_bytes(job, chunk));
}

void team_wait(struct stage_job *job, uint32_t chunk)
{
    for (int spins = 0;; spins++) {
        const uint32_t seen = atomic_load(&job->progress);
        if (team_is_through(job, chunk) || atomic_load(&job->failed))
            return;
        if (spins < SPINS)
            thread_pause();
        else
            prim_wait(&job->progress, seen);
    }
}

void team_open(struct stage_job *job, uint32_t chunks)
{
    const size_t bytes = chunks * job->chunk_bytes;
    atomic_store(&job->open, pieces_of(bytes < job->bytes ? bytes : job->bytes));
    atomic_fetch_add(&calls, 1);
    if (atomic_load(&sleepers))
        prim_wake(&calls);
}

/* --- helpers --------------------------------------------------------------------------------------------------------
 */

static int has_work(const struct stage_job *job)
{
    return atomic_load(&job->taken) < atomic_load(&job->open) && job->helpers + 1 < job->threads;
}

/* The copy that has work and the fewest helpers. */
static struct stage_job *join(void)
{
    struct stage_job *best = NULL;
    lock_take(&team_lock);
    for (struct stage_job *job = jobs; job; job = job->next)
        if (has_work(job) && (!best || job->helpers < best->helpers))
            best = job;
    if (best)
        best->helpers++;
    lock_drop(&team_lock);
    return best;
}

/* Nothing of the copy is touched after the lock is dropped: it lies on its maker's stack. */
static void part(struct stage_job *job)
{
    lock_take(&team_lock);
    job->helpers--;
    if (job->leaving)
        announce(&job->progress);
    lock_drop(&team_lock);
}

/* Waits for something to do.  Returns 0 after a long time in vain. */
static int wait_for_call(uint32_t seen, uint64_t since_ns)
{
    for (int spins = 0; spins < SPINS; spins++) {
        if (atomic_load(&calls) != seen)
            return 1;
        thread_pause();
    }
    atomic_fetch_add(&sleepers, 1);
    prim_wait(&calls, seen);
    atomic_fetch_sub(&sleepers, 1);
    return atomic_load(&calls) != seen || prim_now_ns() - since_ns < PATIENCE_NS;
}

/* The helper may end: no copy came meanwhile. */
static int retire(uint32_t seen)
{
    lock_take(&team_lock);
    const int ends = atomic_load(&calls) == seen;
    n_helpers -= (unsigned)ends;
    lock_drop(&team_lock);
    return ends;
}

static void *run(void *arg)
{
    uint64_t since_ns = prim_now_ns();
    self.busy++;
    for (;;) {
        const uint32_t seen = atomic_load(&calls);
        struct stage_job *job = join();
        if (!job) {
            if (!wait_for_call(seen, since_ns) && retire(seen))
                break;
            continue;
        }
        while (team_help(job) && atomic_load(&n_jobs) < 2)
            ;
        part(job);
        since_ns = prim_now_ns();
    }
    self.busy--;
    return arg;
}

/* One that cannot be started is done without. */
static void start_helpers(unsigned wanted)
{
    for (;;) {
        lock_take(&team_lock);
        const int more = n_helpers < wanted;
        n_helpers += (unsigned)more;
        lock_drop(&team_lock);
        if (!more)
            return;
        if (thread_start(run, NULL)) {
            lock_take(&team_lock);
            n_helpers--;
            lock_drop(&team_lock);
            return;
        }
    }
}

void team_add(struct stage_job *job)
{
    lock_take(&team_lock);
    job->next = jobs;
    jobs = job;
    atomic_fetch_add(&n_jobs, 1);
    lock_drop(&team_lock);
    start_helpers(job->threads - 1);
}

void team_remove(struct stage_job *job)
{
    struct stage_job **link = &jobs;
    lock_take(&team_lock);
    while (*link != job)
        link = &(*link)->next;
    *link = job->next;
    atomic_fetch_sub(&n_jobs, 1);
    job->leaving = 1;
    while (job->helpers) {
        const uint32_t seen = atomic_load(&job->progress);
        lock_drop(&team_lock);
        prim_wait(&job->progress, seen);
        lock_take(&team_lock);
    }
    lock_drop(&team_lock);
}

unsigned team_jobs(void)
{
    return atomic_load(&n_jobs);
}

void team_fork_take(void)
{
    lock_take(&team_lock);
}

void team_fork_drop(void)
{
    lock_drop(&team_lock);
}

/* Neither the helpers nor those who were copying are there. */
void team_fork_child(void)
{
    jobs = NULL;
    atomic_store(&n_jobs, 0);
    n_helpers = 0;
    atomic_store(&sleepers, 0);
}
