/* Runs a fuzz target without a fuzzer: every file named, every file of a folder named.  The last line counts. */
#define _GNU_SOURCE
#include "tests/fuzz/fuzz.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static unsigned n_inputs;

/* In memory of its own size, so that a sanitizer sees what lies beyond. */
static int run_file(const char *path)
{
    struct stat about;
    FILE *file = fopen(path, "re");
    if (!file || fstat(fileno(file), &about)) {
        fprintf(stderr, "%s cannot be read\n", path);
        return 1;
    }
    const size_t bytes = (size_t)about.st_size;
    uint8_t *data = malloc(bytes ? bytes : 1);
    const int whole = fread(data, 1, bytes, file) == bytes;
    fclose(file);
    dprintf(2, "%s\n", path); /* the last one that is named did it */
    alarm(20);                /* a hang */
    if (whole)
        LLVMFuzzerTestOneInput(data, bytes);
    alarm(0);
    free(data);
    n_inputs++;
    return !whole;
}

static int is_input(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

int main(int argc, char **argv)
{
    int wrong = 0;
    for (int i = 1; i < argc; i++) {
        struct dirent **list;
        const int n = scandir(argv[i], &list, is_input, alphasort);
        if (n < 0)
            wrong |= run_file(argv[i]);
        for (int k = 0; k < n; k++) {
            char path[4096];
            snprintf(path, sizeof path, "%s/%s", argv[i], list[k]->d_name);
            wrong |= run_file(path);
            free(list[k]);
        }
        if (n >= 0)
            free(list);
    }
    printf("%u inputs\n", n_inputs);
    return wrong || !n_inputs;
}
