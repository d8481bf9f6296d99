/* One block that all threads copy from at once, and that is replaced now and then.  Lock: a read-write lock, held
 * while the source is read. */
#include "storm.h"

#include <stdlib.h>

static pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;
static struct slot block; /* lock */

static void make(struct worker *w)
{
    block = (struct slot){.bytes = 256 * KIB + draw(w, 2 * MIB)};
    block.base = malloc(block.bytes);
    if (!block.base)
        wrong(w, "no memory");
    slot_fill(w, &block);
}

void shared_start(void)
{
    struct worker w = {.random = storm.seed, .n_seeds = ~0ull << 20};
    make(&w);
}

void shared_end(void)
{
    free(block.base);
}

static void replace(struct worker *w)
{
    pthread_rwlock_wrlock(&lock);
    slot_check(w, &block, "shared");
    free(block.base);
    make(w);
    pthread_rwlock_unlock(&lock);
}

void shared_copy(struct worker *w)
{
    CUstream stream = w->at->stream[draw(w, STREAMS)];
    const int async = (int)draw(w, 2);
    if (draw(w, 16) == 0) {
        replace(w);
        return;
    }
    pthread_rwlock_rdlock(&lock);
    const struct range r = any_range(w, &block, w->at->device_bytes);
    const uint64_t seed = block.seed;
    const int done = async ? TRY(w, cu.cuMemcpyHtoDAsync_v2(w->at->device, block.base + r.from, r.bytes, stream))
                           : TRY(w, cu.cuMemcpyHtoD_v2(w->at->device, block.base + r.from, r.bytes));
    if (storm.relaxed || !done)
        stream_wait(w, stream);
    pthread_rwlock_unlock(&lock); /* from now on it may be freed and its memory be used again */
    stream_wait(w, stream);
    if (done)
        check_at(w, seed, r.from, (const void *)(uintptr_t)w->at->device, r.bytes, "of the shared block");
    did(K_shared);
}
