/* t_unwind_frames: functions that allocate through one whose frame is as large as its argument says (for a while the
 * same), or is aligned to more than the stack is, or is neither; in an order that is random and the same each time.
 * Prints how often each did. Run by t_unwind_frames_told.sh.
 *
 * build: -rdynamic
 */
#include <alloca.h>

#include "t_malloc_help.h"

enum {
    ROUNDS = 20000
};

#define NAMED __attribute__((visibility("default"), noinline)) void
NAMED frames_allocate(int *after);
NAMED frames_varying(int *after, size_t bytes);
NAMED frames_aligned(int *after);
NAMED frames_fixed(int *after);
NAMED frames_alpha(int *after, size_t bytes);
NAMED frames_beta(int *after, size_t bytes);
NAMED frames_gamma(int *after, size_t bytes);

/* `after`: what is done after the call keeps the caller's frame. */
void frames_allocate(int *after)
{
    char *ptr = malloc(2 * MiB);
    ptr[1] = 1;
    free(opaque(ptr));
    ++*after;
}

void frames_varying(int *after, size_t bytes)
{
    volatile char *room = alloca(bytes); /* not written: what lies there is from before */
    frames_allocate(after);
    *after += room[0] == room[0];
}

void frames_aligned(int *after)
{
    _Alignas(256) volatile char room[256];
    room[0] = 1;
    frames_allocate(after);
    *after += room[0];
}

void frames_fixed(int *after)
{
    frames_allocate(after);
    ++*after;
}

static void one_of(int *after, size_t bytes)
{
    if (bytes % 3 == 0)
        frames_fixed(after);
    else if (bytes % 3 == 1)
        frames_aligned(after);
    else
        frames_varying(after, bytes);
}

void frames_alpha(int *after, size_t bytes)
{
    one_of(after, bytes);
    ++*after;
}

void frames_beta(int *after, size_t bytes)
{
    volatile char room[176];
    room[0] = 1;
    one_of(after, bytes);
    *after += room[0];
}

void frames_gamma(int *after, size_t bytes)
{
    frames_alpha(after, bytes);
    ++*after;
}

int main(void)
{
    static void (*const functions[])(int *, size_t) = {frames_alpha, frames_beta, frames_gamma};
    static const char *const names[] = {"frames_alpha", "frames_beta", "frames_gamma"};
    static const char *const through[] = {"frames_fixed", "frames_aligned", "frames_varying"};
    long calls[3][3] = {0};
    uint64_t random = 12345;
    int after = 0;
    for (int i = 0; i < ROUNDS; i++) {
        const unsigned which = (unsigned)(random_next(&random) % 3);
        const size_t steady = 16 + random_next(&random) % 3, bytes = steady + random_next(&random) % 700;
        functions[which](&after, i < ROUNDS / 2 ? steady : bytes);
        calls[which][(i < ROUNDS / 2 ? steady : bytes) % 3]++;
    }
    for (int which = 0; which < 3; which++)
        for (int way = 0; way < 3; way++)
            printf("%s %s %ld\n", names[which], through[way], calls[which][way]);
    return after < ROUNDS;
}
