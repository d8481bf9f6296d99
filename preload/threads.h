/* Autopin's own threads (all signals blocked, small stacks), and room on the stacks of others. */
#ifndef AUTOPIN_THREADS_H
#define AUTOPIN_THREADS_H

#include <pthread.h>
#include <stdint.h>

/* Before the first thread is started. */
void thread_prepare(void);

/* Errors: -errno.  Context: any hook; the caller must be inside self_enter(). */
int thread_start(void *(*body)(void *), void *arg);

/* The same, for what calls no driver; whoever starts it joins it. */
int thread_start_joined(void *(*body)(void *), void *arg, pthread_t *thread);

/* From now on the calling thread has a table of descriptors of its own, with nothing in it: what it opens takes no
 * number that the program expects, and what the program closes is not its.  No driver call may be made then. Errors:
 * -ENOSYS before Linux 5.9, or as a filter of system calls says. */
int thread_leave_descriptors(void);

/* Calls body(arg) on a stack of its own in the calling thread, which may have little left; without memory for one, on
 * the thread's.  Not for bodies that unwind. */
void thread_with_room(void (*body)(void *), void *arg);

/* Between two looks at what another thread is about to change. */
static inline void thread_pause(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
}

/* Whether both addresses lie on the stack that the calling thread was started with, lower one first: what is between
 * them is then mapped as long as the thread lives and the lower one is in use. */
int thread_owns_stack(const void *low, const void *high);

/* The end of that stack, if `at` lies on it; NULL otherwise. */
const uintptr_t *thread_stack_end(const void *at);

#endif
