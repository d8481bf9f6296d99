/* Tuning: see replay.h. */
#include "scripts/command/replay.h"

#include <stdio.h>

int tune(struct recorded *recorded, const uint64_t *caps, unsigned n_caps)
{
    (void)recorded, (void)caps, (void)n_caps;
    fputs("autopin-replay: --tune is still to come\n", stderr);
    return 1;
}
