/* The storm's beginning, its dice and its end.
 *
 *   storm SEED MILLISECONDS [THREADS]
 *
 * STORM_DRIVER=0: no driver, only memory and forks.  STORM_RELAXED=1: AUTOPIN_ASYNC=relaxed holds, so the program waits
 * before it touches memory again.  STORM_FAULTS=1: the driver's calls may fail;
 * STORM_KEEPS=1: those that unpin memory, too.  STORM_GATES=0: no stream waits for its
 * program.  STORM_LEAVE_OUT="fork gate": kinds that are not to happen. */
#define _GNU_SOURCE
#include "storm.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

struct storm storm;
static struct worker workers[THREADS_MOST];

static const char *const kind_names[KINDS] = {
#define X(name) #name,
    STORM_KINDS(X) STORM_DRIVER_KINDS(X)
#undef X
};

uint64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

uint64_t draw(struct worker *w, uint64_t below)
{
    w->random = w->random * 6364136223846793005ull + 1442695040888963407ull;
    return (w->random >> 33) % below;
}

int allowed(enum kind kind)
{
    return !(storm.left_out >> kind & 1);
}

void did(enum kind kind)
{
    atomic_fetch_add(&storm.count[kind], 1);
}

void wrong(const struct worker *w, const char *format, ...)
{
    char text[400];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    fprintf(stderr, "storm: WRONG: seed %llu, thread %u, step %llu, %s: %s\n", (unsigned long long)storm.seed,
            w ? w->id : 0, (unsigned long long)(w ? w->n_steps : 0), w ? w->doing : "end", text);
    _exit(1);
}

static void *run(void *arg)
{
    struct worker *w = arg;
    char name[16];
    snprintf(name, sizeof name, "storm %u", w->id);
    prctl(PR_SET_NAME, name);
    w->random = (storm.seed * THREADS_MOST + w->id) * 0x9E3779B97F4A7C15ull;
    w->n_seeds = (storm.seed << 40) + ((uint64_t)w->id << 32);
    w->doing = "begin";
    if (storm.driver) {
        w->at = &w->home[w->id % 2];
        INSIST(w, cu.cuCtxSetCurrent(w->at->context));
        for (int i = 0; i < 2; i++)
            while (!place_open(w, &w->home[i], 64 * MIB))
                ;
    }
    while (now_ns() < storm.deadline_ns) {
        step(w);
        w->n_steps++;
        atomic_fetch_add(&storm.steps, 1);
    }
    w->doing = "end";
    for (int i = 0; i < SLOTS; i++)
        slot_free(w, &w->slot[i]);
    for (int i = 0; i < 2; i++)
        slot_free(w, &w->graph_slot[i]);
    if (storm.driver)
        for (int i = 0; i < 2; i++)
            place_close(w, &w->home[i]);
    return NULL;
}

static void report(void)
{
    for (int kind = 0; kind < KINDS; kind++)
        if (storm.driver || kind < K_h2d)
            printf("count %s %llu\n", kind_names[kind], (unsigned long long)storm.count[kind]);
    printf("count steps %llu\n", (unsigned long long)storm.steps);
    if (storm.faults)
        printf("count refused %llu\n", (unsigned long long)storm.refused);
}

static int flag(const char *name, int otherwise)
{
    const char *value = getenv(name);
    return value ? atoi(value) : otherwise;
}

static void read_settings(int argc, char **argv)
{
    const char *leave_out = getenv("STORM_LEAVE_OUT");
    char words[512], *rest;
    storm.seed = strtoull(argv[1], NULL, 10);
    storm.deadline_ns = now_ns() + strtoull(argv[2], NULL, 10) * 1000000;
    storm.threads = argc > 3 ? atoi(argv[3]) : 6;
    storm.driver = flag("STORM_DRIVER", 1);
    storm.relaxed = flag("STORM_RELAXED", 0);
    storm.faults = flag("STORM_FAULTS", 0);
    storm.keeps = flag("STORM_KEEPS", 0);
    storm.gates = flag("STORM_GATES", 1);
    snprintf(words, sizeof words, "%s", leave_out ? leave_out : "");
    for (char *word = strtok_r(words, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
        for (int kind = 0; kind < KINDS; kind++)
            if (strcmp(word, kind_names[kind]) == 0)
                storm.left_out |= 1ull << kind;
    if (storm.keeps)
        storm.left_out |= 1ull << K_context | 1ull << K_primary_context | 1ull << K_lock;
}

static void open_contexts(CUcontext context[2])
{
    driver_open();
    INSIST(NULL, cu.cuInit(0));
    for (int i = 0; i < 2; i++)
        INSIST(NULL, cu.cuCtxCreate_v2(&context[i], 0, 0));
    for (int i = 0; i < storm.threads; i++)
        for (int j = 0; j < 2; j++)
            workers[i].home[j].context = context[j];
}

/* All contexts end: whatever autopin has pinned must be unpinned by then, unless unpinning failed. */
static void close_contexts(CUcontext context[2])
{
    for (int i = 0; i < 2 && !storm.keeps; i++)
        INSIST(NULL, cu.cuCtxDestroy_v2(context[i]));
    /* A primary context whose release failed lives on: there, memory is unpinned once it has been idle. */
    for (int i = 0; i < 500 && storm.faults && !storm.keeps && sim->registered_regions; i++)
        usleep(10000);
    if (sim->registered_regions && !storm.keeps)
        wrong(NULL, "%llu registrations are left over", (unsigned long long)sim->registered_regions);
    if (sim->violations)
        wrong(NULL, "%llu violations", (unsigned long long)sim->violations);
}

int main(int argc, char **argv)
{
    pthread_t threads[THREADS_MOST];
    CUcontext context[2];
    if (argc < 3) {
        fprintf(stderr, "usage: storm SEED MILLISECONDS [THREADS]\n");
        return 2;
    }
    read_settings(argc, argv);
    printf("storm: seed %llu\n", (unsigned long long)storm.seed);
    fflush(stdout);
    if (storm.driver) {
        open_contexts(context);
        shared_start();
    }
    for (int i = 0; i < storm.threads; i++) {
        workers[i].id = (unsigned)i;
        if (pthread_create(&threads[i], NULL, run, &workers[i]))
            wrong(NULL, "no thread");
    }
    for (int i = 0; i < storm.threads; i++)
        pthread_join(threads[i], NULL);
    if (storm.driver) {
        shared_end();
        close_contexts(context);
    }
    report();
    return 0;
}
