/* Stream captures: whether one is going on.  Lock-free. */
#ifndef AUTOPIN_CAPTURES_H
#define AUTOPIN_CAPTURES_H

#include "cuda_min.h"

/* A capture is about to begin; one has ended, or could not begin. */
void capture_begins(void);
void capture_ended(void);

/* Whether one may be going on anywhere in the process. */
int capture_is_possible(void);

/* Whether the stream is being captured.  Asks the driver only once any capture has begun in this process.  A stream of
 * which the driver will not say is taken not to capture: its copies are waited for. */
int capture_is_on(CUstream stream, int per_thread);

#endif
