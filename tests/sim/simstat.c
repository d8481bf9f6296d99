/* Prints the state file of the simulated driver as "key value" lines, or one value.
 *
 * usage: simstat FILE [KEY]     exit 2: no such key; exit 1: no such file.  Owns nothing, takes no lock. */
#define _GNU_SOURCE
#include "sim_state.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *wanted;
static int printed;

static void show(const char *key, uint64_t value)
{
    if (wanted && strcmp(wanted, key) != 0)
        return;
    printed++;
    if (wanted)
        printf("%" PRIu64 "\n", value);
    else
        printf("%s %" PRIu64 "\n", key, value);
}

static void show_ways(const struct sim_state *s)
{
    static const char *const dirs[] = {"h2d", "d2h", "d2d", "h2h"}, *const kinds[] = {"pageable", "pinned"},
                             *const modes[] = {"sync", "async"};
    char key[96];
    for (int d = 0; d < SIM_DIRS; d++) {
        for (int k = 0; k < 2; k++) {
            for (int m = 0; m < 2; m++) {
                snprintf(key, sizeof key, "copies_%s_%s_%s", dirs[d], kinds[k], modes[m]);
                show(key, s->copies[d][k][m]);
                snprintf(key, sizeof key, "bytes_%s_%s_%s", dirs[d], kinds[k], modes[m]);
                show(key, s->bytes[d][k][m]);
            }
            snprintf(key, sizeof key, "modelled_ns_%s_%s", dirs[d], kinds[k]);
            show(key, s->modelled_ns[d][k]);
        }
    }
}

static void show_all(const struct sim_state *s)
{
    char key[96];
#define X(name) show(#name, s->name);
    SIM_COUNTERS(X)
#undef X
#define X(id, word) show("violation_" #word, s->violation[id]);
    SIM_VIOLATIONS(X)
#undef X
    show_ways(s);
    for (uint64_t i = 0; i < s->call_names && i < SIM_STATE_CALLS; i++) {
        snprintf(key, sizeof key, "call_%s", s->call[i].name);
        if (wanted || s->call[i].calls)
            show(key, s->call[i].calls);
    }
}

int main(int argc, char **argv)
{
    struct stat st;
    if (argc < 2 || argc > 3) {
        fprintf(stderr, "usage: simstat FILE [KEY]\n");
        return 1;
    }
    int fd = open(argv[1], O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) != 0 || (size_t)st.st_size < sizeof(struct sim_state)) {
        fprintf(stderr, "simstat: %s is not a state file\n", argv[1]);
        return 1;
    }
    const struct sim_state *s = mmap(NULL, sizeof *s, PROT_READ, MAP_SHARED, fd, 0);
    if (s == MAP_FAILED || s->magic != SIM_STATE_MAGIC || s->version != SIM_STATE_VERSION) {
        fprintf(stderr, "simstat: %s is not a state file of this version\n", argv[1]);
        return 1;
    }
    wanted = argc == 3 ? argv[2] : NULL;
    show_all(s);
    if (wanted && !printed) {
        fprintf(stderr, "simstat: no key %s\n", wanted);
        return 2;
    }
    return 0;
}
