/* The terminal of autopin top: keys, waiting, and drawing over what was there.  One thread, no lock. */
#ifndef AUTOPIN_TOP_SCREEN_H
#define AUTOPIN_TOP_SCREEN_H

#include <stddef.h>
#include <stdint.h>

/* SIGINT and SIGTERM end the waiting from now on.  drawing: stdout is a terminal, which is cleared; keys come from
 * stdin if that is one too.  It is as it was after screen_end(). */
void screen_begin(int drawing);
void screen_end(void);

/* Waits so long, or until q or Ctrl-C.  Returns whether it is to end. */
int screen_wait(uint64_t ns);

/* How many lines the terminal has; 24 when it does not say. */
unsigned screen_rows(void);

/* Shows a text of whole lines, cut to the terminal, in place of the one before. */
void screen_draw(const char *text);

#endif
