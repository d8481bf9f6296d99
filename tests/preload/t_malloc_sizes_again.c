/* One place of the program that asks for ever other sizes of one octave, a few of them at once: each block is as large
 * as was asked for and nobody else's, and calloc's is zero, though it is one that was freed a moment before. */
#include <malloc.h>

#include "t_malloc_help.h"

enum {
    LIVE = 3,
    ROUNDS = 3000
};
static char *live[LIVE];
static size_t live_bytes[LIVE];
static uint64_t live_seed[LIVE];

static void drop(int at)
{
    if (live[at])
        CHECK(pattern_holds(live[at], live_bytes[at], live_bytes[at], live_seed[at]), "block %d of %zu bytes", at,
              live_bytes[at]);
    free(live[at]);
    live[at] = NULL;
}

static char *take(size_t bytes, int zero)
{
    char *ptr = zero ? opaque(calloc(1, bytes)) : opaque(malloc(bytes));
    CHECK(!zero || all_zero(ptr, bytes), "calloc of %zu bytes", bytes);
    return ptr;
}

int main(void)
{
    uint64_t state = 7;
    alarm(100);
    for (int i = 0; i < ROUNDS && !check_failures; i++) {
        const uint64_t draw = random_next(&state);
        const int at = (int)(draw >> 60) % LIVE;
        /* between 1 and 2 MiB, most often the same */
        const size_t bytes = MiB + (draw >> 40 & 1 ? 0 : (draw >> 41) % 1000 * KiB);
        drop(at);
        live[at] = take(bytes, (draw >> 52) % 8 == 0);
        live_bytes[at] = bytes;
        live_seed[at] = draw;
        CHECK(malloc_usable_size(live[at]) >= bytes, "%zu bytes", bytes);
        pattern_put(live[at], bytes, draw);
    }
    for (int at = 0; at < LIVE; at++)
        drop(at);
    return check_result();
}
