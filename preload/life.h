/* The life of autopin in a process: start at first need, fork, end.
 *
 * Nothing is read, reserved or started before the first large allocation or the first sight of a driver. */
#ifndef AUTOPIN_LIFE_H
#define AUTOPIN_LIFE_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/options.h"
#include "self.h"

/* Blocks from this size on are autopin's business.  Before the start: the least that min_size may be, so that the
 * first candidate starts autopin; afterwards min_size, or SIZE_MAX when autopin stays out. */
extern size_t life_threshold __attribute__((visibility("hidden")));
extern size_t life_min_size __attribute__((visibility("hidden"))); /* as the options say; good once life_on() */

enum life_state {
    LIFE_UNBORN,
    LIFE_STARTING,
    LIFE_ON,
    LIFE_OFF
};

/* Starts autopin unless it has been; returns whether it is on.  A thread that comes while another starts is told no. */
int life_on(void);

extern _Atomic uint32_t life_state __attribute__((visibility("hidden"))); /* enum life_state */

/* Whether it is on already. */
static inline int life_is_on(void)
{
    return atomic_load_explicit(&life_state, memory_order_acquire) == LIFE_ON;
}

/* The options in force; good once life_on(). */
const struct options *life_options(void);

/* Whether this is the process (or a child made by fork()) that the state belongs to, not a vfork() child. */
int life_is_own_process(void);

/* A word that is wiped in a child process, however it was made; NULL: not known.  glibc's fork() runs handlers there,
 * _Fork() and a plain clone do not: life_forked() then forgets what they would have forgotten. */
extern _Atomic uint32_t *life_mark __attribute__((visibility("hidden")));
void life_forked(void);

static inline int life_is_forked(void)
{
    return UNLIKELY(life_mark && atomic_load_explicit(life_mark, memory_order_acquire) != 1);
}

static inline void life_notice_fork(void)
{
    if (life_is_forked())
        life_forked();
}

/* Something that the report should say: at most eight are kept; `note` must stay valid. */
void life_note(const char *note);
unsigned life_notes(const char *const **notes);

/* Stops pins for good, in time for the driver's own end.  Registered with atexit() when the worker starts. */
void life_quiesce(void);

#endif
