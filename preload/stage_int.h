/* What stage.c and stage_chunks.c share: a copy on its way, and its chunks.  Not for others. */
#ifndef AUTOPIN_STAGE_INT_H
#define AUTOPIN_STAGE_INT_H

#include "driver.h"
#include "stage.h"
#include "stage_ring.h"
#include "stage_team.h"

struct stage {
    struct stage_job job;
    struct slot *slots[PACE_DEPTH_MOST];
    uintptr_t device;
    CUstream stream;
    int per_thread, async;
    uint32_t chunks;
    uint32_t first;   /* chunks opened (host to device) or sent for (device to host): the first thing done with each */
    uint32_t second;  /* chunks on the link, or arrived */
    uint32_t through; /* device to host: chunks drained */
    uint64_t idle, waits, waited_at_ns; /* for policy/pace.h */
    uint64_t setup_ns;                  /* spent on slots: once and never again */
};

/* While there are too few slots yet, makes plain copies of parts of the copy, of *begun bytes from its beginning, and
 * has the worker make slots meanwhile.  Results: the driver's. */
CUresult stage_begin(const struct copy *copy, enum direction dir, stage_plain plain, struct block *block,
                     size_t *begun);

/* The slot of a chunk that has one. */
struct slot *stage_slot(const struct stage *s, uint32_t chunk);

/* Gives the chunk a slot, if need be a new one; when there is none, those there are have to do.  Returns whether it has
 * one now. */
int stage_provide(struct stage *s, uint32_t chunk);

/* Hands a chunk to the driver, on the program's stream, and puts a mark behind it.  Results: the driver's. */
CUresult stage_transfer(struct stage *s, uint32_t chunk);

/* Whether the transfer in the chunk's slot is over. */
int stage_is_over(struct stage *s, uint32_t chunk);

/* Waits for it.  Results: the driver's; after an error the slot is lost. */
CUresult stage_await(struct stage *s, uint32_t chunk);

#endif
