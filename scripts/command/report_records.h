/* autopin report without a file: what records of processes there are.  One thread, no lock.  Return exit statuses. */
#ifndef AUTOPIN_REPORT_RECORDS_H
#define AUTOPIN_REPORT_RECORDS_H

/* Prints a line for each. */
int report_list_records(void);

/* Removes those of processes that are gone. */
int report_clean_records(void);

#endif
