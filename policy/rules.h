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

/* Whether a rule matches, and what is in the way when it does not; a nearer miss is a smaller number. */
enum rule_fit {
    RULE_FITS,
    RULE_FUNCTION, /* the module fits, and the function does not */
    RULE_MODULE,   /* no frame that depth allows is in such a module */
    RULE_SMALL,    /* below min_size */
    RULE_LARGE     /* above max_size */
};

/* *frame: the first frame that fits, or comes nearest to it.  Context: hook, worker, or the autopin command. */
enum rule_fit rules_fit(const struct site_rule *rule, const struct rule_subject *subject, unsigned *frame);

/* 1 when the whole text matches.  `*` any run, `?` any byte, `[a-z]` one of a set, `[!a-z]` none of it, `\` takes the
 * next byte as it is.  A set that is not closed stands for itself.  Context: any. */
int rules_glob(const char *pattern, const char *text);

#endif
