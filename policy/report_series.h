/* The parts of the JSON report that are rows of figures, as values without their keys.
 *
 * No malloc; memory for the rows comes from prim_map() and goes back; without it they are empty.  Caller:
 * report_json.c. */
#ifndef AUTOPIN_REPORT_SERIES_H
#define AUTOPIN_REPORT_SERIES_H

#include "report.h"

/* What history.h has kept: one array for each figure of its points. */
void report_write_history(const struct sink *out, const struct report *report);

/* Seconds saved against cap, by curve.h, of the sites that the report keeps: the most important ones. */
void report_write_curve(const struct sink *out, const struct report *report);

#endif
