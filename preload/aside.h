/* Files read or written aside: by a thread that shares no descriptors with the program.
 *
 * The worker looks at files of the kernel's once a second and more, while the program may be closing everything, or
 * opening a file that has to become descriptor 1.  It asks a second thread to, which has a table of descriptors of its
 * own; the worker itself needs the program's, through which the driver talks to its devices.  No lock: one asks at a
 * time. */
#ifndef AUTOPIN_ASIDE_H
#define AUTOPIN_ASIDE_H

/* Has that thread call job(arg), and waits for it; where there can be none, calls it here.  There is no stderr in
 * there. Context: worker. */
void aside_run(void (*job)(void *arg), void *arg);

/* Whether there is that thread now. */
int aside_is_there(void);

/* Ends it, for the worker's own end: it must not be the last thread of the process, whose exit handlers write files.
 * Context: worker. */
void aside_end(void);

void aside_fork_child(void);

#endif
