/* Processes and threads that come and go. */
#define _GNU_SOURCE
#include "storm.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* In the child: what its parent had is there, and memory can be had. */
static void child(struct worker *w)
{
    w->doing = "child";
    for (int i = 0; i < SLOTS; i++)
        if (w->slot[i].base && !w->slot[i].unlike_in_child)
            slot_check(w, &w->slot[i], "inherited");
    for (int i = 0; i < 3; i++) {
        struct slot s;
        slot_alloc(w, &s);
        slot_check(w, &s, "of the child");
        slot_resize(w, &s);
        slot_check(w, &s, "of the child");
        slot_free(w, &s);
    }
    for (int i = 0; i < SLOTS; i++)
        if (w->slot[i].base && !w->slot[i].unlike_in_child && i % 2) {
            slot_check(w, &w->slot[i], "inherited, later");
            free(w->slot[i].base);
        }
}

void fork_child(struct worker *w)
{
    static const enum kind kinds[] = {K_fork, K_fork_exit, K_fork_exec};
    const enum kind kind = kinds[draw(w, 3)];
    int status = -1;
    if (!allowed(K_fork))
        return;
    const pid_t pid = fork();
    if (pid < 0)
        wrong(w, "fork: %s", strerror(errno));
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* of its thread, which waits for it */
        child(w);
        if (kind == K_fork_exec)
            execl("/bin/true", "true", (char *)NULL);
        if (kind == K_fork_exit)
            exit(0);
        _exit(0);
    }
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            wrong(w, "waitpid: %s", strerror(errno));
    if (status)
        wrong(w, "a child ended with status %#x", (unsigned)status);
    did(kind);
}

/* A thread of a few steps, with a per-thread stream of its own; the rest is its starter's, who waits. */
static void *short_life(void *arg)
{
    struct worker *w = arg;
    struct slot s;
    if (storm.driver)
        INSIST(w, cu.cuCtxSetCurrent(w->at->context));
    slot_alloc(w, &s);
    for (int i = 0; i < 2 && storm.driver; i++)
        copy_cycle(w, &s);
    slot_free(w, &s);
    return NULL;
}

void other_thread(struct worker *w)
{
    struct worker other = {.id = w->id, .n_steps = w->n_steps, .doing = "thread", .at = w->at};
    pthread_t thread;
    other.random = w->random + draw(w, 1000);
    other.n_seeds = w->n_seeds;
    w->n_seeds += 1000;
    if (!allowed(K_thread))
        return;
    if (pthread_create(&thread, NULL, short_life, &other))
        wrong(w, "no thread");
    pthread_join(thread, NULL);
    did(K_thread);
}
