/* autopin-replay: see replay.h.  The table of caps. */
#define _GNU_SOURCE
#include "scripts/replay/replay.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "policy/options.h"
#include "policy/parse.h"
#include "policy/sink.h"

struct asked {
    const char *trace, *conf;
    int tune;
    uint64_t cap[CAPS_MOST];
    unsigned n_caps;
};

uint64_t replay_cost(const struct outcome *outcome)
{
    return outcome_copies_ns(outcome) + outcome->pinning + outcome->unpinning;
}

void replay_conf(struct recorded *recorded, const char *conf, struct outcome *out)
{
    recorded->trace.conf = conf;
    const int rc = replay_policy(&recorded->trace, HOW_REAL, out);
    if (rc) {
        fprintf(stderr, "autopin-replay: the replay failed: %s\n", strerror(-rc));
        exit(1);
    }
}

void replay_cap(struct recorded *recorded, uint64_t cap_bytes, struct outcome *out)
{
    recorded->trace.cap_bytes = cap_bytes;
    replay_conf(recorded, NULL, out);
    recorded->trace.cap_bytes = UINT64_MAX;
}

/* --- what is printed --- */

static void print_head(const struct recorded *recorded)
{
    uint64_t ns = 0;
    for (int dir = 0; dir < DIR_COUNT; dir++)
        for (int way = 0; way < WAY_COUNT; way++)
            ns += recorded->copied_ns[dir][way];
    printf("recorded: process %" PRIu64 ", %s, cap %s%s\n", recorded->pid,
           quantity_time(recorded->duration_us * 1000).text, quantity_bytes(recorded->cap_bytes).text,
           recorded->simulated ? "; times are modelled" : "");
    printf("          %s, %s of %s", quantity_count(recorded->allocs, "allocation").text,
           recorded->copies == 1 ? "1 copy" : "copies", quantity_bytes(recorded->copy_bytes).text);
    printf(" (%" PRIu64 ") in %s, of %s at once\n", recorded->copies, quantity_time(ns).text,
           quantity_bytes(recorded->peak_bytes).text);
    if (recorded->dropped || recorded->strays || recorded->cut_bytes)
        printf("          not in the file: %s; %s of blocks that are not; cut short by %s\n",
               quantity_count(recorded->dropped, "event").text, quantity_count(recorded->strays, "event").text,
               quantity_bytes(recorded->cut_bytes).text);
}

static void print_row(const char *name, const struct outcome *outcome)
{
    const uint64_t direct = outcome->copied_bytes[DIR_H2D][WAY_DIRECT] + outcome->copied_bytes[DIR_D2H][WAY_DIRECT];
    printf("%-12s %11.6f %11.6f %11.6f %11.6f %11.1f %7" PRIu64 " %7" PRIu64 "  %s\n", name,
           (double)outcome_copies_ns(outcome) / 1e9, (double)outcome->pinning / 1e9, (double)outcome->unpinning / 1e9,
           (double)outcome->saved / 1e9, (double)direct / (1 << 20), outcome->pins, outcome->unpins,
           quantity_bytes(outcome->peak_bytes).text);
}

static int print_table(struct recorded *recorded, const struct asked *asked, const char *conf)
{
    struct outcome outcome;
    print_head(recorded);
    printf("\n%-12s %11s %11s %11s %11s %11s %7s %7s  %s\n", "cap", "copies, s", "pins, s", "unpins, s", "saved, s",
           "direct, MiB", "pins", "unpins", "peak");
    for (unsigned i = 0; i < asked->n_caps; i++) {
        replay_cap(recorded, asked->cap[i], &outcome);
        print_row(quantity_bytes(asked->cap[i]).text, &outcome);
    }
    if (conf) {
        replay_conf(recorded, conf, &outcome);
        print_row("by the conf", &outcome);
    }
    if (!asked->n_caps && !conf) {
        replay_cap(recorded, recorded->cap_bytes, &outcome);
        print_row("as recorded", &outcome);
    }
    return fflush(stdout) ? 1 : 0;
}

/* --- what is asked --- */

static int usage(const char *wrong, const char *what)
{
    fprintf(stderr,
            "autopin-replay: %s%s\n"
            "usage: autopin-replay [--tune] [--conf FILE] TRACE [--cap BYTES]...\n",
            wrong, what);
    return 2;
}

static int read_cap(const char *text, uint64_t *bytes)
{
    return parse_option(&option_table[OPTION_max_pinned], text, 1ull << 46, bytes);
}

static int read_args(struct asked *asked, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        const int takes = !strcmp(argv[i], "--cap") || !strcmp(argv[i], "--conf");
        if (takes && i + 1 == argc)
            return usage("nothing follows ", argv[i]);
        if (!strcmp(argv[i], "--tune")) {
            asked->tune = 1;
        } else if (!strcmp(argv[i], "--conf")) {
            asked->conf = argv[++i];
        } else if (takes) {
            if (asked->n_caps == CAPS_MOST || read_cap(argv[++i], &asked->cap[asked->n_caps++]))
                return usage("not a size, or too many of them: ", argv[i]);
        } else if (argv[i][0] == '-' || asked->trace) {
            return usage("not understood: ", argv[i]);
        } else {
            asked->trace = argv[i];
        }
    }
    return asked->trace ? 0 : usage("no trace was named", "");
}

/* Reads a whole file, with a NUL after it.  NULL: it could not be read, and the reason has been said. */
static char *slurp(const char *path, size_t *bytes)
{
    struct stat file;
    char *text = NULL;
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    size_t done = 0;
    if (fd >= 0 && fstat(fd, &file) == 0 && S_ISREG(file.st_mode) && (text = malloc((size_t)file.st_size + 1)))
        for (ssize_t got; done < (size_t)file.st_size; done += (size_t)got)
            if ((got = read(fd, text + done, (size_t)file.st_size - done)) <= 0)
                break;
    if (!text)
        fprintf(stderr, "autopin-replay: %s: %s\n", path, fd < 0 || errno ? strerror(errno) : "not a file");
    else
        text[done] = 0;
    if (fd >= 0)
        close(fd);
    *bytes = done;
    return text;
}

static int run(const struct asked *asked, const char *data, size_t bytes, const char *conf)
{
    static struct recorded recorded;
    int status = 1;
    if (recorded_read(&recorded, data, bytes))
        fprintf(stderr, "autopin-replay: %s: %s\n", asked->trace, recorded.error);
    else if (asked->tune)
        status = tune(&recorded, asked->cap, asked->n_caps);
    else
        status = print_table(&recorded, asked, conf);
    recorded_drop(&recorded);
    return status;
}

int replay_main(int argc, char **argv)
{
    struct asked asked = {0};
    size_t bytes, conf_bytes;
    errno = 0;
    const int rc = read_args(&asked, argc, argv);
    if (rc)
        return rc;
    char *conf = asked.conf ? slurp(asked.conf, &conf_bytes) : NULL;
    char *data = asked.conf && !conf ? NULL : slurp(asked.trace, &bytes);
    const int status = data ? run(&asked, data, bytes, conf) : 1;
    free(data);
    free(conf);
    return status;
}
