/* The exports of the driver for which autopin has a hook, as its table of entry points says. */
#ifndef SIM_CLIENT_HOOKED_H
#define SIM_CLIENT_HOOKED_H

#include <string.h>

static const char *const hooked[] = {
#define NAME_LIBC(name)
#define NAME_HOOK(name)  #name,
#define NAME_GUARD(name) #name,
#define NAME_PASS(name)
#define NAME_USE(name)
#define ENTRY(name, group, kind, since, reason) NAME_##kind(name)
#include "preload/entry_points.def"
    NULL};

static int is_hooked(const char *name)
{
    for (int i = 0; hooked[i]; i++)
        if (strcmp(hooked[i], name) == 0)
            return 1;
    return 0;
}

#endif
