/* Address → object.  See modules.h.
 *
 * By _dl_find_object (glibc ≥ 2.35: 5 ns, no lock).  dl_iterate_phdr and dladdr wait for the loader's locks, whose
 * holder may be waiting for something that the thread inside malloc holds, or is not there any more in a forked child;
 * the former is used only where there is nothing else. */
#define _GNU_SOURCE
#include "modules.h"

#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <link.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "policy/hot.h"
#include "policy/prim.h"
#include "self.h"

/* Hidden symbols of the linker: the first and the last byte of this object. */
extern const char __ehdr_start __attribute__((visibility("hidden")));
extern const char _end __attribute__((visibility("hidden")));

int _dl_find_object(void *address, struct dl_find_object *result) __attribute__((weak));

int module_is_own(uintptr_t pc)
{
    return pc - (uintptr_t)&__ehdr_start < (uintptr_t)&_end - (uintptr_t)&__ehdr_start;
}

/* glibc's and musl's; the kernel does not know where the loader is when it was started as a program. */
extern struct r_debug _r_debug __attribute__((weak));

static uintptr_t loader_base(void)
{
    const uintptr_t base = getauxval(AT_BASE);
    return base || !&_r_debug ? base : _r_debug.r_ldbase;
}

/* Where it begins, and how long it is; 0 and 0 where that is not known.  It stays where it is. */
static size_t find_loader(uintptr_t *base)
{
    const size_t generous = (size_t)1 << 20; /* ld.so is a quarter of that, and nothing else is mapped into it */
    struct dl_find_object found;
    *base = loader_base();
    if (!*base)
        return 0;
    if (_dl_find_object && _dl_find_object((void *)*base, &found) == 0) /* NOLINT(performance-no-int-to-ptr) */
        return (size_t)((const char *)found.dlfo_map_end - (const char *)found.dlfo_map_start);
    return generous;
}

int module_is_loader(uintptr_t pc)
{
    static HOT_DATA uintptr_t base;
    static HOT_DATA _Atomic size_t bytes; /* set last */
    size_t known = atomic_load_explicit(&bytes, memory_order_acquire);
    if (UNLIKELY(!known)) {
        uintptr_t begin;
        known = find_loader(&begin);
        __atomic_store_n(&base, begin, __ATOMIC_RELAXED);
        atomic_store_explicit(&bytes, known, memory_order_release);
    }
    return pc - base < known;
}

static _Atomic uint32_t holders, unloading;

int module_hold(void)
{
    atomic_fetch_add(&holders, 1);
    if (!atomic_load(&unloading))
        return 1;
    module_release();
    return 0;
}

void module_release(void)
{
    if (atomic_fetch_sub(&holders, 1) == 1 && atomic_load(&unloading))
        prim_wake(&holders);
}

void module_unload_begin(void)
{
    uint32_t seen;
    atomic_fetch_add(&unloading, 1);
    while ((seen = atomic_load(&holders)))
        prim_wait(&holders, seen);
}

void module_unload_end(void)
{
    atomic_fetch_sub(&unloading, 1);
}

void module_fork_child(void)
{
    atomic_store(&holders, 0);
    atomic_store(&unloading, 0);
}

static int find_in_list(struct dl_phdr_info *info, size_t size, void *arg)
{
    struct object *object = arg;
    (void)size;
    for (unsigned i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *header = &info->dlpi_phdr[i];
        if (header->p_type != PT_LOAD || object->pc - (info->dlpi_addr + header->p_vaddr) >= header->p_memsz)
            continue;
        object->load = info->dlpi_addr;
        object->path = info->dlpi_name;
        object->headers = info->dlpi_phdr;
        object->n_headers = info->dlpi_phnum;
        for (i = 0; i < info->dlpi_phnum; i++)
            if (info->dlpi_phdr[i].p_type == PT_DYNAMIC) /* NOLINTNEXTLINE(performance-no-int-to-ptr) */
                object->dynamic = (const void *)(info->dlpi_addr + info->dlpi_phdr[i].p_vaddr);
        return 1;
    }
    return 0;
}

/* The program's own headers are where the kernel says (its segments may lie apart, as node's do); those of others
 * behind the ELF header that their first segment begins with. */
static void find_headers(struct object *object, const struct dl_find_object *found)
{
    const ElfW(Ehdr) *elf = found->dlfo_map_start;
    const uintptr_t program = getauxval(AT_ENTRY);
    if (program - (uintptr_t)found->dlfo_map_start <
        (uintptr_t)found->dlfo_map_end - (uintptr_t)found->dlfo_map_start) {
        object->headers = (const void *)getauxval(AT_PHDR); /* NOLINT(performance-no-int-to-ptr) */
        object->n_headers = (unsigned)getauxval(AT_PHNUM);
    } else if ((uintptr_t)elf == object->load && memcmp(elf->e_ident, ELFMAG, SELFMAG) == 0) {
        object->headers = (const void *)((const char *)elf + elf->e_phoff);
        object->n_headers = elf->e_phnum;
    }
}

NEAR_START int module_find(struct object *object)
{
    struct dl_find_object found;
    if (!_dl_find_object)
        return dl_iterate_phdr(find_in_list, object);
    if (_dl_find_object((void *)object->pc, &found)) /* NOLINT(performance-no-int-to-ptr) */
        return 0;
    object->load = found.dlfo_link_map->l_addr;
    object->path = found.dlfo_link_map->l_name;
    object->dynamic = found.dlfo_link_map->l_ld;
    object->in_list = found.dlfo_link_map;
    find_headers(object, &found);
    return 1;
}

static uint64_t hash_bytes(const void *bytes, size_t len)
{
    uint64_t hash = 0xcbf29ce484222325ull; /* FNV-1a */
    for (size_t i = 0; i < len; i++)
        hash = (hash ^ ((const unsigned char *)bytes)[i]) * 0x100000001b3ull;
    return hash;
}

/* Takes the build-id among the notes of one segment, if it is there. */
static void find_build_id(struct frame *frame, const char *at, size_t bytes)
{
    const char *end = at + bytes;
    while (at + sizeof(ElfW(Nhdr)) <= end) {
        const ElfW(Nhdr) *note = (const void *)at;
        const char *name = at + sizeof *note;
        const char *desc = name + ((note->n_namesz + 3u) & ~3u);
        if (note->n_type == NT_GNU_BUILD_ID && note->n_namesz == 4 && memcmp(name, "GNU", 4) == 0 &&
            desc + note->n_descsz <= end && note->n_descsz && note->n_descsz <= FRAME_ID_MOST) {
            memcpy(frame->build_id, desc, note->n_descsz);
            frame->build_id_bytes = (unsigned char)note->n_descsz;
            frame->module_id = hash_bytes(desc, note->n_descsz);
            return;
        }
        at = desc + ((note->n_descsz + 3u) & ~3u);
    }
}

/* The program itself has no name in the loader's list. */
static const char *program_path(void)
{
    static char path[256];
    if (!path[0]) {
        char fresh[sizeof path];
        const ssize_t len = readlink("/proc/self/exe", fresh, sizeof fresh - 1);
        fresh[len > 0 ? len : 0] = 0;
        memcpy(path, fresh, sizeof path); /* threads that come at once write the same */
    }
    return path;
}

void module_of(struct frame *frame)
{
    struct object object = {.pc = frame->pc};
    frame->module = "";
    frame->module_id = 0;
    frame->build_id_bytes = 0;
    frame->offset = frame->pc;
    if (!module_find(&object))
        return;
    frame->module = object.path && object.path[0] ? object.path : program_path();
    frame->offset = frame->pc - object.load;
    for (unsigned i = 0; i < object.n_headers && !frame->module_id; i++) {
        const ElfW(Phdr) *header = &object.headers[i];
        if (header->p_type == PT_NOTE)
            find_build_id(frame, (const char *)object.load + header->p_vaddr, header->p_memsz); /* NOLINT */
    }
    if (!frame->module_id)
        frame->module_id = hash_bytes(frame->module, strlen(frame->module));
}
