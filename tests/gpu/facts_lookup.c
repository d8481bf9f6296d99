/* Facts about finding functions, and about what queries say of host memory. */
#define _GNU_SOURCE
#include "tests/gpu/facts.h"

#include <dlfcn.h>
#include <sys/mman.h>

/* Does cuGetProcAddress hand out the pointer that dlsym finds under the exported name?  Asked for every line of what
 * cudart 13 requests: NAME VERSION FLAGS EXPORTED-NAME. */
void facts_lookup(const char *requests_path)
{
    char line[256], name[128], export[128];
    int version, same = 0, different = 0, absent = 0;
    unsigned long long flags;
    FILE *requests = fopen(requests_path, "r");
    if (!requests) {
        fact("lookup", "cannot read %s", requests_path);
        return;
    }
    while (fgets(line, sizeof line, requests)) {
        void *found = NULL;
        if (sscanf(line, "%127s %d %llu %127s", name, &version, &flags, export) != 4)
            continue;
        CUresult result = cu.get_proc(name, &found, version, flags, NULL);
        void *exported = dlsym(cu.handle, export);
        if (result != CUDA_SUCCESS || !found || !exported) {
            absent++;
            continue;
        }
        if (found == exported) {
            same++;
            continue;
        }
        different++;
        Dl_info info = {0};
        dladdr(found, &info);
        fact("lookup_differs", "%s %d %llu: dlsym(\"%s\") is another function; this one is %s", name, version, flags,
             export, info.dli_sname ? info.dli_sname : "unnamed");
    }
    fclose(requests);
    fact("lookup_same_as_dlsym", "%d", same);
    fact("lookup_different", "%d", different);
    fact("lookup_absent_in_one", "%d", absent);
}

/* The answers of every query for one host pointer. */
static void ask(const char *kind, void *pointer)
{
    enum {
        ATTRIBUTES = 21,
        ROOM = 16
    };
    char name[64], text[1024];
    size_t at = 0;
    unsigned flags = 0;
    CUdeviceptr alias = 0;
    CUdeviceptr asked = (CUdeviceptr)(uintptr_t)pointer;

    for (int attribute = 1; attribute <= ATTRIBUTES; attribute++) {
        unsigned long long value[ROOM] = {0};
        CUresult result = cu.pointer_attribute(value, attribute, asked);
        if (result == CUDA_SUCCESS)
            at += (size_t)snprintf(text + at, sizeof text - at, "%d=%llx ", attribute, value[0]);
        else
            at += (size_t)snprintf(text + at, sizeof text - at, "%d:error%d ", attribute, result);
    }
    snprintf(name, sizeof name, "pointer_attribute_%s", kind);
    fact(name, "%s", text);

    /* What cudaPointerGetAttributes asks for, in one call: values start as something else to see what is written. */
    CUpointer_attribute wanted[] = {1, 2, 3, 4, 8, 9};
    unsigned long long got[6];
    void *where[6];
    for (int i = 0; i < 6; i++) {
        got[i] = 0x5a5a5a5a5a5a5a5aull;
        where[i] = &got[i];
    }
    CUresult result = cu.pointer_attributes(6, wanted, where, asked);
    snprintf(name, sizeof name, "pointer_attributes_%s", kind);
    fact(name, "result %d context %llx type %llx device_pointer %llx host_pointer %llx managed %llx ordinal %llx",
         result, got[0], got[1], got[2], got[3], got[4], got[5]);
    snprintf(name, sizeof name, "host_flags_%s", kind);
    result = cu.host_flags(&flags, pointer);
    fact(name, "result %d flags %u", result, flags);
    snprintf(name, sizeof name, "host_device_pointer_%s", kind);
    result = cu.host_device_pointer(&alias, pointer, 0);
    fact(name, "result %d same_address %d", result, alias == asked);
}

void facts_pointers(void)
{
    char *pageable = map_pages(MIB, 0), *registered = map_pages(MIB, 0);
    void *allocated;
    bench_touch(pageable, MIB);
    must(cu.host_register(registered, MIB, CU_MEMHOSTREGISTER_PORTABLE), "cuMemHostRegister");
    must(cu.host_alloc(&allocated, MIB, 0), "cuMemHostAlloc");
    ask("pageable", pageable + 4096);
    ask("registered", registered + 4096);
    ask("registered_end", registered + MIB);
    ask("allocated", (char *)allocated + 4096);
    must(cu.host_unregister(registered), "cuMemHostUnregister");
    ask("unregistered_again", registered + 4096);
    cu.host_free(allocated);
    munmap(pageable, MIB);
    munmap(registered, MIB);
}
