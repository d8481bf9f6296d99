/* autopin-record: the report of a process from its record.
 *
 *   autopin-record FILE [--text]       JSON, or text
 *   autopin-record --clean DIRECTORY   removes the records of processes that are gone
 *
 * Exits with 1 and one sentence on stderr where it cannot. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "record_read.h"

static void put(void *ctx, const char *text, size_t len)
{
    fwrite(text, 1, len, ctx);
}

static int clean(const char *directory)
{
    const int n = record_clean(directory);
    if (n < 0)
        fprintf(stderr, "autopin-record: %s: %s\n", directory, strerror(-n)); /* NOLINT(concurrency-mt-unsafe) */
    else
        printf("%d removed\n", n);
    return n < 0;
}

int main(int argc, char **argv)
{
    enum {
        MOST_SITES = 10000
    };
    char why[256];
    struct report_process process;
    const struct sink out = {put, stdout};
    const int as_text = argc == 3 && strcmp(argv[2], "--text") == 0;
    if (argc == 3 && strcmp(argv[1], "--clean") == 0)
        return clean(argv[2]);
    if (argc != 2 + as_text) {
        fprintf(stderr, "usage: autopin-record FILE [--text] | --clean DIRECTORY\n");
        return 2;
    }
    if (record_read(argv[1], &process, why, sizeof why)) {
        fprintf(stderr, "autopin-record: %s: %s\n", argv[1], why);
        return 1;
    }
    (as_text ? report_write_text : report_write_json)(&out, &process, NULL, NULL, MOST_SITES);
    return fflush(stdout) != 0;
}
