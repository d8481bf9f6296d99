/* What the hooks of dlsym and dlopen decide.  Called from loader.S, which then jumps to the real function.  No lock. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <link.h>
#include <stddef.h>

#include "driver.h"
#include "modules.h"
#include "next.h"
#include "policy/prim.h"
#include "self.h"
#include "unwind.h"
#include "walk.h"

/* Two registers: the answer, and whether it is one. */
struct routed {
    void *function;
    size_t decided;
};

dlsym_fn loader_real_dlsym __attribute__((visibility("hidden")));
void *(*loader_real_dlopen)(const char *, int)__attribute__((visibility("hidden")));

struct routed loader_route_dlsym(void *lib, const char *name) __attribute__((visibility("hidden")));
int loader_route_dlopen(const char *file, int flags) __attribute__((visibility("hidden")));

/* In the global scope a driver's name finds autopin's own export first; the program means what comes after it. */
static struct routed route_global(const char *name)
{
    void *found = next_function(name);
    void *hook = driver_route_name(name, found);
    return (struct routed){hook ? hook : found, 1};
}

struct routed loader_route_dlsym(void *lib, const char *name)
{
    const struct routed undecided = {NULL, 0};
    if (!loader_real_dlsym)
        loader_real_dlsym = next_dlsym();
    if (self.busy || !name || !driver_knows(name))
        return undecided;
    if (lib ==
        RTLD_NEXT) /* from the program itself autopin's own export would be next; there is none if nobody else has it */
        return (struct routed){NULL, next_function(name) == NULL};
    if (lib == RTLD_DEFAULT)
        return route_global(name);
    void *found = loader_real_dlsym(lib, name);
    if (driver_is_hook(found))
        return route_global(name);
    void *hook = driver_route_name(name, found);
    return hook ? (struct routed){hook, 1} : undecided;
}

typedef int (*phdr_callback)(struct dl_phdr_info *, size_t, void *);

/* The callback runs under the loader's lock on its list; a thread started or a library opened from there would wait for
 * the other lock, whose holder may be waiting for this one (glibc 2.36: dl_load_write_lock and dl_load_lock). */
EXPORT int dl_iterate_phdr(phdr_callback callback, void *data)
{
    static _Atomic(int (*)(phdr_callback, void *)) real;
    if (!real)
        real = (int (*)(phdr_callback, void *))next_libc("dl_iterate_phdr");
    self.in_callback++;
    const int result = real ? real(callback, data) : 0;
    if (--self.in_callback == 0 && self.kick_later)
        prim_kick();
    return result;
}

static int read_unloads(struct dl_phdr_info *info, size_t size, void *unloads)
{
    (void)size;
    *(unsigned long long *)unloads = info->dlpi_subs;
    return 1;
}

/* How many objects have been unloaded so far. */
static unsigned long long unloads(void)
{
    unsigned long long count = 0;
    dl_iterate_phdr(read_unloads, &count);
    return count;
}

EXPORT int dlclose(void *lib)
{
    static int (*_Atomic real)(void *);
    if (!real)
        real = (int (*)(void *))next_libc("dlclose");
    const unsigned long long before = unloads();
    module_unload_begin();
    const int result = real ? real(lib) : -1;
    module_unload_end();
    if (unloads() != before) {
        unwind_distrust();
        walk_forget();
    }
    return result;
}

int loader_route_dlopen(const char *file, int flags)
{
    static _Atomic int said;
    if (!loader_real_dlopen)
        loader_real_dlopen = (void *(*)(const char *, int))next_libc("dlopen");
    if (!(flags & RTLD_DEEPBIND) || self.busy)
        return flags;
    if (!said++)
        prim_log(1, "autopin: dlopen(%s): RTLD_DEEPBIND dropped, which would bind the library's free past this one",
                 file ? file : "NULL");
    return flags & ~RTLD_DEEPBIND;
}
