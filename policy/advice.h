/* Advice: lines for pinning.conf that would have made this run faster, each with the gain that it predicts.
 *
 * Pure functions of a struct report and of the cost model; no lock, no malloc.  Callers: report_text.c, report_json.c,
 * and scripts/replay/.
 */
#ifndef AUTOPIN_ADVICE_H
#define AUTOPIN_ADVICE_H

#include "report.h"

enum {
    ADVICE_MOST = 16 /* in one report */
};

enum advice_kind {
    ADVICE_MAX_PINNED,  /* [limits] max_pinned */
    ADVICE_MAX_REGIONS, /* [limits] max_regions */
    ADVICE_MEMLOCK,     /* not an option: ulimit -l */
    ADVICE_SITE_CAP,    /* max_pinned of a section that exists */
    ADVICE_ALWAYS,      /* promote, in a new section, or in the one that caught the site */
    ADVICE_NEVER
};

struct advice {
    enum advice_kind kind;
    uint64_t gain_ns;               /* what the process would have been spared */
    uint64_t value;                 /* bytes or regions, for those kinds that name a limit */
    const struct report_site *site; /* NULL when it concerns the process */
    char name[OPTION_MAX_NAME], module[OPTION_MAX_GLOB], function[OPTION_MAX_GLOB]; /* of a new section */
};

/* Finds what would have been worth 1 % of the run or 50 ms: limits first, then sites, the largest gain first.
 * Returns how many were entered in out. */
unsigned advice_find(const struct report *report, struct advice out[ADVICE_MOST]);

/* Gives advice about a site a section that would catch it: its name (to be made unique) and what it matches.  Of the
 * report only its way to the names of functions is used.  Returns whether there is one. */
int advice_section(const struct report *report, struct advice *out);

/* A pattern that matches text, whatever bytes text holds, and reads well in the file; cut to cap bytes. */
void advice_pattern(char *out, size_t cap, const char *text);

/* Writes one piece of advice as lines of pinning.conf, ASCII only.  heading: with the [limits] line, if it needs one.
 */
void advice_write(const struct sink *out, const struct advice *advice, int heading);

/* Writes all of them so that they are a valid pinning.conf together. */
void advice_write_all(const struct sink *out, const struct advice *advice, unsigned n);

/* Writes what a report said that was read: lines as they are, but for what is no text. */
void advice_write_given(const struct sink *out, const char *text);

/* For programs that read the report. */
const char *advice_kind_name(enum advice_kind kind);

#endif
