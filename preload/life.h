/* The life of autopin in a process: start at first need, fork, end.
 *
 * Nothing is read, reserved or started before the first large allocation or the first sight of a driver. */
#ifndef AUTOPIN_LIFE_H
#define AUTOPIN_LIFE_H

#include <stddef.h>

#include "policy/options.h"

/* Blocks from this size on are autopin's business.  Before the start: the least that min_size may be, so that the
 * first candidate starts autopin; afterwards min_size, or SIZE_MAX when autopin stays out. */
extern size_t life_threshold __attribute__((visibility("hidden")));

enum life_state {
    LIFE_UNBORN,
    LIFE_STARTING,
    LIFE_ON,
    LIFE_OFF
};

/* Starts autopin unless it has been; returns whether it is on.  A thread that comes while another starts is told no. */
int life_on(void);

/* Whether it is on already. */
int life_is_on(void);

/* The options in force; good once life_on(). */
const struct options *life_options(void);

/* Whether this is the process (or a child made by fork()) that the state belongs to, not a vfork() child. */
int life_is_own_process(void);

/* Something that the report should say: at most eight are kept; `note` must stay valid. */
void life_note(const char *note);
unsigned life_notes(const char *const **notes);

/* Stops pins for good, in time for the driver's own end.  Registered with atexit() when the worker starts. */
void life_quiesce(void);

#endif
