/* What the fuzz targets share.
 *
 * A target is a file fuzz_NAME.c with LLVMFuzzerTestOneInput(); what it links beyond policy/ stands in fuzz.mk.  An
 * input is a find when a sanitizer speaks, when it takes too long, or when FUZZ_EXPECT() does not hold.  One thread. */
#ifndef AUTOPIN_FUZZ_H
#define AUTOPIN_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Ends the program when the condition does not hold; the rest says what was found, as printf() would. */
#define FUZZ_EXPECT(condition, ...) ((condition) ? (void)0 : fuzz_fail(__FILE__, __LINE__, #condition, __VA_ARGS__))
void fuzz_fail(const char *file, int line, const char *condition, const char *fmt, ...)
    __attribute__((noreturn, format(printf, 4, 5)));

/* Expects one clear sentence: it begins so, says something after that, and is one line that may go to a terminal. */
void fuzz_sentence(const char *text, const char *begin);

/* Pieces of an input, from its beginning. */
struct fuzz_input {
    const uint8_t *at, *end;
};

/* The next bytes up to one that is `separator`, or all that are left, as a text of their own; NULL when nothing is
 * left. Owns: the caller, who frees it. */
char *fuzz_text(struct fuzz_input *input, char separator, size_t *len);

/* The next bytes (at most 8) as a number; zeroes when there are no more. */
uint64_t fuzz_number(struct fuzz_input *input, size_t bytes);

/* What lies between the two may not be looked at, until it is given back to malloc. */
void fuzz_forbid(const void *from, const void *to);

/* Sends the input into a file in memory and returns its path; the next call ends it. */
const char *fuzz_file(const uint8_t *data, size_t size);

/* Runs act(ctx) and returns what it wrote to stderr and stdout; the next call ends both texts. */
struct fuzz_said {
    int status;
    const char *err, *out;
};
struct fuzz_said fuzz_listen(int (*act)(void *ctx), void *ctx);

#endif
