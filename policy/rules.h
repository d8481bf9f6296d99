/* Which [site NAME] section of pinning.conf applies to an allocation.
 *
 * Reads struct options only, which does not change after start: no lock.  Called when a call site is first seen,
 * possibly inside malloc: nothing here allocates or looks at the locale. */
#ifndef AUTOPIN_RULES_H
#define AUTOPIN_RULES_H

#include "options.h"

#define RULE_MAX_FRAMES 16

/* A call site as the rules see it.  frame[0] is the function that allocates, frame[1] its caller ... */
struct rule_subject {
    uint64_t bytes;
    unsigned n_frames;
    struct {
        const char *module;   /* path or file name; NULL = unknown, matches only "*" */
        const char *function; /* NULL = unknown, matches only "*" */
    } frame[RULE_MAX_FRAMES];
};

/* The first rule that matches, in the order of the file; NULL when none does: the plain options then apply.
 * Owns: points into options.  Lock: none.  Context: hook or worker. */
const struct site_rule *rules_match(const struct options *options, const struct rule_subject *subject);

/* 1 when the whole text matches.  `*` any run, `?` any byte, `[a-z]` one of a set, `[!a-z]` none of it, `\` takes the
 * next byte as it is.  A set that is not closed stands for itself.  Context: any. */
int rules_glob(const char *pattern, const char *text);

#endif
