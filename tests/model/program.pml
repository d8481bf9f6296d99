/* The program's threads: malloc, realloc, free; copies; registrations of its own; graphs. */

/* --- malloc, realloc, free --- */

inline engine_free(b)
{
    in_free = true;
#ifdef MUT_FREE_WAITS
    WAIT(refs[b] == 0);
#endif
    ok = false;
    if
    :: PLACE -> block_leave(b, ok)
    :: true
    fi;
    if
    :: ok
    :: !ok && MLOCK && state[b] == BLOCK_PLAIN -> /* worth locking for the next of its site */
        promote_listed(b, 0, true, true)
    :: !ok
    fi;
    if
    :: !ok ->
        block_free(b, next);
#ifdef MUT_FREE_UNPINS
        block_unpin_begin(b, ok);
        if :: ok -> next = NEXT_NOTHING; unpin_block(b) :: else fi;
#endif
        settle_block(b, next)
    :: else
    fi;
    in_free = false
}

/* It was quarantined, and is served again. */
inline recycled(b)
{
    d_step {
        MUST(23, ops[b] == 0);
        MUST(20, app_pins[b] == 0);
        MUST(14, !held[b]);
        MUST(20, pins[b] == 1 && !live[b] && !in_arena[b] && !unregistering[b]);
        live[b] = true;
        mine = b
    }
}

/* Any slot: quarantined (recycled under the lock), or from the arena. */
inline recycle(b)
{
    lock_take();
    if
    :: resting[b] && state[b] != BLOCK_QUARANTINED -> rest_skip(b)
    :: resting[b] && state[b] == BLOCK_QUARANTINED ->
        block_recycle(b, ok);
        if
        :: ok ->
            resting[b] = false;
            recycled(b)
        :: else
        fi
    :: else
    fi;
    lock_drop()
}

/* The one that its stack was served before: no lock, so that it may be being unpinned in the next moment, as any that
 * is in use; and it stays in the list. */
inline recycle_this(b)
{
    atomic {
        block_recycle(b, ok);
        if :: ok -> recycled(b) :: else fi
    }
}

#define NOBODYS(b) \
    MUST(20, pins[b] == 0 && app_pins[b] == 0 && !live[b] && !in_arena[b]); \
    MUST(23, ops[b] == 0)

inline fresh(b)
{
    d_step {
        NOBODYS(b);
        mine = b
    };
    block_born(b);
    live[b] = true
}

/* From the arena's list; it gets the place, if that is empty and it has none. */
inline listed_slot(b)
{
    if :: PLACE && !placed[b] -> hot_adopt(b) :: true fi;
    fresh(b)
}

/* Whoever knows of it may have it: from its place, or as the last one of a stack. */
inline ready(b)
{
    if
    :: block_take(b, ok);
       if
       :: ok ->
           d_step {
               NOBODYS(b);
               mine = b;
               live[b] = true
           }
       :: else
       fi
    :: block_lift(b, ok); /* for a size a little smaller */
       if :: ok -> fresh(b) :: else fi
    fi
}

/* realloc moves the pages of a block, or cuts it: whatever its owner knew of it is void meanwhile. */
inline move(b)
{
    live[b] = false;
    block_move_begin(b, ok);
    if
    :: ok ->
        MUST(24, pins[b] == 0 && app_pins[b] == 0 && !registering[b]);
        MUST(23, ops[b] == 0);
        MUST(14, !held[b]);
        skip; /* mremap */
        MUST(24, pins[b] == 0 && app_pins[b] == 0 && !registering[b]);
        MUST(23, ops[b] == 0);
        block_move_end(b)
    :: else
    fi;
    live[b] = true
}

active [OWNERS] proctype owner()
{
    LOCALS;
    byte mine, round;
    do
    :: round == ROUNDS -> break
    :: round < ROUNDS ->
        round++;
        mine = BLOCKS;
        if
        :: resting[0] -> recycle(0)
        :: LAST > 0 && resting[LAST] -> recycle(LAST)
        :: state[0] == BLOCK_QUARANTINED -> recycle_this(0)
        :: LAST > 0 && state[LAST] == BLOCK_QUARANTINED -> recycle_this(LAST)
        :: atomic { in_arena[0] -> in_arena[0] = false }; listed_slot(0)
        :: atomic { LAST > 0 && in_arena[LAST] -> in_arena[LAST] = false }; listed_slot(LAST)
        :: state[0] == BLOCK_READY -> ready(0)
        :: LAST > 0 && state[LAST] == BLOCK_READY -> ready(LAST)
        :: true /* the next allocator's */
        fi;
        if
        :: mine < BLOCKS ->
            if
            :: atomic { calls[mine] == 0 -> live[mine] = false }; move(mine)
            :: true
            fi;
            atomic { RACY || calls[mine] == 0 -> live[mine] = false };
            engine_free(mine)
        :: else
        fi
    od;
    owners_left--
}

/* --- copies --- */

#define NAMES_A_LIVE_BLOCK \
    if \
    :: live[0] -> at = 0; calls[at]++ \
    :: LAST > 0 && live[LAST] -> at = LAST; calls[at]++ \
    :: owners_left == 0 -> goto done \
    fi

active [COPIERS] proctype copier()
{
    LOCALS;
    byte at, mine_context, round;
    do
    :: round == COPIES -> break
    :: round < COPIES ->
        round++;
        atomic {
            NAMES_A_LIVE_BLOCK;
            mine_context = context;
            context_calls = context_calls + (context == 1);
            block_ref(at, seen) /* here, since a racy program's free does not wait for this call */
        };
        if
        :: seen == BLOCK_UNPINNING /* through a bounce buffer or a shadow: the driver does not touch the block's pages */
        :: else ->
            ops[at]++;
            if
            :: (seen == BLOCK_PINNED || seen == BLOCK_KEPT) && !MLOCK ->
                MUST(20, pins[at] == 1);
                if
                :: true -> ops[at]-- /* waited for */
                :: true ->          /* relaxed: the worker asks after it */
#ifdef MUT_FLIGHT_WITHOUT_REF
                    flights[at]++
#else
                    block_ref(at, seen);
                    flights[at]++
#endif
                fi
            :: else -> ops[at]--
            fi
        fi;
        seen = 0;
        block_unref(at, next);
        settle_block(at, next);
        if :: !MLOCK -> engine_promote(at, mine_context) :: true fi;
        d_step {
            calls[at]--;
            context_calls = context_calls - (mine_context == 1)
        }
    od;
done: skip
}

/* --- the program's own registrations, and graphs --- */

active [APP] proctype application()
{
    LOCALS;
    byte at;
    bool registered;
#ifdef MUT_CLAIM_AFTER_DEMOTION
    atomic { NAMES_A_LIVE_BLOCK };
    engine_demote(at);
    block_app_add(at);
#elif defined(MUT_CLAIM_DOES_NOT_DEMOTE)
    atomic { NAMES_A_LIVE_BLOCK; block_app_add(at) };
#else
    atomic { NAMES_A_LIVE_BLOCK; block_app_add(at) };
    engine_demote(at);
#endif
    atomic { /* cuMemHostRegister */
        MUST(25, pins[at] == 0 || state[at] == BLOCK_KEPT || held[at]);
        registered = pins[at] == 0 && !registering[at];
        app_pins[at] = app_pins[at] + registered
    };
    if
    :: registered -> calls[at]-- /* and the program may free it as it is */
    :: else
    fi;
    if
    :: registered ->
#ifdef MUT_APP_DROPPED_BEFORE_UNREGISTERED
        block_app_drop(at, next);
        settle_block(at, next);
        app_pins[at]--
#else
        app_pins[at]--;
        block_app_drop(at, next);
        settle_block(at, next)
#endif
    :: else ->
        block_app_drop(at, next);
        settle_block(at, next);
        calls[at]--
    fi;
done: skip
}

/* The graph is made only when no registration of its memory is about to end, but for one whose context ends: that would
 * end as well if the graph were there already. */
active [GRAPH] proctype graph()
{
    LOCALS;
    byte at;
    atomic { NAMES_A_LIVE_BLOCK };
    block_hold(at);
#ifndef MUT_HOLD_DOES_NOT_WAIT
    WAIT(state[at] != BLOCK_UNPINNING);
#endif
    atomic {
        MUST(14, !unregistering[at] || losing[at]);
        stays[at] = pins[at] == 1 && state[at] != BLOCK_UNPINNING;
        calls[at]--
    };
done: skip
}
