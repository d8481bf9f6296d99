/* The engine: lists, pins and unpins, demotion (policy/engine*.c). */

/* --- lists --- */

inline rest_add(b)
{
    if
    :: resting[b]
    :: else ->
        lock_take();
        rest_insert(b);
        lock_drop()
    fi
}

inline rest_insert(b)
{
    if :: state[b] == BLOCK_QUARANTINED -> resting[b] = true :: else fi
}

/* One that is in use.  Lock: held. */
inline rest_skip(b)
{
#ifdef MUT_SKIPPED_ALTHOUGH_FREED
    resting[b] = false
#else
    resting[b] = false;
    rest_insert(b)
#endif
}

inline settle_block(b, next)
{
    if
    :: next == NEXT_QUARANTINE -> rest_add(b)
    :: next == NEXT_RELEASE -> prim_release(b)
    :: else
    fi
}

/* Out of the lists by the event that ends a pin, under one lock: a fork finds a block with a pin in the list. */
inline pinned_end(b, event)
{
    lock_take();
    d_step { listed[b] = false; resting[b] = false; queued[b] = false };
#ifdef MUT_DELISTED_BEFORE_THE_EVENT
    lock_drop();
#endif
    if
    :: event == PIN_FAILED -> block_pin_failed(b, next)
    :: event == UNPIN_DONE -> block_unpin_done(b, next)
    :: event == KEPT -> block_kept(b, next)
    fi;
#ifndef MUT_DELISTED_BEFORE_THE_EVENT
    lock_drop();
#endif
    settle_block(b, next)
}

inline work_begin()
{
    do
    :: busy++;
       if
       :: !forking -> break
       :: else -> busy--; WAIT(!forking)
       fi
    od
}

inline work_end()
{
    busy--
}

/* Lets a fork pass while its caller waits or goes on. */
inline engine_pause()
{
#ifdef MUT_DEMOTE_WAITS_WHILE_BUSY
    skip
#else
    if
    :: forking -> work_end(); work_begin()
    :: else
    fi
#endif
}

/* --- unpinning --- */

/* An UNPINNING block.  It leaves the list only now, so that whoever needs its pin gone can wait for it. */
inline unpin_block(b)
{
    byte unpin_rc;
#ifdef MUT_LEDGER_RELEASED_FIRST
    ledger_release(b);
#endif
    prim_unpin(b, unpin_rc);
    if
#ifndef MUT_FAILED_UNPIN_IS_FORGOTTEN
    :: unpin_rc != 0 -> pinned_end(b, KEPT)
#endif
    :: else ->
#ifndef MUT_LEDGER_RELEASED_FIRST
        ledger_release(b);
#endif
        pinned_end(b, UNPIN_DONE)
    fi;
    unpin_rc = 0
}

/* Found in the list under the lock, now UNPINNING, no longer to be recycled. */
inline unpin_take(b, ok, how)
{
    if
    :: how == BY_CONTEXT -> block_lose_begin(b, ok)
    :: how != BY_CONTEXT -> block_unpin_begin(b, ok)
    fi;
    if
    :: ok ->
        d_step {
            resting[b] = false;
#ifdef MUT_UNPINNING_IS_NOT_LISTED
            listed[b] = false
#endif
        }
    :: else
    fi
}

/* Any other block: which one is a matter of worth. */
inline evict_for(b, ok)
{
    victim = LAST - b; /* with two blocks there is one other */
    lock_take();
    if
    :: victim != b && listed[victim] && !queued[victim] -> unpin_take(victim, ok, BY_WORTH)
    :: else -> ok = false
    fi;
    lock_drop();
    if :: ok -> unpin_block(victim) :: else fi
}

/* --- pinning --- */

/* A PINNING block that is in no queue; inside work_begin().  Where something would have to be unpinned first, it is
 * queued unless may_evict. */
inline pin_block(b, may_evict)
{
    byte pin_rc;
    bool queue_it;
    ok = app[b] == 0 && !held[b];
    if
    :: ok ->
        do
        :: ledger_reserve(b, ok);
           if
           :: ok -> break
           :: !ok && !may_evict -> queue_it = true; break
           :: !ok && may_evict ->
               evict_for(b, ok);
               if :: ok :: !ok -> break fi
           fi
        od
    :: else
    fi;
    if
    :: queue_it ->
        lock_take();
        queued[b] = true;
        lock_drop()
    :: ok ->
        prim_pin(b, pin_rc);
        if
        :: pin_rc == 2 -> pinned_end(b, KEPT)
        :: pin_rc == 1 -> ledger_release(b); pinned_end(b, PIN_FAILED)
        :: else ->
            block_pin_done(b, 1, next);
            settle_block(b, next)
        fi
    :: else -> pinned_end(b, PIN_FAILED)
    fi;
    d_step { pin_rc = 0; queue_it = false }
}

/* PINNING and into the list (and the queue) under one lock: a fork finds it in both or in neither. */
inline promote_listed(b, what_context, queue, freeing)
{
#ifndef MUT_PIN_BEGUN_BEFORE_THE_LOCK
    lock_take();
#endif
    if
    :: freeing -> block_pin_begin_freed(b, ok)
    :: !freeing -> block_pin_begin(b, ok)
    fi;
#ifdef MUT_PIN_BEGUN_BEFORE_THE_LOCK
    lock_take();
#endif
    if
    :: ok ->
        d_step {
            MUST(30, !listed[b]);
            context_of[b] = what_context;
            listed[b] = true;
            queued[b] = queue
        }
    :: else
    fi;
    lock_drop()
}

inline engine_promote(b, what_context)
{
    if
    :: promote_listed(b, what_context, true, false)
    :: !MLOCK -> /* pin_wait */
        promote_listed(b, what_context, false, false);
        if
        :: ok ->
            work_begin();
            pin_block(b, false);
            work_end()
        :: else
        fi
    fi
}

/* --- demotion --- */

#define MATCHES(b, how, it) ((how == BY_BLOCK && b == it) || (how == BY_CONTEXT && context_of[b] == it))

/* In the list, and in the way: what has been taken off the queue is waited for. */
#ifdef MUT_DEMOTE_SKIPS_PINNING
#define BEGUN(b) (state[b] != BLOCK_PINNING)
#else
#define BEGUN(b) true
#endif
#ifdef MUT_LOSE_SPARES_GRAPHS
#define SPARED(b, how) held[b]
#else
#define SPARED(b, how) (held[b] && how != BY_CONTEXT)
#endif
#define DEMOTABLE(b, how, it) (listed[b] && MATCHES(b, how, it) && \
                               (queued[b] || (state[b] != BLOCK_KEPT && !SPARED(b, how) && BEGUN(b))))
#define UNDER_WAY(b) (state[b] == BLOCK_PINNING || state[b] == BLOCK_UNPINNING || refs[b] > 0)

#ifdef MUT_DEMOTE_WAITS_WHILE_BUSY
#define PAUSED false
#else
#define PAUSED forking
#endif

/* Lock: taken by the caller, dropped here. */
inline demote_one(b, how, it)
{
    if
    :: queued[b] ->
        d_step { queued[b] = false; listed[b] = false };
        block_pin_failed(b, next);
        lock_drop();
        settle_block(b, next)
    :: else ->
        unpin_take(b, ok, how);
        lock_drop();
        if
        :: ok -> unpin_block(b)
        :: else -> WAIT(PAUSED || !UNDER_WAY(b) || !DEMOTABLE(b, how, it))
        fi
    fi
}

inline unpin_all(how, it)
{
    work_begin();
    do
    :: lock_take();
       if
       :: DEMOTABLE(0, how, it) -> demote_one(0, how, it)
       :: LAST > 0 && DEMOTABLE(LAST, how, it) -> demote_one(LAST, how, it)
       :: else -> lock_drop(); break
       fi;
       engine_pause()
    od;
    work_end()
}

inline engine_demote(b)
{
    do
    :: state[b] == BLOCK_PLAIN || state[b] == BLOCK_MOVING || state[b] == BLOCK_GONE || state[b] == BLOCK_READY ||
       state[b] == BLOCK_KEPT || held[b] ->
        break
    :: else -> unpin_all(BY_BLOCK, b)
    od
}
