/* Reads one pinning.conf, and states what is wrong in a configuration.
 *
 * conf.c owns the line-by-line state of the file while it is read; conf_store.c owns the storing and complaining that
 * options.c needs for variables too.  Called once at start.  One thread, no lock, no allocation, errno untouched. */
#ifndef AUTOPIN_CONF_H
#define AUTOPIN_CONF_H

#include "options.h"

#define CONF_MAX_BYTES      (1u << 20) /* of a file */
#define CONF_MAX_LINE       1024       /* bytes of a line with its end */
#define CONF_MAX_COMPLAINTS 20         /* shown; the rest is one sentence */
#define CONF_SHOW           "%.40s"    /* of what the user wrote */

/* A load in progress. */
struct conf_load {
    struct options *out;
    const struct options_source *src;
};

/* Where a value was written. */
struct conf_place {
    const char *name; /* file or variable */
    unsigned line;    /* 0: a variable */
};

/* One complaint: "autopin: NAME:LINE: " and the sentence. */
void conf_complain(struct conf_load *load, const struct conf_place *place, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Parses text into the option, or into the rule when it is not NULL, and notes the origin; complains when it is wrong.
 * Errors: 0, or -errno of parse_option(); the earlier value then stays. */
int conf_store(struct conf_load *load, const struct conf_place *place, const struct option_info *info,
               struct site_rule *rule, const char *text);

/* 1 for the keys that say which allocations a site section is about.  id: enum option_id. */
int conf_is_match(size_t id);

/* Reads a whole file that is in memory already.  Complains about bad lines; uses all others. */
void conf_read(struct conf_load *load, const char *file, const char *text, size_t len);

#endif
