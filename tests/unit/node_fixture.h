/* Processes of a node as the tests of policy/node_ledger.c see them: a table that they share, and who lives. */
#ifndef AUTOPIN_NODE_FIXTURE_H
#define AUTOPIN_NODE_FIXTURE_H

#include "policy/node_ledger.h"

#include <stdatomic.h>

enum {
    ME = 1000, /* the process of the test; others of its making are ME + 1 and so on */
    PROCESSES = 8
};

/* In memory that processes share; each of them maps the table for itself. */
struct world {
    struct node_table table;
    _Atomic uint64_t lives[1 + PROCESSES]; /* the names of processes that live */
    _Atomic uint64_t held[PROCESSES], given_back, over, refused, granted, most;
};
extern struct world *world;
extern int world_fd;      /* without it there is no table */
extern uint64_t own_name; /* what prim_process() says */
extern unsigned asked;    /* calls of prim_process_lives() */

/* fake_reset(), and a world in which all live and nobody holds anything. */
void world_bring(void);

/* The next of a row of random numbers. */
uint64_t draw(uint64_t *state);

#endif
