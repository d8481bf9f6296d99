/* Owns the driver's own memory (power-of-two free lists over mmap) and the table of live handles.
 *
 * The pool takes its own leaf lock; the handle table is guarded by sim.lock, which the caller holds.  malloc is never
 * used: the library under test replaces it and calls this driver from its threads. */
#define _GNU_SOURCE
#include "sim.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum {
    SMALLEST = 6,
    LARGEST = 16,
    CHUNK = 1 << 20,
    BUCKETS = 4096
};

struct spare {
    struct spare *next;
};
static pthread_mutex_t pool_lock = PTHREAD_MUTEX_INITIALIZER;
static struct spare *spare_list[LARGEST + 1]; /* pool_lock */
static unsigned char *chunk;                  /* pool_lock */
static size_t chunk_left;                     /* pool_lock */
static struct sim_handle *bucket[BUCKETS];    /* sim.lock */

static void *map_or_die(size_t bytes)
{
    void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED) {
        sim_say("no memory for the driver itself");
        abort();
    }
    return p;
}

static int class_of(size_t bytes)
{
    int c = SMALLEST;
    while (((size_t)1 << c) < bytes)
        c++;
    return c;
}

void *sim_alloc(size_t bytes)
{
    int c = class_of(bytes);
    if (c > LARGEST)
        return map_or_die(bytes);
    size_t size = (size_t)1 << c;
    pthread_mutex_lock(&pool_lock);
    struct spare *p = spare_list[c];
    if (p) {
        spare_list[c] = p->next;
    } else {
        if (chunk_left < size) {
            chunk = map_or_die(CHUNK);
            chunk_left = CHUNK;
        }
        p = (struct spare *)chunk;
        chunk += size;
        chunk_left -= size;
    }
    pthread_mutex_unlock(&pool_lock);
    return memset(p, 0, size);
}

void sim_free(void *p, size_t bytes)
{
    if (!p)
        return;
    int c = class_of(bytes);
    if (c > LARGEST) {
        munmap(p, bytes);
        return;
    }
    struct spare *s = p;
    pthread_mutex_lock(&pool_lock);
    s->next = spare_list[c];
    spare_list[c] = s;
    pthread_mutex_unlock(&pool_lock);
}

static struct sim_handle **bucket_of(const void *object)
{
    uint64_t key = (uint64_t)(uintptr_t)object * 0x9e3779b97f4a7c15ull;
    return &bucket[key >> 52];
}

void sim_handle_add(void *object, enum sim_kind kind)
{
    struct sim_handle *h = object, **b = bucket_of(object);
    h->kind = kind;
    h->next = *b;
    *b = h;
}

void sim_handle_remove(void *object)
{
    for (struct sim_handle **at = bucket_of(object); *at; at = &(*at)->next) {
        if (*at == object) {
            *at = (*at)->next;
            return;
        }
    }
}

bool sim_handle_is(const void *object, enum sim_kind kind)
{
    for (const struct sim_handle *h = *bucket_of(object); h; h = h->next)
        if (h == object)
            return h->kind == kind;
    return false;
}
