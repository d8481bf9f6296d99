/* libunwind without its pipe.
 *
 * libunwind 1.6.2 checks an address by writing a byte of it into a pipe of its own (src/x86_64/Ginit.c).  The pipe
 * takes two descriptors for good, and once the program has closed them and opened something else in their place,
 * libunwind reads from and writes to that (rule 35).  So the three functions it does this with are replaced in its own
 * table of imports, and nowhere else: there is no pipe, and the check asks the kernel to read the byte.  No lock. */
#define _GNU_SOURCE
#include "unwind_private.h"

#include <errno.h>
#include <link.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum {
    NO_PIPE = -1
};

static int private_pipe2(int fds[2], int flags)
{
    (void)flags;
    fds[0] = fds[1] = NO_PIPE;
    return 0;
}

/* Emptying the pipe that does not exist succeeds. */
static ssize_t private_read(int fd, void *buf, size_t count)
{
    return fd == NO_PIPE ? 1 : read(fd, buf, count);
}

/* Whether a byte can be read.  Where the kernel does not let us ask, mincore() has said already that it is mapped. */
static long probe(const void *address)
{
    char byte;
    struct iovec local = {&byte, 1}, remote = {(void *)address, 1};
    const ssize_t got = process_vm_readv(getpid(), &local, 1, &remote, 1, 0);
    return got == 1 || (got < 0 && errno != EFAULT) ? 1 : -1;
}

static long private_syscall(long number, ...)
{
    va_list list;
    long a[6];
    va_start(list, number);
    for (int i = 0; i < 6; i++)
        a[i] = va_arg(list, long);
    va_end(list);
    if (number == SYS_write && (int)a[0] == NO_PIPE)
        return probe((const void *)a[1]); /* NOLINT(performance-no-int-to-ptr) */
    return syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

static const struct {
    const char *name;
    void *ours;
} replacements[] = {
    {"pipe2", (void *)private_pipe2}, {"read", (void *)private_read}, {"syscall", (void *)private_syscall}};

enum {
    REPLACEMENTS = sizeof replacements / sizeof *replacements
};

/* What of the dynamic section is needed; glibc has made the addresses absolute. */
struct dynamic {
    uintptr_t base;
    const ElfW(Sym) * symbols;
    const char *names;
    const ElfW(Rela) * relocations;
    size_t count;
};

static struct dynamic read_dynamic(const struct link_map *map)
{
    struct dynamic dynamic = {.base = map->l_addr};
    for (const ElfW(Dyn) *entry = map->l_ld; entry->d_tag != DT_NULL; entry++) {
        const uintptr_t value = entry->d_un.d_ptr;
        const void *pointer = (const void *)(value < map->l_addr ? value + map->l_addr : value); /* NOLINT */
        if (entry->d_tag == DT_SYMTAB)
            dynamic.symbols = pointer;
        else if (entry->d_tag == DT_STRTAB)
            dynamic.names = pointer;
        else if (entry->d_tag == DT_JMPREL)
            dynamic.relocations = pointer;
        else if (entry->d_tag == DT_PLTRELSZ)
            dynamic.count = entry->d_un.d_val / sizeof(ElfW(Rela));
    }
    return dynamic;
}

static int put(void **slot, void *function)
{
    const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), at = (uintptr_t)slot & ~(page - 1);
    if (mprotect((void *)at, page, PROT_READ | PROT_WRITE)) /* NOLINT(performance-no-int-to-ptr) */
        return -errno;
    __atomic_store_n(slot, function, __ATOMIC_RELEASE);
    return 0;
}

int unwind_private_calls(void *lib)
{
    const struct dynamic dynamic = read_dynamic(lib); /* a handle of glibc's dlopen() is its link_map */
    int left = REPLACEMENTS;
    if (!dynamic.symbols || !dynamic.names || !dynamic.relocations)
        return -ENOENT;
    for (size_t i = 0; i < dynamic.count; i++) {
        const ElfW(Rela) *rela = &dynamic.relocations[i];
        const char *name = dynamic.names + dynamic.symbols[ELF64_R_SYM(rela->r_info)].st_name;
        for (int k = 0; k < REPLACEMENTS; k++) {
            if (strcmp(name, replacements[k].name) != 0)
                continue;
            const int rc = put((void **)(dynamic.base + rela->r_offset), replacements[k].ours); /* NOLINT */
            if (rc)
                return rc;
            left--;
        }
    }
    return left == 0 ? 0 : -ENOENT;
}
