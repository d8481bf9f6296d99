/* One view of autopin top: how a running process stands, and what it did since the view before.  One thread, no lock.
 */
#ifndef AUTOPIN_TOP_VIEW_H
#define AUTOPIN_TOP_VIEW_H

#include "policy/report.h"

enum {
    TOP_WAYS = WAY_COUNT + 2 /* with foreign copies, and foreign ones that are staged */
};

/* What rates are made of. */
struct top_sample {
    uint64_t now_ns, large_blocks, faults_avoided;
    struct report_count count[DIR_COUNT][TOP_WAYS];
};

/* What is counted now: record_read() has taken it in. */
void top_sample(struct top_sample *out, const struct report_process *process);

/* Writes the view.  rows: how many lines it may have; the least is some 12. */
void top_view(const struct sink *out, const struct report_process *process, const struct top_sample *before,
              const struct top_sample *now, unsigned rows);

#endif
