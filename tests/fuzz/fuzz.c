/* What the fuzz targets share: see fuzz.h. */
#define _GNU_SOURCE
#include "tests/fuzz/fuzz.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "policy/parse.h"

#if defined __SANITIZE_ADDRESS__
#define WITH_ASAN 1
#elif defined __has_feature
#define WITH_ASAN __has_feature(address_sanitizer)
#else
#define WITH_ASAN 0
#endif
#if WITH_ASAN
#include <sanitizer/asan_interface.h>
#endif

enum {
    SENTENCE_MOST = 1500
};

void fuzz_fail(const char *file, int line, const char *condition, const char *fmt, ...)
{
    va_list args;
    dprintf(2, "%s:%d: %s does not hold: ", file, line, condition);
    va_start(args, fmt);
    vdprintf(2, fmt, args);
    va_end(args);
    dprintf(2, "\n");
    abort();
}

void fuzz_sentence(const char *text, const char *begin)
{
    const size_t len = strlen(text);
    FUZZ_EXPECT(strncmp(text, begin, strlen(begin)) == 0, "expected '%s...', found '%s'", begin, text);
    FUZZ_EXPECT(len > strlen(begin) + 5 && len <= SENTENCE_MOST, "%zu bytes: '%s'", len, text);
    FUZZ_EXPECT(parse_is_utf8(text), "no UTF-8: '%s'", text);
    for (const char *c = text; *c; c++)
        FUZZ_EXPECT((unsigned char)*c >= ' ' && *c != 127, "control characters in '%s'", text);
}

char *fuzz_text(struct fuzz_input *input, char separator, size_t *len)
{
    const size_t left = (size_t)(input->end - input->at);
    if (!left)
        return NULL;
    const uint8_t *end = memchr(input->at, separator, left);
    const size_t bytes = end ? (size_t)(end - input->at) : left;
    char *text = malloc(bytes + 1);
    memcpy(text, input->at, bytes);
    text[bytes] = 0;
    input->at += bytes + (end != NULL);
    if (len)
        *len = bytes;
    return text;
}

uint64_t fuzz_number(struct fuzz_input *input, size_t bytes)
{
    uint64_t number = 0;
    const size_t left = (size_t)(input->end - input->at), n = bytes < left ? bytes : left;
    if (n)
        memcpy(&number, input->at, n);
    input->at += n;
    return number;
}

void fuzz_forbid(const void *from, const void *to)
{
#if WITH_ASAN
    ASAN_POISON_MEMORY_REGION(from, (size_t)((const char *)to - (const char *)from));
#else
    (void)from, (void)to;
#endif
}

const char *fuzz_file(const uint8_t *data, size_t size)
{
    static char path[64];
    static int fd = -1;
    if (fd < 0)
        fd = memfd_create("input", MFD_CLOEXEC);
    FUZZ_EXPECT(fd >= 0 && ftruncate(fd, 0) == 0 && pwrite(fd, data, size, 0) == (ssize_t)size, "no file");
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    return path;
}

/* The sanitizers and the fuzzer keep the streams they began with. */
struct fuzz_said fuzz_listen(int (*act)(void *ctx), void *ctx)
{
    static char *err, *out;
    size_t err_len, out_len;
    FILE *const kept_err = stderr, *const kept_out = stdout;
    free(err);
    free(out);
    stderr = open_memstream(&err, &err_len);
    stdout = open_memstream(&out, &out_len);
    const int status = act(ctx);
    fclose(stderr);
    fclose(stdout);
    stderr = kept_err;
    stdout = kept_out;
    return (struct fuzz_said){status, err, out};
}
