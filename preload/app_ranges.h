/* What the application itself has registered: base, length and context of each.  Lock: RANK_START. */
#ifndef AUTOPIN_APP_RANGES_H
#define AUTOPIN_APP_RANGES_H

#include <stddef.h>
#include <stdint.h>

#include "driver.h"

/* Context: the one of the registration is current. */
void app_range_add(void *base, size_t bytes);

/* Whether a registration of the application's begins at base, and how long it is. */
int app_range_find(const void *base, size_t *bytes);

/* Whether one of them holds part of [base, base + bytes). */
int app_ranges_overlap(uintptr_t base, size_t bytes);

/* Forgets it; returns whether it was known. */
int app_range_remove(const void *base);

/* Contexts have ended, and the application's registrations with them: forgets these, and calls ended() for each. */
void app_ranges_end(const struct ending *ending, void (*ended)(void *base, size_t bytes));

void app_ranges_fork_take(void);
void app_ranges_fork_drop(void);

#endif
