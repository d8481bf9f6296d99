/* What tune.c and tune_conf.c share.  Not for others. */
#ifndef AUTOPIN_SCRIPTS_TUNE_H
#define AUTOPIN_SCRIPTS_TUNE_H

#include "policy/advice.h"
#include "scripts/replay/replay.h"

enum {
    TUNE_SITES = 12,        /* that are looked at, those of which most is copied */
    TUNE_CONF_BYTES = 16384 /* of a pinning.conf */
};

/* A site that matters, and what is proposed for it. */
struct proposal {
    const struct replay_site *of;
    struct site site;        /* as advice.h wants it */
    struct report_site view; /* likewise */
    struct advice advice;    /* its section; kind: of `promote`, unless it is automatic */
    enum promote_mode promote;
    uint64_t gain_ns;    /* by replaying without this section */
    uint64_t relaxed_ns; /* how long asynchronous copies would have been waited for, all of them direct */
};

struct plan {
    struct recorded *recorded;
    uint64_t cap_bytes, cap_gain_ns; /* the latter against no pinning at all */
    struct proposal proposal[TUNE_SITES];
    unsigned n;
};

/* Finds the sites that matter, each with a section that would catch it; sites that one section would catch share it. */
void plan_sites(struct plan *plan);

/* Writes the pinning.conf without the section number `without` (n: with all); explained: with what each line is worth,
 * and what could be said besides. */
void plan_write(const struct plan *plan, unsigned without, int explained, char text[TUNE_CONF_BYTES]);

#endif
