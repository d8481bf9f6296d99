/* autopin tune of a report: what it advises, and what caps would have brought, by the curve that it holds.  One thread,
 * no lock. */
#ifndef AUTOPIN_TUNE_REPORT_H
#define AUTOPIN_TUNE_REPORT_H

enum {
    TUNE_CAPS_MOST = 30
};

/* Whether the file begins as JSON does.  What is no file to be read again does not. */
int tune_is_report(const char *file);

/* Prints a pinning.conf to stdout and a summary to stderr.  caps: those to look at, in the notation of pinning.conf; of
 * them the one is taken that saves most.  Returns the exit status; what is wrong has been said. */
int tune_from_report(const char *file, const char *const *caps, unsigned n_caps);

#endif
