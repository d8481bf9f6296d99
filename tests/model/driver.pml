/* The ledger (policy/ledger.c), and the driver and the arena below the engine.
 * Each actor has the LOCALS. */

#define LOCALS bool ok, in_free, was_ready; mtype next, seen; byte victim, before = BLOCKS

/* What free may neither do nor wait for (rule 22), and what must not happen under the lock. */
#define DRIVER_CALL MUST(22, !in_free); assert(lock != _pid + 1)
#define WAIT(condition) MUST(22, !in_free); assert(lock != _pid + 1); (condition)

inline lock_take()
{
    atomic {
        assert(lock != _pid + 1);
        lock == 0 -> lock = _pid + 1
    }
}

inline lock_drop()
{
    lock = 0
}

/* --- the ledger: two counters, each reserved by compare-and-swap (rule 32) --- */

inline ledger_reserve(b, ok)
{
#ifdef MUT_LEDGER_CHECKS_FIRST
    ok = used_regions + SIZE(b) <= CAP_REGIONS && used_bytes + SIZE(b) <= CAP_BYTES;
    if :: ok -> d_step { used_regions = used_regions + SIZE(b); used_bytes = used_bytes + SIZE(b) } :: else fi
#elif defined(MUT_LEDGER_IGNORES_REGIONS)
    d_step {
        ok = used_bytes + SIZE(b) <= CAP_BYTES;
        if :: ok -> used_bytes = used_bytes + SIZE(b); used_regions = used_regions + SIZE(b) :: else fi
    }
#else
    d_step {
        ok = used_regions + SIZE(b) <= CAP_REGIONS;
        if :: ok -> used_regions = used_regions + SIZE(b) :: else fi
    }
    if
    :: ok ->
        d_step {
            ok = used_bytes + SIZE(b) <= CAP_BYTES;
            if :: ok -> used_bytes = used_bytes + SIZE(b) :: else fi
        }
        if :: !ok -> used_regions = used_regions - SIZE(b) :: else fi
    :: else
    fi
#endif
}

inline ledger_release(b)
{
    d_step {
        used_bytes = used_bytes - SIZE(b);
        used_regions = used_regions - SIZE(b)
    }
}

/* --- the driver --- */

inline phys_add(b)
{
    phys_bytes = phys_bytes + SIZE(b);
    phys_regions = phys_regions + SIZE(b);
    MUST(32, phys_bytes <= CAP_BYTES && phys_regions <= CAP_REGIONS)
}

inline phys_sub(b)
{
    phys_bytes = phys_bytes - SIZE(b);
    phys_regions = phys_regions - SIZE(b)
}

/* rc: 0 pinned, 1 not, 2 stuck half-way.  Its pages may be locked from the beginning on. */
inline prim_pin(b, rc)
{
    DRIVER_CALL;
    d_step {
        MUST(30, pins[b] == 0 && !registering[b] && !unregistering[b]);
        MUST(20, !in_arena[b] && state[b] == BLOCK_PINNING);
        MUST(27, !destroyed || context_of[b] != 1);
        registering[b] = true;
        phys_add(b)
    }
    atomic {
        registering[b] = false;
        if
        :: app_pins[b] == 0 -> rc = 0; pins[b]++
        :: app_pins[b] > 0 -> rc = 1; phys_sub(b) /* 712 */
        :: failures > 0 -> failures--; rc = 1; phys_sub(b)
        :: failures > 0 && app_pins[b] == 0 -> failures--; rc = 2; pins[b]++; stuck[b] = true
        fi
    }
}

inline prim_unpin(b, rc)
{
    DRIVER_CALL;
    d_step {
        MUST(30, pins[b] == 1 && !registering[b] && !unregistering[b]);
        MUST(23, ops[b] == 0);
        MUST(20, !in_arena[b]);
        MUST(27, !destroyed || context_of[b] != 1);
        MUST(14, !stays[b]);
        unregistering[b] = true
    }
    atomic {
        d_step { unregistering[b] = false; losing[b] = false };
        MUST(23, ops[b] == 0);
        if
        :: rc = 0; pins[b]--; phys_sub(b)
        :: failures > 0 -> failures--; rc = 1; stuck[b] = true
        fi
    }
}

/* --- the arena: a list of free slots, and a place --- */

/* What was in the place is in it no more: whoever took it out, and nobody else, does this. */
inline displaced()
{
    if
    :: before < BLOCKS ->
        block_displace(before, was_ready);
        if :: was_ready -> in_arena[before] = true :: else fi
    :: else
    fi;
    d_step { before = BLOCKS; was_ready = false }
}

inline hot_put(b)
{
#ifdef MUT_LAID_AFTER_THE_EXCHANGE
    d_step { before = place; place = b };
    block_lay(b);
#else
    block_lay(b);
    d_step { before = place; place = b };
#endif
    displaced()
}

inline hot_adopt(b)
{
    block_place(b);
    d_step {
        ok = place == BLOCKS;
        if :: ok -> place = b :: else fi
    }
    if :: !ok -> block_displace(b, was_ready) :: else fi;
    was_ready = false
}

/* One whose pages stay resident goes back to its place, or gets one. */
inline keep(b)
{
    block_return(b, was_ready);
    if :: was_ready :: else -> hot_put(b) fi;
    was_ready = false
}

inline prim_release(b)
{
    d_step {
        MUST(20, !in_arena[b] && !live[b] && state[b] == BLOCK_GONE);
        MUST(20, pins[b] == 0 && app_pins[b] == 0 && !registering[b]);
        MUST(23, ops[b] == 0 && flights[b] == 0);
        MUST(14, !held[b])
    }
    if
    :: in_arena[b] = true
    :: PLACE -> keep(b)
    fi
}
