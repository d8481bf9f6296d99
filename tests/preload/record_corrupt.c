/* record_corrupt FILE OUT SEED: writes a record's file anew, damaged in a way that the seed decides: some bytes
 * changed, words set to what is likely to hurt, fields of objects likewise, a piece repeated elsewhere, or the end cut
 * off.  The mark and the version mostly stay, so that the reader looks further; and the last part ends where what is
 * used of it does, so that whatever lies beyond lies beyond the file. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/record.h"

static uint64_t state;

static uint64_t random_next(void)
{
    state += 0x9E3779B97F4A7C15ull; /* splitmix64 */
    uint64_t mixed = state;
    mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9ull;
    mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBull;
    return mixed ^ (mixed >> 31);
}

/* Mostly near the beginning, where the head is, or at a multiple of 64, where objects begin. */
static size_t place(size_t bytes)
{
    const uint64_t kind = random_next() % 4;
    const size_t limit = kind == 0 ? 24 + 8 : kind == 1 ? 700 : bytes;
    const size_t at = (size_t)(random_next() % (limit < bytes ? limit : bytes));
    return kind == 3 ? at & ~(size_t)63 : at;
}

static uint64_t nasty(const unsigned char *text, size_t bytes)
{
    static const uint64_t values[] = {0,    1,         7,         63,         64,         65,       255,
                                      4096, INT32_MAX, INT64_MAX, UINT64_MAX, UINT32_MAX, 1u << 20, UINT64_MAX - 63};
    uint64_t other;
    const uint64_t kind = random_next() % 3;
    if (kind == 0)
        return random_next();
    memcpy(&other, text + (random_next() % (bytes - 8) & ~7ull), 8);
    return kind == 1 ? other + random_next() % 129 - 64 : values[random_next() % (sizeof values / sizeof *values)];
}

/* Of one object: its length, kind or number; or, of a call site, what the reader believes. */
static void damage_object(unsigned char *text, size_t bytes)
{
    static size_t objects[1 << 16], sites[1 << 16];
    static const size_t fields[] = {
        offsetof(struct site, n_frames),
        offsetof(struct site, frame[0].module),
        offsetof(struct site, frame[0].module),
        offsetof(struct site, frame[2].module) + 4,
        offsetof(struct site, size_log2),
        offsetof(struct site, rule_name),
        offsetof(struct site, promote),
        offsetof(struct site, group),
        offsetof(struct site, why),
        offsetof(struct site, bytes_max),
    };
    const struct record_head *head = (const struct record_head *)text;
    size_t n = 0, n_sites = 0, begin = 0;
    const uint64_t value = nasty(text, bytes);
    for (unsigned i = 0; i < RECORD_PARTS && i < head->n_parts; begin += head->part[i++].bytes)
        for (size_t at = i ? 0 : offsetof(struct record, objects);
             at < head->part[i].used && begin + at < bytes - 64;) {
            const size_t length = ((const struct record_object *)(text + begin + at))->bytes & ~(size_t)63;
            if (n == sizeof objects / sizeof *objects)
                return;
            if (((const struct record_object *)(text + begin + at))->kind == RECORD_SITE)
                sites[n_sites++] = begin + at;
            objects[n++] = begin + at;
            at += length ? length : 64;
        }
    size_t at = n ? objects[random_next() % n] : 0, field = random_next() % 4 * 4;
    if (n_sites && random_next() % 2) {
        at = sites[random_next() % n_sites];
        field = RECORD_ALIGNED + fields[random_next() % (sizeof fields / sizeof *fields)];
    }
    if (at + field + 4 <= bytes)
        memcpy(text + at + field, &value, random_next() % 2 ? 4 : 1);
}

static void damage(unsigned char *text, size_t bytes)
{
    const uint64_t kind = random_next() % 8;
    const size_t at = place(bytes - 64);
    if (kind == 0) {
        text[at] ^= (unsigned char)(1u << random_next() % 8);
    } else if (kind == 1 || kind == 2) {
        const uint64_t value = nasty(text, bytes);
        memcpy(text + (at & ~(size_t)(kind == 1 ? 7 : 3)), &value, kind == 1 ? 8 : 4);
    } else if (kind < 7) {
        damage_object(text, bytes);
    } else {
        memmove(text + at, text + place(bytes - 64), (size_t)(random_next() % 64));
    }
}

int main(int argc, char **argv)
{
    FILE *in = argc == 4 ? fopen(argv[1], "rb") : NULL, *out = argc == 4 ? fopen(argv[2], "wb") : NULL;
    static _Alignas(64) unsigned char text[1 << 20];
    unsigned char before[24];
    if (!in || !out)
        return 2;
    size_t bytes = fread(text, 1, sizeof text, in);
    state = strtoull(argv[3], NULL, 10);
    struct record_head *head = (struct record_head *)text;
    struct record_part *last = &head->part[head->n_parts - 1];
    bytes -= (size_t)(last->bytes - last->used);
    if (random_next() % 8 == 0 && last->used > 64) { /* in the middle of an object, as like as not */
        const uint64_t less = random_next() % (last->used / 64) * 64;
        bytes -= (size_t)less;
        last->used -= less;
    }
    last->bytes = last->used;
    memcpy(before, text, sizeof before);
    for (uint64_t n = 1 + random_next() % 6; n; n--)
        damage(text, bytes);
    if (random_next() % 16)
        memcpy(text, before, sizeof before);
    if (random_next() % 16 == 0)
        bytes = (size_t)(random_next() % bytes);
    return fwrite(text, 1, bytes, out) != bytes || fclose(out) != 0;
}
