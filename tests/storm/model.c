/* What is in memory: every byte of a block follows from its seed and its offset. */
#include "storm.h"

#include <string.h>

static uint64_t word_of(uint64_t seed, size_t i)
{
    return (seed * 0x9E3779B97F4A7C15ull) ^ ((uint64_t)i * 0xD1B54A32D192ED03ull) ^ 0xA5;
}

/* Bytes [offset, +bytes) of at most one word. */
static size_t part(uint64_t seed, size_t offset, size_t bytes, unsigned char out[8])
{
    const uint64_t word = word_of(seed, offset / 8);
    const size_t skip = offset % 8, n = 8 - skip < bytes ? 8 - skip : bytes;
    memcpy(out, (const unsigned char *)&word + skip, n);
    return n;
}

void fill_at(uint64_t seed, size_t offset, void *to, size_t bytes)
{
    char *at = to;
    for (size_t n; bytes; offset += n, at += n, bytes -= n) {
        unsigned char piece[8];
        n = 8;
        if (offset % 8 == 0 && bytes >= 8) {
            const uint64_t word = word_of(seed, offset / 8);
            memcpy(at, &word, 8);
        } else {
            n = part(seed, offset, bytes, piece);
            memcpy(at, piece, n);
        }
    }
}

void check_at(const struct worker *w, uint64_t seed, size_t offset, const void *in, size_t bytes, const char *what)
{
    const char *at = in;
    const size_t begin = offset, all = bytes;
    for (size_t n; bytes; offset += n, at += n, bytes -= n) {
        unsigned char piece[8];
        n = 8;
        if (offset % 8 == 0 && bytes >= 8) {
            const uint64_t word = word_of(seed, offset / 8);
            if (memcmp(at, &word, 8) == 0)
                continue;
        }
        n = part(seed, offset, bytes, piece);
        if (memcmp(at, piece, n) != 0)
            wrong(w, "%s: byte %zu of %zu from offset %zu, at %p: %02x, not %02x", what, offset - begin, all, begin,
                  (const void *)at, (unsigned char)*at, piece[0]);
    }
}

void slot_fill(struct worker *w, struct slot *s)
{
    s->seed = w->n_seeds++;
    fill_at(s->seed, 0, s->base, s->bytes);
}

void slot_refill(struct slot *s, size_t from, size_t bytes)
{
    fill_at(s->seed, from, s->base + from, bytes);
}

void slot_check(const struct worker *w, const struct slot *s, const char *what)
{
    check_at(w, s->seed, 0, s->base, s->bytes, what);
}

struct slot *any_slot(struct worker *w)
{
    struct slot *s = &w->slot[draw(w, SLOTS)];
    return s->base ? s : NULL;
}

/* Anywhere in the block, to the byte; often small, often all of it. */
struct range any_range(struct worker *w, const struct slot *s, size_t most)
{
    struct range r = {0, s->bytes};
    const uint64_t how = draw(w, 4);
    if (how) {
        r.from = draw(w, s->bytes);
        r.bytes = s->bytes - r.from;
        if (how == 1 && r.bytes > STAGED_BYTES)
            r.bytes = STAGED_BYTES;
        r.bytes = how == 2 && r.bytes > 1 * MIB ? 1 + draw(w, 1 * MIB) : 1 + draw(w, r.bytes);
    }
    if (r.bytes > most)
        r.bytes = most;
    return r;
}

/* 4 KiB to 64 MiB; three of four between 64 KiB and 2 MiB. */
size_t any_size(struct worker *w)
{
    const uint64_t which = draw(w, 200);
    const size_t most = which < 30    ? 64 * KIB
                        : which < 130 ? 512 * KIB
                        : which < 180 ? 2 * MIB
                        : which < 196 ? 8 * MIB
                        : which < 199 ? 24 * MIB
                                      : 64 * MIB;
    const size_t least = which < 30 ? 4 * KIB : which < 180 ? 64 * KIB : most / 4;
    return draw(w, 4) ? least + draw(w, most - least + 1) : (least + draw(w, most - least + 1)) & ~(size_t)(PAGE - 1);
}
