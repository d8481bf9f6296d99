/* The worker, the end of a context, fork; and what must hold when all is quiet. */

/* --- the worker --- */

inline work_queue(b)
{
    lock_take();
    if
    :: queued[b] -> queued[b] = false; lock_drop(); pin_block(b, true)
    :: else -> lock_drop()
    fi
}

inline work_idle(b)
{
    lock_take();
    if
    :: listed[b] && !queued[b] -> unpin_take(b, ok, BY_WORTH); lock_drop(); if :: ok -> unpin_block(b) :: else fi
    :: else -> lock_drop()
    fi
}

inline work_reap(b)
{
    d_step {
        flights[b]--;
#ifndef MUT_REAPED_TOO_EARLY
        ops[b]--
#endif
    };
#ifndef MUT_FLIGHT_WITHOUT_REF
    block_unref(b, next);
    settle_block(b, next);
#endif
#ifdef MUT_REAPED_TOO_EARLY
    ops[b]--
#endif
}

#define ROUND(work) work_begin(); work; work_end()

active proctype worker()
{
    LOCALS;
end_idle:
    do
    :: queued[0] -> ROUND(work_queue(0))
    :: LAST > 0 && queued[LAST] -> ROUND(work_queue(LAST))
    :: flights[0] > 0 -> ROUND(work_reap(0))
    :: LAST > 0 && flights[LAST] > 0 -> ROUND(work_reap(LAST))
    :: IDLE && (state[0] == BLOCK_PINNED || state[0] == BLOCK_QUARANTINED) -> ROUND(work_idle(0))
    :: IDLE && LAST > 0 && (state[LAST] == BLOCK_PINNED || state[LAST] == BLOCK_QUARANTINED) -> ROUND(work_idle(LAST))
    od
}

/* --- memory is short, or another size comes: the place is emptied --- */

active [PLACE] proctype shedder()
{
    LOCALS;
#ifdef MUT_DISPLACED_BEFORE_THE_PLACE
    before = place;
    if
    :: before < BLOCKS ->
        block_displace(before, was_ready);
        if :: was_ready -> in_arena[before] = true :: else fi;
        d_step { if :: place == before -> place = BLOCKS :: else fi }
    :: else
    fi
#else
    d_step { before = place; place = BLOCKS };
    displaced()
#endif
}

/* --- the end of a context: what copied in it has returned, what comes copies in another --- */

#define GONE_WITH_CONTEXT(b) \
    MUST(27, !registering[b] || context_of[b] != 1); \
    MUST(27, !unregistering[b] || context_of[b] != 1); \
    MUST(27, pins[b] == 0 || context_of[b] != 1 || stuck[b])

active [DESTROY] proctype destroyer()
{
    LOCALS;
    atomic { context = 2; context_calls == 0 };
    unpin_all(BY_CONTEXT, 1);
    d_step { /* cuCtxDestroy */
        destroyed = true;
        GONE_WITH_CONTEXT(0);
        GONE_WITH_CONTEXT(LAST)
    }
}

/* --- fork: what the child finds --- */

#define CHILD_FORGETS(b) (listed[b] || queued[b])
#ifdef MUT_CHILD_FORGETS_THE_QUEUE_ONLY
#undef CHILD_FORGETS
#define CHILD_FORGETS(b) queued[b]
#endif
#define IN_CHILD(b) \
    if \
    :: CHILD_FORGETS(b) -> \
        child = (state[b] == BLOCK_QUARANTINED || freed[b] -> BLOCK_GONE : BLOCK_PLAIN); \
        MUST(28, !live[b] || child == BLOCK_PLAIN) /* what the program holds stays */ \
    :: else -> child = state[b] \
    fi; \
    MUST(28, child == BLOCK_GONE || child == BLOCK_READY || child == BLOCK_PLAIN || child == BLOCK_MOVING || child == BLOCK_KEPT)

active [FORK] proctype forker()
{
    LOCALS;
    mtype child;
    forking = true;
    if
    :: busy == 0
    :: true /* it does not wait for ever */
    fi;
    lock_take();
    d_step { /* in the child: one thread, no driver, and every block is memory or free */
        IN_CHILD(0);
        IN_CHILD(LAST)
    };
    lock_drop();
    forking = false
}

/* --- when nobody can go on --- */

#define AT_REST(b) \
    MUST(REST, placed[b] == (place == b)); \
    MUST(REST, refs[b] == 0 && ops[b] == 0 && app[b] == 0 && app_pins[b] == 0 && !queued[b]); \
    MUST(REST, state[b] != BLOCK_PINNING && state[b] != BLOCK_UNPINNING && state[b] != BLOCK_MOVING); \
    MUST(REST, live[b] || state[b] == BLOCK_KEPT || held[b] || \
           (in_arena[b] && !listed[b]) || (state[b] == BLOCK_READY && place == b && !in_arena[b] && !listed[b]) || (state[b] == BLOCK_QUARANTINED && listed[b] && resting[b])); \
    MUST(REST, (pins[b] == 1) == \
         (state[b] == BLOCK_PINNED || state[b] == BLOCK_QUARANTINED || state[b] == BLOCK_KEPT)); \
    MUST(REST, listed[b] == (state[b] == BLOCK_PINNED || state[b] == BLOCK_QUARANTINED))

active proctype at_rest()
{
    timeout;
    d_step {
        MUST(REST, busy == 0 && lock == 0 && !forking);
        MUST(REST, used_bytes == phys_bytes && used_regions == phys_regions);
        AT_REST(0);
        AT_REST(LAST)
    }
}

init
{
    failures = FAILURES
}
