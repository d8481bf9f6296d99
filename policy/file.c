/* Files as a whole.  See file.h.  No lock, no malloc. */
#define _GNU_SOURCE
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

int file_read(const char *path, char *buf, size_t cap, size_t *len)
{
    const int kept = errno;
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    int rc = fd < 0 ? -errno : 0;
    *len = 0;
    while (fd >= 0 && *len < cap) {
        const ssize_t got = read(fd, buf + *len, cap - *len);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            rc = -errno;
        if (got <= 0)
            break;
        *len += (size_t)got;
    }
    char more;
    if (fd >= 0 && rc == 0 && *len == cap && read(fd, &more, 1) > 0)
        rc = -EFBIG;
    if (fd >= 0)
        close(fd);
    errno = kept;
    return rc;
}
