/* Makes a privately loaded libunwind keep its hands off the process's descriptors.  See unwind_private.c. */
#ifndef AUTOPIN_UNWIND_PRIVATE_H
#define AUTOPIN_UNWIND_PRIVATE_H

/* `lib` is the handle of dlopen().  To be called before anything in it.  Returns 0, or -errno: then it must not be
 * used. */
int unwind_private_calls(void *lib);

#endif
