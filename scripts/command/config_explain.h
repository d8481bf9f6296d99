/* Which [site] section catches a site, and why.  One thread, no lock. */
#ifndef AUTOPIN_CONFIG_EXPLAIN_H
#define AUTOPIN_CONFIG_EXPLAIN_H

#include "policy/options.h"

/* Prints it.  site: "MODULE!FUNCTION+SIZE", or a key when report, a file, is not NULL.  Returns the exit status. */
int explain_site(const struct options *options, const char *site, const char *report);

#endif
