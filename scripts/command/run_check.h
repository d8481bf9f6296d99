/* Whether a program would load a preloaded library.  One thread, no lock. */
#ifndef AUTOPIN_RUN_CHECK_H
#define AUTOPIN_RUN_CHECK_H

#include <stddef.h>

/* Finds the program as execvp() would, and looks at it and, for a script, at its interpreter.  library: for its
 * architecture.  found: where it is.  Returns 0, or the exit status once it has been said what is wrong. */
int check_program(const char *name, const char *library, char *found, size_t cap);

#endif
