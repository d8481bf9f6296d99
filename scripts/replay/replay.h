/* autopin-replay: what a recorded trace would have taken under other caps, and the pinning.conf that would have taken
 * least.  No lock: one thread. */
#ifndef AUTOPIN_SCRIPTS_REPLAY_H
#define AUTOPIN_SCRIPTS_REPLAY_H

#include "policy/replay/read.h"

/* autopin-replay [--tune] [--conf FILE] TRACE [--cap BYTES]...  Returns the exit status: 0; 1 the trace cannot be read
 * or replayed; 2 it was asked for wrongly. */
int replay_main(int argc, char **argv);

enum {
    CAPS_MOST = 16
};

/* Proposes a pinning.conf on stdout, and says on stderr what it is worth.  Returns the exit status. */
int tune(struct recorded *recorded, const uint64_t *caps, unsigned n_caps);

/* Replays under one conf.  A replay that fails ends the program. */
void replay_conf(struct recorded *recorded, const char *conf, struct outcome *out);

/* Under a cap and nothing else. */
void replay_cap(struct recorded *recorded, uint64_t cap_bytes, struct outcome *out);

/* What is felt and paid: copies, pins, unpins.  Units: ns. */
uint64_t replay_cost(const struct outcome *outcome);

#endif
