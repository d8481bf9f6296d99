/* Which object an address belongs to, and what identifies that object in every run.  No lock: not the
 * loader's either, where glibc is 2.35 or newer; callers hold none. */
#ifndef AUTOPIN_MODULES_H
#define AUTOPIN_MODULES_H

#include <link.h>
#include <stdint.h>

#include "policy/site.h"

struct object {
    uintptr_t pc;   /* the address in question */
    uintptr_t load; /* what file offsets are relative to */
    const char *path;
    const ElfW(Dyn) * dynamic;      /* NULL: not known */
    const struct link_map *in_list; /* likewise */
    const ElfW(Phdr) * headers;     /* likewise */
    unsigned n_headers;
};

/* Finds the object that object->pc, which is set, lies in; returns whether there is one. */
int module_find(struct object *object);

/* Fills in a frame whose pc is set.  `module` points into the loader's data. */
void module_of(struct frame *frame);

/* Between these two no object is unloaded by dlclose(); 0: one is just being unloaded, and nothing may be looked at but
 * what the caller's own stack is in. */
int module_hold(void);
void module_release(void);

/* Around dlclose(). */
void module_unload_begin(void);
void module_unload_end(void);

/* In a forked child nobody else holds anything. */
void module_fork_child(void);

/* Whether pc belongs to the dynamic loader itself, or to this library. */
int module_is_loader(uintptr_t pc);
int module_is_own(uintptr_t pc);

#endif
