/* Private memory in powers of two: see mem.h. */
#include "mem.h"

#include <string.h>

#include "lock.h"

enum {
    LEAST_LOG2 = 5,
    MOST_LOG2 = 15,
    CHUNK = 1 << 18
};

struct piece {
    struct piece *next;
};

static struct lock mem_lock = LOCK_OF(RANK_MEM);
static struct piece *free_pieces[MOST_LOG2 + 1];
static char *chunk, *chunk_end;

static unsigned piece_log2(size_t bytes)
{
    unsigned log2 = LEAST_LOG2;
    while (((size_t)1 << log2) < bytes)
        log2++;
    return log2;
}

/* Cuts a new piece.  Lock: mem_lock. */
static void *piece_cut(size_t bytes)
{
    if ((size_t)(chunk_end - chunk) < bytes) {
        char *fresh = prim_map(CHUNK);
        if (!fresh)
            return NULL;
        chunk = fresh;
        chunk_end = fresh + CHUNK;
    }
    void *piece = chunk;
    chunk += bytes;
    return piece;
}

void *mem_get(size_t bytes)
{
    if (bytes > (size_t)1 << MOST_LOG2)
        return prim_map(bytes);
    const unsigned log2 = piece_log2(bytes);
    lock_take(&mem_lock);
    struct piece *piece = free_pieces[log2];
    if (piece)
        free_pieces[log2] = piece->next;
    else
        piece = piece_cut((size_t)1 << log2);
    lock_drop(&mem_lock);
    if (piece)
        memset(piece, 0, (size_t)1 << log2);
    return piece;
}

void mem_put(void *mem, size_t bytes)
{
    if (!mem)
        return;
    if (bytes > (size_t)1 << MOST_LOG2) {
        prim_unmap(mem, bytes);
        return;
    }
    struct piece *piece = mem;
    const unsigned log2 = piece_log2(bytes);
    lock_take(&mem_lock);
    piece->next = free_pieces[log2];
    free_pieces[log2] = piece;
    lock_drop(&mem_lock);
}

const char *mem_string(const char *text)
{
    const size_t bytes = strlen(text) + 1;
    char *copy = mem_get(bytes);
    if (!copy)
        return "";
    memcpy(copy, text, bytes);
    return copy;
}

void mem_fork_take(void)
{
    lock_take(&mem_lock);
}

void mem_fork_drop(void)
{
    lock_drop(&mem_lock);
}
