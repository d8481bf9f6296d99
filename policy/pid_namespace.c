/* The PID namespace.  See pid_namespace.h.  No lock, no malloc, no descriptor. */
#define _GNU_SOURCE
#include "pid_namespace.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "digits.h"

uint64_t pid_namespace(void)
{
    const int kept = errno;
    char name[64] = ""; /* "pid:[4026531836]" */
    const ssize_t len = readlink("/proc/self/ns/pid", name, sizeof name - 1);
    name[len > 0 ? len : 0] = 0;
    const char *digits = strchr(name, '['); /* without strpbrk(): see limits.c */
    const uint64_t number = digits ? digits_number(digits + 1, &digits) : 0;
    errno = kept;
    return number;
}
