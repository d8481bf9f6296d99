/* Reading a file as a whole, with nothing but system calls. */
#ifndef AUTOPIN_FILE_H
#define AUTOPIN_FILE_H

#include <stddef.h>

/* Reads at most cap bytes of the file, and says in *len how many.  Neither a terminal nor a pipe is waited for. Errors:
 * -errno, -EFBIG when there is more; errno is kept. */
int file_read(const char *path, char *buf, size_t cap, size_t *len);

#endif
