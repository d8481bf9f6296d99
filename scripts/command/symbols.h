/* Source lines for the frames of a report: functions, files and lines out of the debug information of the modules.
 *
 * The modules are read by a child (symbols_child.c), since a file that a report names may be anything: what it hangs on
 * or crashes at costs those lines and one note.  Nothing is fetched from anywhere.  One thread, no lock. */
#ifndef AUTOPIN_COMMAND_SYMBOLS_H
#define AUTOPIN_COMMAND_SYMBOLS_H

#include <stddef.h>
#include <stdint.h>

#include "scripts/command/report_read.h"

/* An address in a module. */
struct place {
    const char *module, *build_id; /* build_id: hexadecimal, "" when it has none */
    uint64_t offset;               /* of the return address */
    json_t *frame;
};

/* Gives every frame of the report's JSON that it can a list "source": {"function", "file", "line"}, the innermost of
 * inlined functions first; and the report one note for each module whose file cannot serve.  debug: a folder of
 * separate debug files beside /usr/lib/debug, or NULL. */
void symbols_add(struct loaded *report, const char *debug);

/* Gives a report a note; returns whether there was room for it. */
int symbols_note(struct loaded *report, const char *text);

/* Prints that list.  For struct report. */
void symbols_print(const struct sink *out, const struct frame *frame);

/* In the child: answers for places[from..n), which are in order, as lines of JSON: {"at": place, "source": [...]}, and
 * {"note": text}.  Whatever is being looked at was named by a line {"at": place} before.  Does not return. */
void symbols_child(const struct place *places, size_t from, size_t n, const char *debug, int out)
    __attribute__((noreturn));

/* Whether two neighbours are of the same module; of the same address. */
int symbols_same_module(const struct place *a, const struct place *b);
int symbols_same_place(const struct place *a, const struct place *b);

struct Dwfl_Module;

/* Writes the list for an address of a module, as JSON; [] when nothing is known. */
void symbols_write_source(const struct sink *out, struct Dwfl_Module *module, uint64_t address);

#endif
