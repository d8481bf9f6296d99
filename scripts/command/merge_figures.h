/* The sums of a merged report.
 *
 * What each figure becomes: all that was counted is summed, times in copies and pins too, so that a bandwidth is that
 * of one process on average.  Peaks and caps are summed as well: the processes had their memory at once, so the sum is
 * the most that the job can have held, and a cap that it held to.  What is about a node already (max_pinned_node) is
 * that of the node where it is most.  Least and largest sizes of blocks stay what they are. The run is as long as its
 * longest process.  Of a decision that differs between processes, one for pinning is told rather than one against it.
 * All this is the same in whatever order, and of reports that are merged already.
 *
 * Pure functions of what they are given; no lock. */
#ifndef AUTOPIN_MERGE_FIGURES_H
#define AUTOPIN_MERGE_FIGURES_H

#include "policy/report.h"

/* Adds; a sum ends at INT64_MAX, which is the most that jansson takes. */
void merge_add(uint64_t *to, uint64_t value);

/* The same site in another process. */
void merge_site(struct report_site *to, const struct report_site *from);

/* All but the sites and the process. */
void merge_report(struct report *to, const struct report *from);

#endif
