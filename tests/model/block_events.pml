/* The events: policy/block.c, function by function. */

#define UNUSED(b) (app[b] == 0 && refs[b] == 0 && !held[b])

inline block_born(b)
{
    d_step {
        MUST(20, state[b] == BLOCK_GONE && UNUSED(b) && !freed[b]);
        state[b] = BLOCK_PLAIN
    }
}

/* --- of a free block, and of one that is freed or served as it is --- */

inline block_place(b)
{
    d_step {
        assert(state[b] == BLOCK_GONE && !placed[b]);
        placed[b] = true
    }
}

inline block_lay(b)
{
    d_step {
        assert(state[b] == BLOCK_GONE && !placed[b]);
        placed[b] = true;
        state[b] = BLOCK_READY
    }
}

inline block_return(b, ok)
{
    d_step {
        assert(state[b] == BLOCK_GONE);
        ok = placed[b];
        if :: ok -> state[b] = BLOCK_READY :: else fi
    }
}

inline block_leave(b, ok)
{
    d_step {
#ifdef MUT_LEAVE_IGNORES_CLAIMS
        ok = state[b] == BLOCK_PLAIN && placed[b];
#else
        ok = state[b] == BLOCK_PLAIN && placed[b] && UNUSED(b) && !freed[b];
#endif
        if :: ok -> state[b] = BLOCK_READY :: else fi
    }
}

inline block_take(b, ok)
{
#ifdef MUT_TAKE_CHECKS_FIRST
    ok = state[b] == BLOCK_READY && placed[b] && UNUSED(b);
    if :: ok -> state[b] = BLOCK_PLAIN :: else fi
#else
    d_step {
        ok = state[b] == BLOCK_READY && placed[b] && UNUSED(b);
        if :: ok -> state[b] = BLOCK_PLAIN :: else fi
    }
#endif
}

inline block_lift(b, ok)
{
    d_step {
        ok = state[b] == BLOCK_READY && placed[b] && UNUSED(b);
        if :: ok -> state[b] = BLOCK_GONE :: else fi
    }
}

inline block_displace(b, ok)
{
    d_step {
        ok = state[b] == BLOCK_READY;
        if :: ok -> state[b] = BLOCK_GONE :: else fi;
        placed[b] = false
    }
}

/* --- of one that may be pinned --- */

inline block_pin_begin(b, ok)
{
#ifdef MUT_PIN_BEGIN_CHECKS_FIRST
    ok = state[b] == BLOCK_PLAIN && app[b] == 0 && !held[b] && !freed[b];
    if :: ok -> state[b] = BLOCK_PINNING :: else fi
#else
    d_step {
#ifdef MUT_PIN_BEGIN_WHEN_PINNING
        ok = (state[b] == BLOCK_PLAIN || state[b] == BLOCK_PINNING) && app[b] == 0 && !held[b] && !freed[b];
#else
        ok = state[b] == BLOCK_PLAIN && app[b] == 0 && !held[b] && !freed[b];
#endif
        if :: ok -> state[b] = BLOCK_PINNING :: else fi
    }
#endif
}

inline block_pin_begin_freed(b, ok)
{
    d_step {
        ok = state[b] == BLOCK_PLAIN && app[b] == 0 && !held[b] && !freed[b];
        if :: ok -> state[b] = BLOCK_PINNING; freed[b] = true :: else fi
    }
}

inline block_move_begin(b, ok)
{
    d_step {
#ifdef MUT_MOVE_WHEN_PINNED
        ok = (state[b] == BLOCK_PLAIN || state[b] == BLOCK_PINNED) && UNUSED(b);
#elif defined(MUT_MOVE_IGNORES_CLAIMS)
        ok = state[b] == BLOCK_PLAIN;
#else
        ok = state[b] == BLOCK_PLAIN && UNUSED(b);
#endif
        if :: ok -> state[b] = BLOCK_MOVING :: else fi
    }
}

inline block_move_end(b)
{
    d_step {
        assert(state[b] == BLOCK_MOVING);
        state[b] = BLOCK_PLAIN
    }
}

#ifdef MUT_UNPIN_IGNORES_REFS
#define MAY_LOSE(b) true
#else
#define MAY_LOSE(b) (refs[b] == 0)
#endif
#ifdef MUT_UNPIN_IGNORES_GRAPH
#define MAY_UNPIN(b) MAY_LOSE(b)
#else
#define MAY_UNPIN(b) (MAY_LOSE(b) && !held[b])
#endif

/* Two compare-and-swaps, as in C. */
inline unpin_begin(b, ok, allowed)
{
    d_step {
        ok = state[b] == BLOCK_PINNED && allowed;
        if :: ok -> state[b] = BLOCK_UNPINNING :: else fi
    }
    d_step {
        if
        :: !ok && state[b] == BLOCK_QUARANTINED && allowed ->
            ok = true;
            state[b] = BLOCK_UNPINNING;
#ifndef MUT_UNPIN_FORGETS_FREED
            freed[b] = true
#endif
        :: else
        fi
    }
}

inline block_unpin_begin(b, ok)
{
    unpin_begin(b, ok, MAY_UNPIN(b))
}

/* What a graph names may go as well: its context is ending. */
inline block_lose_begin(b, ok)
{
    unpin_begin(b, ok, MAY_LOSE(b));
    if :: ok -> d_step { stays[b] = false; losing[b] = true } :: else fi
}

inline block_recycle(b, ok)
{
    d_step {
#ifdef MUT_RECYCLE_IGNORES_REFS
        ok = state[b] == BLOCK_QUARANTINED && app[b] == 0 && !held[b];
#elif defined(MUT_RECYCLE_IGNORES_GRAPH)
        ok = state[b] == BLOCK_QUARANTINED && app[b] == 0 && refs[b] == 0;
#else
        ok = state[b] == BLOCK_QUARANTINED && UNUSED(b);
#endif
        if :: ok -> state[b] = BLOCK_PINNED :: else fi
    }
}

inline block_kept(b, next)
{
    d_step {
        next = NEXT_NOTHING;
        assert(state[b] == BLOCK_UNPINNING || state[b] == BLOCK_PINNING);
        state[b] = BLOCK_KEPT
    }
}

inline block_ref(b, seen)
{
    d_step {
        seen = state[b];
        refs[b]++
    }
}

inline block_pin_done(b, pinned, next)
{
    d_step {
        assert(state[b] == BLOCK_PINNING);
        next = NEXT_NOTHING;
        if
        :: pinned && freed[b] ->
            state[b] = BLOCK_QUARANTINED;
            freed[b] = false;
#ifndef MUT_PIN_DONE_LOSES_QUARANTINE
            next = NEXT_QUARANTINE
#endif
        :: pinned && !freed[b] -> state[b] = BLOCK_PINNED
        :: !pinned && freed[b] && UNUSED(b) ->
            state[b] = BLOCK_GONE;
            freed[b] = false;
            next = NEXT_RELEASE
        :: else -> state[b] = BLOCK_PLAIN
        fi
    }
}

inline block_pin_failed(b, next)
{
    block_pin_done(b, 0, next)
}

/* Inside a d_step, after a claim has been taken away. */
inline settle(b, next)
{
    next = NEXT_NOTHING;
    if
    :: state[b] == BLOCK_PLAIN && freed[b] && UNUSED(b) ->
        state[b] = BLOCK_GONE;
        freed[b] = false;
        next = NEXT_RELEASE
    :: else
    fi
}

inline block_unpin_done(b, next)
{
    d_step {
        assert(state[b] == BLOCK_UNPINNING);
        state[b] = BLOCK_PLAIN
    }
    d_step { settle(b, next) }
}

inline block_free(b, next)
{
    d_step {
        MUST(20, state[b] != BLOCK_GONE && state[b] != BLOCK_READY && state[b] != BLOCK_QUARANTINED && !freed[b]);
        next = NEXT_NOTHING;
        if
#ifdef MUT_FREE_RELEASES_PINNED
        :: state[b] == BLOCK_PINNED && UNUSED(b) ->
            state[b] = BLOCK_GONE;
            next = NEXT_RELEASE
        :: state[b] == BLOCK_PINNED && !UNUSED(b) ->
#else
        :: state[b] == BLOCK_PINNED ->
#endif
            state[b] = BLOCK_QUARANTINED;
            next = NEXT_QUARANTINE
#ifdef MUT_FREE_IGNORES_CLAIMS
        :: state[b] == BLOCK_PLAIN ->
#else
        :: state[b] == BLOCK_PLAIN && UNUSED(b) ->
#endif
            state[b] = BLOCK_GONE;
            next = NEXT_RELEASE
        :: else -> freed[b] = true
        fi
    }
}

inline block_unref(b, next)
{
    d_step {
        assert(refs[b] > 0);
        refs[b]--;
#ifdef MUT_UNREF_DOES_NOT_SETTLE
        next = NEXT_NOTHING
#else
        settle(b, next)
#endif
    }
}

inline block_app_drop(b, next)
{
    d_step {
        assert(app[b] > 0);
        app[b]--;
        settle(b, next)
    }
}

inline block_app_add(b)
{
    app[b]++
}

inline block_hold(b)
{
    held[b] = true
}
