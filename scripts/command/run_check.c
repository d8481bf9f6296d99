/* Whether a program would load a preloaded library: see run_check.h.
 *
 * The loader preloads nothing into a program that has no interpreter (PT_INTERP), that is of another architecture, or
 * that gains rights when it is started (AT_SECURE: set-uid, set-gid, file capabilities). */
#define _GNU_SOURCE
#include "scripts/command/run_check.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "scripts/command/command.h"

enum {
    HEAD_MOST = 4096,   /* bytes at the beginning of a file: what the kernel reads of "#!" and more */
    SCRIPTS_MOST = 5,   /* interpreters of interpreters, as the kernel follows them */
    HEADERS_MOST = 1000 /* program headers */
};

/* --- finding it ------------------------------------------------------------------------------------------------------
 */

/* Errors: -errno as execve() would have it. */
static int is_runnable(const char *path)
{
    struct stat there;
    if (stat(path, &there))
        return -errno;
    if (!S_ISREG(there.st_mode) || access(path, X_OK))
        return -EACCES;
    return 0;
}

static int find_in_path(const char *name, char *found, size_t cap)
{
    const char *list = getenv("PATH"); /* NOLINT(concurrency-mt-unsafe): there is one thread */
    int rc = -ENOENT;
    for (const char *at = list ? list : "/bin:/usr/bin"; at; at = strchr(at, ':') ? strchr(at, ':') + 1 : NULL) {
        const int len = (int)strcspn(at, ":");
        if (snprintf(found, cap, "%.*s%s%s", len, at, len ? "/" : "./", name) >= (int)cap)
            continue;
        const int one = is_runnable(found);
        if (one == 0)
            return 0;
        if (one == -EACCES)
            rc = one;
    }
    return rc;
}

static int find_program(const char *name, char *found, size_t cap)
{
    int rc = -ENOENT;
    if (strchr(name, '/'))
        rc = snprintf(found, cap, "%s", name) < (int)cap ? is_runnable(found) : -ENAMETOOLONG;
    else if (*name)
        rc = find_in_path(name, found, cap);
    if (rc == -EACCES)
        return command_fail(COMMAND_CANNOT, "autopin run: %s cannot be run: it is no executable file", name);
    if (rc == -ENOENT && !strchr(name, '/'))
        return command_fail(COMMAND_NOT_FOUND, "autopin run: '%s' was not found in PATH", name);
    if (rc)
        return command_fail(rc == -ENOENT || rc == -ENOTDIR ? COMMAND_NOT_FOUND : COMMAND_CANNOT,
                            "autopin run: %s was not found: %s", name, strerrordesc_np(-rc));
    return 0;
}

/* --- looking at it ---------------------------------------------------------------------------------------------------
 */

/* The beginning of a file; 0 bytes when it cannot be read. */
static size_t read_head(const char *path, void *head, size_t cap, int *fd)
{
    *fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    const ssize_t got = *fd >= 0 ? pread(*fd, head, cap, 0) : -1;
    return got > 0 ? (size_t)got : 0;
}

/* 1 when there is a program header of that type; both classes have the type first.  -1: the headers cannot be read. */
static int has_header(int fd, const unsigned char *head, uint32_t type)
{
    const int wide = head[EI_CLASS] == ELFCLASS64;
    const Elf64_Ehdr *is64 = (const void *)head;
    const Elf32_Ehdr *is32 = (const void *)head;
    const uint64_t at = wide ? is64->e_phoff : is32->e_phoff;
    const unsigned n = wide ? is64->e_phnum : is32->e_phnum, size = wide ? is64->e_phentsize : is32->e_phentsize;
    for (unsigned i = 0; i < n && i < HEADERS_MOST; i++) {
        uint32_t found;
        const uint64_t place = at + (uint64_t)i * size;
        if (place > INT64_MAX || pread(fd, &found, sizeof found, (off_t)place) != sizeof found)
            return -1;
        if (found == type)
            return 1;
    }
    return 0;
}

/* The loader itself may be what is run. */
static int is_loader(const char *path)
{
    char *real = realpath(path, NULL);
    const char *name = real ? strrchr(real, '/') + 1 : path;
    const int yes = strncmp(name, "ld-", 3) == 0 || strncmp(name, "ld.so", 5) == 0;
    free(real);
    return yes;
}

static int check_elf(const char *path, int fd, const unsigned char *head, size_t len, const char *library)
{
    unsigned char ours[sizeof(Elf64_Ehdr)];
    int own;
    const size_t own_len = read_head(library, ours, sizeof ours, &own);
    if (own >= 0)
        close(own);
    if (own_len < sizeof(Elf64_Ehdr) || memcmp(ours, ELFMAG, SELFMAG) != 0)
        return command_fail(COMMAND_OWN, "autopin run: %s is no shared library", library);
    if (len < sizeof(Elf64_Ehdr))
        return command_fail(COMMAND_CANNOT, "autopin run: %s cannot be run: it is cut short", path);
    if (head[EI_CLASS] != ours[EI_CLASS])
        return command_fail(COMMAND_CANNOT, "autopin run: %s is a %s-bit program, but %s is not", path,
                            head[EI_CLASS] == ELFCLASS32 ? "32" : "64", library);
    if (head[EI_DATA] != ours[EI_DATA] ||
        ((const Elf64_Ehdr *)head)->e_machine != ((const Elf64_Ehdr *)ours)->e_machine)
        return command_fail(COMMAND_CANNOT, "autopin run: %s is for another kind of processor than %s", path, library);
    if (has_header(fd, head, PT_INTERP) == 0 && !is_loader(path))
        return command_fail(COMMAND_CANNOT, "autopin run: %s is statically linked: no library can be preloaded into it",
                            path);
    return 0;
}

/* What the kernel gives a process more than its parent had makes the loader ignore LD_PRELOAD. */
static int check_rights(const char *path)
{
    struct stat there;
    struct statvfs mount;
    if (stat(path, &there) || prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ||
        (statvfs(path, &mount) == 0 && (mount.f_flag & ST_NOSUID)))
        return 0;
    const char *kind = NULL;
    if ((there.st_mode & S_ISUID) && there.st_uid != getuid())
        kind = "set-uid";
    else if ((there.st_mode & S_ISGID) && (there.st_mode & S_IXGRP) && there.st_gid != getgid())
        kind = "set-gid";
    else if (getuid() != 0 && getxattr(path, "security.capability", NULL, 0) > 0)
        kind = "given file capabilities";
    if (!kind)
        return 0;
    return command_fail(COMMAND_CANNOT, "autopin run: %s is %s: LD_PRELOAD is ignored for it", path, kind);
}

/* The interpreter that "#!" names, as the kernel takes it; 0 when it names none. */
static int read_interpreter(const char *head, size_t len, char *out, size_t cap)
{
    size_t at = 2;
    while (at < len && (head[at] == ' ' || head[at] == '\t'))
        at++;
    const size_t from = at;
    while (at < len && head[at] && !strchr(" \t\n", head[at]))
        at++;
    snprintf(out, cap, "%.*s", (int)(at - from), head + from);
    return at > from;
}

int check_program(const char *name, const char *library, char *found, size_t cap)
{
    _Alignas(Elf64_Ehdr) char head[HEAD_MOST];
    char path[HEAD_MOST];
    int fd, rc = find_program(name, found, cap);
    snprintf(path, sizeof path, "%s", found);
    for (int depth = 0; rc == 0 && depth < SCRIPTS_MOST; depth++) {
        const size_t len = read_head(path, head, sizeof head, &fd);
        const int elf = len >= SELFMAG && memcmp(head, ELFMAG, SELFMAG) == 0;
        const int script = len > 2 && memcmp(head, "#!", 2) == 0;
        if (elf && (rc = check_elf(path, fd, (const unsigned char *)head, len, library)) == 0)
            rc = check_rights(path);
        if (fd >= 0)
            close(fd);
        if (!script || !read_interpreter(head, len, path, sizeof path))
            return rc; /* of what can be executed but not read nothing is known; what else it is, the shell runs */
        if (is_runnable(path))
            return command_fail(COMMAND_CANNOT, "autopin run: %s cannot be run: its interpreter %.200s is missing",
                                found, path);
    }
    return rc;
}
