/* Return address → object.  See modules.h.
 *
 * Which object it is, by dl_iterate_phdr: once per stack that is seen for the first time.  (What _dl_find_object calls
 * the start of an object is not its ELF header where its segments have gaps between them, as node's have.)  Whether it
 * is the loader, at every allocation, by _dl_find_object (glibc ≥ 2.35: 5 ns, no lock). */
#define _GNU_SOURCE
#include "modules.h"

#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "self.h"

/* Hidden symbols of the linker: the first and the last byte of this object. */
extern const char __ehdr_start __attribute__((visibility("hidden")));
extern const char _end __attribute__((visibility("hidden")));

int _dl_find_object(void *address, struct dl_find_object *result) __attribute__((weak));

int module_is_own(uintptr_t pc)
{
    return pc - (uintptr_t)&__ehdr_start < (uintptr_t)&_end - (uintptr_t)&__ehdr_start;
}

int module_is_loader(uintptr_t pc)
{
    static uintptr_t base;
    const uintptr_t generous = (uintptr_t)1 << 20; /* ld.so is a quarter of that, and nothing else is mapped into it */
    struct dl_find_object found;
    if (UNLIKELY(!base) && !(base = getauxval(AT_BASE)))
        return 0;
    if (_dl_find_object && _dl_find_object((void *)pc, &found) == 0) /* NOLINT(performance-no-int-to-ptr) */
        return (uintptr_t)found.dlfo_map_start == base;
    return pc - base < generous;
}

struct object {
    uintptr_t pc;
    uintptr_t load; /* what file offsets are relative to */
    const char *path;
    const ElfW(Phdr) * headers;
    unsigned n_headers;
};

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
        return 1;
    }
    return 0;
}

static uint64_t hash_bytes(const void *bytes, size_t len)
{
    uint64_t hash = 0xcbf29ce484222325ull; /* FNV-1a */
    for (size_t i = 0; i < len; i++)
        hash = (hash ^ ((const unsigned char *)bytes)[i]) * 0x100000001b3ull;
    return hash;
}

/* Hash of the build-id among the notes of one segment, or 0. */
static uint64_t build_id(const char *at, size_t bytes)
{
    const char *end = at + bytes;
    while (at + sizeof(ElfW(Nhdr)) <= end) {
        const ElfW(Nhdr) *note = (const void *)at;
        const char *name = at + sizeof *note;
        const char *desc = name + ((note->n_namesz + 3u) & ~3u);
        if (note->n_type == NT_GNU_BUILD_ID && note->n_namesz == 4 && memcmp(name, "GNU", 4) == 0 &&
            desc + note->n_descsz <= end)
            return hash_bytes(desc, note->n_descsz);
        at = desc + ((note->n_descsz + 3u) & ~3u);
    }
    return 0;
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
    frame->offset = frame->pc;
    if (!dl_iterate_phdr(find_in_list, &object))
        return;
    frame->module = object.path && object.path[0] ? object.path : program_path();
    frame->offset = frame->pc - object.load;
    for (unsigned i = 0; i < object.n_headers && !frame->module_id; i++) {
        const ElfW(Phdr) *header = &object.headers[i];
        if (header->p_type == PT_NOTE)
            frame->module_id = build_id((const char *)object.load + header->p_vaddr, header->p_memsz); /* NOLINT */
    }
    if (!frame->module_id)
        frame->module_id = hash_bytes(frame->module, strlen(frame->module));
}
