/* What tests of the engine share: invented blocks and sites, and a backend that counts what it has locked.  Callers:
 * test_engine*.c, test_decide.c.  Every test runs in a process of its own (Criterion forks), so the engine begins
 * empty. */
#ifndef AUTOPIN_ENGINE_FIXTURE_H
#define AUTOPIN_ENGINE_FIXTURE_H

#include "policy/engine.h"
#include "policy/ledger.h"
#include "policy/record.h"
#include "tests/unit/fake_prim.h"

#include <criterion/criterion.h>

#define MIB (1ull << 20)
#define MS  1000000ull
#define SEC 1000000000ull

/* The system as the backend sees it. */
struct witness {
    _Atomic uint64_t locked, locked_most; /* bytes between prim_pin() and prim_unpin() */
    unsigned process;                     /* raised by a test that plays a forked child: it inherits no locks */
    _Atomic unsigned wrong_pins;          /* pins of a block not PINNING, unpins of one not UNPINNING */
    _Atomic unsigned wrong_releases;      /* of a block that is locked, claimed, or not GONE */
};
extern struct witness witness;

/* For .init of a test: backend cuda, room for everything. */
void eng_init(void);

/* The same with this pinning.conf; call it first thing in a test. */
void eng_start(const char *conf);

/* What prim_pin() and prim_unpin() do then: counted by the witness. */
int eng_lock(struct block *block);
int eng_unlock(struct block *block);

/* A site; those of different n have different stacks.  Its module is called modN. */
struct site *eng_site(unsigned n);

/* A block of this site that the program has just been given. */
struct block *eng_block(struct site *site, size_t bytes);

/* Asks for the block to be pinned as a copy would, and lets the worker do so. */
void eng_promote(struct block *block);

/* The same, and it must work.  eng_pinned() makes the block as well. */
void eng_pin(struct block *block);
struct block *eng_pinned(struct site *site, size_t bytes);

/* Says what being pinned saves with this block lately. */
void eng_worth(struct block *block, uint64_t ns);

/* One copy, as copy.c makes it; returns the decision, and acts on it. */
enum reason eng_copy(struct block *block, uint64_t bytes, uint64_t ns);

void eng_expect_state(const struct block *block, enum block_state state);

/* Nothing was pinned or released that should not have been, and so many bytes are locked. */
void eng_expect_sound(uint64_t locked);

/* A block of 1 MiB is pinned, and that does not end while on_pin() waits for it: which it does, but not for ever. */
void eng_expect_patience(int (*on_pin)(struct block *block));

/* A failure of the next `count` calls of prim_pin() or prim_unpin(), of which there were `calls`. */
struct fake_failure eng_failure(unsigned calls, unsigned count, int err);

#endif
