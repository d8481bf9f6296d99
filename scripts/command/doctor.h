/* What the parts of autopin doctor share.  One thread, no lock. */
#ifndef AUTOPIN_DOCTOR_H
#define AUTOPIN_DOCTOR_H

enum verdict {
    VERDICT_GOOD,
    VERDICT_NOTE,  /* neither good nor bad */
    VERDICT_CHANGE /* `change` says what to do */
};

/* One line; change: NULL unless it is VERDICT_CHANGE. */
void doctor_say(enum verdict verdict, const char *what, const char *change, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* Whether there is a driver, and what it says of itself.  Returns how many devices it has. */
int doctor_look_at_driver(void);

#endif
