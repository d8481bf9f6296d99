/* Which [site] sections catch what a source file allocates.  One thread, no lock. */
#ifndef AUTOPIN_CONFIG_SOURCE_H
#define AUTOPIN_CONFIG_SOURCE_H

/* Prints them.  pattern: of a path, or of a file name; report: a file; debug: as for symbols_add().  Returns the exit
 * status. */
int source_sections(const char *pattern, const char *report, const char *debug);

#endif
