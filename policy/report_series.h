/* The run over time in a report, and the parts of its JSON that are rows of figures.
 *
 * No malloc; memory comes from prim_map() and goes back; without it the rows are empty.  Callers: report.c,
 * report_json.c. */
#ifndef AUTOPIN_REPORT_SERIES_H
#define AUTOPIN_REPORT_SERIES_H

#include "report.h"

/* A number as it stands in JSON: readers whose numbers have a sign refuse a document with anything larger. */
static inline unsigned long long report_number(uint64_t value)
{
    return value < INT64_MAX ? value : INT64_MAX;
}

/* Takes what history.h has kept, with a last point of now, and gives the memory back. */
void report_take_history(struct report *report);
void report_drop_history(struct report *report);

/* Write a value without its key.  The history: one array for each figure of its points. */
void report_write_history(const struct sink *out, const struct report *report);

/* Seconds saved against cap, by curve.h, of the sites that the report keeps: the most important ones.  A byte costs to
 * pin what it cost in this run. */
void report_write_curve(const struct sink *out, const struct report *report);

#endif
