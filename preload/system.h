/* Small services of the operating system for the files of preload/.  None of them allocates or changes errno unless it
 * says so.  No lock. */
#ifndef AUTOPIN_SYSTEM_H
#define AUTOPIN_SYSTEM_H

#include <stddef.h>
#include <stdint.h>

/* Messages of a higher level than this are not written. */
void system_set_verbosity(int level);

/* Remembers which file descriptor 2 is now, and whether it still is: a daemon may have put something else there. */
void system_remember_stderr(void);
int system_stderr_is_ours(void);

/* Between these two the thread cannot be cancelled. */
int system_uncancellable(void);
void system_cancellable(int before);

/* Writes all of it.  Errors: -1 and errno. */
int system_write(int fd, const char *text, size_t len);

/* What an errno value means, in English whatever the locale. */
const char *system_error_text(int error);

/* Reads a whole file of at most `cap` bytes.  Errors: -errno; -EFBIG (the beginning is in buf) when it is longer. */
int system_read_file(const char *path, char *buf, size_t cap, size_t *len);

/* The process's VmLck.  Units: bytes; UINT64_MAX when unknown. */
uint64_t system_locked_bytes(void);

/* How many threads the process has, a zombie main thread included; UINT64_MAX when unknown. */
uint64_t system_threads(void);

#endif
