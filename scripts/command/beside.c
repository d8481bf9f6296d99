/* Files beside the command.  See beside.h.  One thread, no lock. */
#define _GNU_SOURCE
#include "scripts/command/beside.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "scripts/command/command.h"

const char *beside_folder(void)
{
    static char folder[4096];
    const ssize_t len = readlink("/proc/self/exe", folder, sizeof folder - 1);
    folder[len > 0 ? len : 0] = 0;
    char *slash = strrchr(folder, '/');
    folder[slash ? slash + 1 - folder : 0] = 0;
    return folder;
}

const char *beside_find(const char *const *places)
{
    const char *folder = beside_folder();
    for (; *folder && *places; places++) {
        char *path = NULL;
        if (asprintf(&path, "%s%s", folder, *places) >= 0 && access(path, R_OK) == 0)
            return path;
    }
    return NULL;
}

int beside_become(const char *subcommand, const char *path, const char *const *argv)
{
    fflush(stdout);
    execv(path, (char *const *)argv);
    return command_fail(COMMAND_WRONG, "autopin %s: %s cannot be run: %s", subcommand, path, strerrordesc_np(errno));
}
