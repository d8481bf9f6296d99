/* Reading a number without strtoull(): what the first large block needs is kept out of parts of glibc that the program
 * may make no use of (see limits.c). */
#ifndef AUTOPIN_DIGITS_H
#define AUTOPIN_DIGITS_H

#include <stdint.h>

/* The digits that text begins with; as strtoull(), UINT64_MAX when that is too small.  *end: what follows them. */
static inline uint64_t digits_number(const char *text, const char **end)
{
    uint64_t number = 0;
    int over = 0;
    for (; *text >= '0' && *text <= '9'; text++) {
        over |= __builtin_mul_overflow(number, (uint64_t)10, &number);
        over |= __builtin_add_overflow(number, (uint64_t)(*text - '0'), &number);
    }
    *end = text;
    return over ? UINT64_MAX : number;
}

#endif
