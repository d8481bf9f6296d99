/* What is installed beside the command: found from where the command itself lies, in a build folder as well as in a
 * prefix. */
#ifndef AUTOPIN_BESIDE_H
#define AUTOPIN_BESIDE_H

#include <stddef.h>

/* The folder of the command, with a / at its end; "" when the system does not say. */
const char *beside_folder(void);

/* The first readable one of places (relative to that folder, up to a NULL), in memory of its own; NULL when none is. */
const char *beside_find(const char *const *places);

/* Becomes that program.  Returns a status, COMMAND_WRONG, once it has been said why it could not. */
int beside_become(const char *subcommand, const char *path, const char *const *argv);

#endif
