/* The worker: one thread that pins, unpins and lets idle memory go.  Started by prim_kick(), it ends when nothing is
 * pinned and nothing queued, or when it is the last thread of the program. */
#ifndef AUTOPIN_WORKER_H
#define AUTOPIN_WORKER_H

/* Whether there is a worker, or could be one. */
int worker_is_possible(void);

/* The thread is not inherited: the next prim_kick() starts another. */
void worker_fork_child(void);

#endif
