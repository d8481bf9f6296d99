/* Rule 35: recording a trace leaves errno as it was and no descriptor behind, also where the file cannot be written:
 * the next file that the program opens has the number that it would have had.
 *
 *   t_trace_rule_35_file [FILE]      FILE: where the trace is; it has to grow */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    ROUNDS = 20000,
    LARGE = 1 << 20
};

/* Descriptors that are open, as a sum that tells them apart. */
static unsigned long open_files(void)
{
    unsigned long sum = 0;
    struct stat file;
    for (int fd = 0; fd < 64; fd++)
        if (fstat(fd, &file) == 0)
            sum = sum * 31 + (unsigned long)fd + (unsigned long)file.st_ino * 64;
    return sum;
}

static int next_descriptor(void)
{
    const int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    close(fd);
    return fd;
}

int main(int argc, char **argv)
{
    struct stat file;
    free(malloc(LARGE)); /* autopin begins */
    const unsigned long before = open_files();
    const int next = next_descriptor();
    for (int i = 0; i < ROUNDS; i++) {
        errno = 1234;
        void *volatile block = malloc(LARGE + (size_t)(i & 1) * 4096); /* one and the same would only be counted */
        free(block);
        if (!block || errno != 1234) {
            fprintf(stderr, "round %d: errno is %d\n", i, errno);
            return 1;
        }
    }
    if (open_files() != before || next_descriptor() != next) {
        fprintf(stderr, "a descriptor was left: the next one is %d, and was %d\n", next_descriptor(), next);
        return 1;
    }
    if (argc > 1 && (stat(argv[1], &file) || file.st_size < ROUNDS * 16)) {
        fprintf(stderr, "%s: %ld bytes\n", argv[1], (long)file.st_size);
        return 1;
    }
    return 0;
}
