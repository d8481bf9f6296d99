/* Call stacks.  The one file that knows libunwind (Debian's 1.6.2).
 *
 * libunwind is never linked: in DT_NEEDED of a preloaded object it takes over C++ exceptions of plugins (rule 39).  It
 * is loaded by a thread of its own, because dlopen waits for the loader's lock, whose holder may be waiting for a lock
 * that the thread inside malloc holds (Python's, for one); malloc waits for it a moment at most, and until it is there
 * a stack is one frame deep.  Its global cache is switched off: it deadlocks against a malloc inside a dl_iterate_phdr
 * callback (rule 40).  It is kept from opening its pipe (unwind_private.c).  libgcc's unwinder, which remembers
 * nothing, is the fallback: where there is no libunwind, and once the program has unloaded an object. */
#define _GNU_SOURCE
#include "unwind.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>

#include "modules.h"
#include "policy/prim.h"
#include "policy/site.h"
#include "self.h"
#include "threads.h"
#include "unwind_private.h"

enum {
    DEEPEST = SITE_FRAMES + 5, /* frames looked at, autopin's own included */
    CACHE_NONE = 0,
};
static const uint64_t PATIENCE_NS = 20000000;

#if defined(__x86_64__)
#define UNW(name) "_ULx86_64_" name
#elif defined(__aarch64__)
#define UNW(name) "_ULaarch64_" name
#else
#define UNW(name) "_UL_" name
#endif

enum {
    NOT_LOADED,
    LOADED,
    USELESS
};
static _Atomic uint32_t state;
static int (*_Atomic unw_backtrace)(void **buffer, int size); /* NULL: libgcc's is used */
static int (*gcc_backtrace)(int (*callback)(void *context, void *arg), void *arg);
static uintptr_t (*gcc_get_ip)(void *context);

/* A cursor of libunwind (x86-64: 127 words), its context (a ucontext_t), and the registers it is asked for. */
struct cursor {
    uintptr_t words[127];
};
struct context {
    uintptr_t words[128];
};
enum {
    REGISTER_SP = 7,
    REGISTER_IP = 16
};
static int (*unw_getcontext)(struct context *);
static int (*unw_init_local)(struct cursor *, struct context *);
static int (*unw_step)(struct cursor *);
static int (*unw_get_reg)(struct cursor *, int, uintptr_t *);

/* What unwind_slots() needs; where something is missing it finds nothing. */
static void load_cursor(void *lib)
{
#if defined(__x86_64__)
    unw_getcontext = (int (*)(struct context *))dlsym(lib, "_Ux86_64_getcontext");
    unw_init_local = (int (*)(struct cursor *, struct context *))dlsym(lib, UNW("init_local"));
    unw_step = (int (*)(struct cursor *))dlsym(lib, UNW("step"));
    unw_get_reg = (int (*)(struct cursor *, int, uintptr_t *))dlsym(lib, UNW("get_reg"));
#else
    (void)lib;
#endif
}

static int load_libunwind(void)
{
    void *lib = dlopen("libunwind.so.8", RTLD_NOW | RTLD_LOCAL);
    if (!lib || unwind_private_calls(lib))
        return 0;
    int (*set_policy)(void *, int) = (int (*)(void *, int))dlsym(lib, UNW("set_caching_policy"));
    void **space = dlsym(lib, UNW("local_addr_space"));
    int (*backtrace)(void **, int) = (int (*)(void **, int))dlsym(lib, "unw_backtrace");
    if (!set_policy || !space || !backtrace)
        return 0;
    set_policy(*space, CACHE_NONE);
    load_cursor(lib);
    /* The first use of libunwind's thread-local data waits for the loader's lock (glibc 2.36, tls_get_addr_tail): here.
     */
    void *here[2];
    backtrace(here, 2);
    unw_backtrace = backtrace;
    return 1;
}

static int load_libgcc(void)
{
    void *lib = dlopen("libgcc_s.so.1", RTLD_NOW | RTLD_LOCAL);
    if (!lib)
        return 0;
    gcc_get_ip = (uintptr_t(*)(void *))dlsym(lib, "_Unwind_GetIP");
    gcc_backtrace = (int (*)(int (*)(void *, void *), void *))dlsym(lib, "_Unwind_Backtrace");
    return gcc_get_ip && gcc_backtrace;
}

static void *load(void *unused)
{
    self.busy++;
    const int gcc = load_libgcc(), unwind = load_libunwind();
    atomic_store_explicit(&state, gcc || unwind ? LOADED : USELESS, memory_order_release);
    prim_wake(&state);
    self.busy--;
    return unused;
}

void unwind_start(void)
{
    const uint64_t begin = prim_now_ns();
    if (thread_start(load, NULL))
        return;
    while (atomic_load(&state) == NOT_LOADED && prim_now_ns() - begin < PATIENCE_NS)
        prim_wait(&state, NOT_LOADED);
}

struct walk {
    uintptr_t *pcs;
    unsigned n, most;
};

static int step(void *context, void *arg)
{
    struct walk *walk = arg;
    walk->pcs[walk->n++] = gcc_get_ip(context);
    return walk->n < walk->most ? 0 : 5; /* _URC_NO_REASON, _URC_END_OF_STACK */
}

static unsigned raw_stack(uintptr_t *pcs, unsigned most)
{
    if (atomic_load_explicit(&state, memory_order_acquire) != LOADED)
        return 0;
    int (*const backtrace)(void **, int) = unw_backtrace;
    if (backtrace) {
        const int n = backtrace((void **)pcs, (int)most);
        return n > 0 ? (unsigned)n : 0;
    }
    if (!gcc_backtrace)
        return 0;
    struct walk walk = {.pcs = pcs, .most = most};
    gcc_backtrace(step, &walk);
    return walk.n;
}

unsigned unwind_stack(uintptr_t *pcs, unsigned most, uintptr_t caller)
{
    uintptr_t all[DEEPEST];
    unsigned n = 0, from = 0;
    const unsigned found = raw_stack(all, DEEPEST);
    while (from < found && module_is_own(all[from]))
        from++;
    for (; from < found && n < most && all[from]; from++)
        pcs[n++] = all[from];
    if (n == 0)
        pcs[n++] = caller;
    return n;
}

int unwind_slots(const uintptr_t *slot, const uintptr_t *pcs, unsigned n, const uintptr_t **at)
{
    struct context context;
    struct cursor cursor;
    unsigned found = 0;
    if (!unw_getcontext || !unw_init_local || !unw_step || !unw_get_reg)
        return 0;
    unw_getcontext(&context);
    if (unw_init_local(&cursor, &context))
        return 0;
    while (found < n && unw_step(&cursor) > 0) {
        uintptr_t ip, sp;
        if (unw_get_reg(&cursor, REGISTER_IP, &ip) || unw_get_reg(&cursor, REGISTER_SP, &sp))
            return 0;
        if (module_is_own(ip))
            continue;
        at[found] = (const uintptr_t *)sp - 1; /* NOLINT(performance-no-int-to-ptr) */
        if (ip != pcs[found] || *at[found] != ip || (found == 0 && at[0] != slot))
            return 0;
        found++;
    }
    return found == n;
}

void unwind_distrust(void)
{
    unw_backtrace = NULL;
}

const char *unwind_name(void)
{
    return atomic_load(&state) != LOADED ? "none" : unw_backtrace ? "libunwind" : "libgcc";
}
