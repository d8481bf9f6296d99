/* The binding to the driver: its own functions, and the hooks that stand before them.
 *
 * Everything comes from entry_points.def.  libcuda is never loaded and never linked by autopin: it is bound once the
 * program has loaded it.  No lock. */
#ifndef AUTOPIN_DRIVER_H
#define AUTOPIN_DRIVER_H

#include "cuda_min.h"

enum entry_id {
#define IS_DRIVER_ENTRY_LIBC(name)
#define IS_DRIVER_ENTRY_HOOK(name)  EP_##name,
#define IS_DRIVER_ENTRY_GUARD(name) EP_##name,
#define IS_DRIVER_ENTRY_PASS(name)
#define IS_DRIVER_ENTRY_USE(name)               EP_##name,
#define ENTRY(name, group, kind, since, reason) IS_DRIVER_ENTRY_##kind(name)
#include "entry_points.def"
#undef ENTRY
    EP_COUNT
};

/* The driver's own function of a row, bound if need be; NULL when the driver has none. */
void *driver_real(enum entry_id id);

/* Binds to libcuda if the program has loaded it.  Returns whether it is bound.  Cheap once it is. */
int driver_bind(void);

/* The hook for a pointer that the driver handed out, or the pointer itself. */
void *driver_route(void *real);

/* The same for a name that the program looks up, if `found` is the driver's own function of that name; NULL: not ours.
 */
void *driver_route_name(const char *name, void *found);

/* Whether a name is in the table, as a function that has a hook. */
int driver_knows(const char *name);

/* Whether a pointer is one of the hooks. */
int driver_is_hook(const void *function);

/* CUresult → 0 or -errno: the one place that does so. */
int driver_error(CUresult result);

/* Calls between these two do not disturb a capture that another thread has begun in global mode (rule 15). */
CUstreamCaptureMode driver_relax_captures(void);
void driver_restore_captures(CUstreamCaptureMode mode);

/* Makes `context` current in this thread until driver_leave(), with captures undisturbed.  Errors: -errno, nothing
 * changed. */
int driver_enter(void *context, CUstreamCaptureMode *mode);
void driver_leave(CUstreamCaptureMode mode);

/* The calling thread's current context, or NULL. */
CUcontext driver_context(void);

/* What ends: one context, or (NULL) any of them may. */
struct ending {
    CUcontext context;
};

static inline int ending_covers(const struct ending *ending, CUcontext context)
{
    return !ending->context || ending->context == context;
}

/* Asks the driver once what it is.  Context: driver hook, after a call that succeeded. */
void driver_describe(void);

/* What driver_describe() learnt: "libcuda.so.1 12.2, DEVICE"; "" before.  Makes no driver call. */
const char *driver_description(void);
int driver_is_simulated(void);

/* Calls the driver's own function; CUDA_ERROR_NOT_FOUND when it has none. */
#define REAL(id, type, ...) (driver_real(id) ? ((type)driver_real(id))(__VA_ARGS__) : (CUresult)CUDA_ERROR_NOT_FOUND)

#endif
