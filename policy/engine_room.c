/* Room for a pin: the caps, eviction, memory.  See engine.h.  No lock is held across prim_unpin(). */
#include <errno.h>

#include "decide.h"
#include "engine_int.h"
#include "ledger.h"
#include "pace.h"
#include "prim.h"
#include "record.h"
#include "rent.h"

uint32_t regions_of(const struct block *block)
{
    return (uint32_t)((block->pin_bytes + PIN_PIECE_BYTES - 1) / PIN_PIECE_BYTES);
}

static int evictable(const struct block *block)
{
    const uint32_t word = block_word(block);
    const enum block_state state = WORD_STATE(word);
    return (state == BLOCK_PINNED || state == BLOCK_QUARANTINED) && WORD_REFS(word) == 0 && (word & WORD_HELD) == 0;
}

/* Which blocks may go. */
struct choice {
    const struct block *candidate; /* that is worth more; NULL: it need not be */
    const struct site *among;      /* of one site; NULL: of all */
    int resting;                   /* of those that nobody holds */
};

static int is_choice(const struct block *block, const struct choice *choice)
{
    return evictable(block) && (!choice->among || block->site == choice->among) &&
           (!choice->resting || block_state(block) == BLOCK_QUARANTINED);
}

/* The least worthy of them, now UNPINNING; NULL when there is none. */
static struct block *victim_take(const struct choice *choice)
{
    const uint64_t now = worth_clock();
    struct block *victim = NULL;
    lock_take(&engine.lock);
    for (struct block *block = engine.pinned; block; block = block->pin_next)
        if (is_choice(block, choice) && (!victim || worth_less(block, victim, now)))
            victim = block;
    if (victim && (!choice->candidate || worth_outbids(choice->candidate, victim, now)) && block_unpin_begin(victim))
        rest_remove(victim);
    else
        victim = NULL;
    lock_drop(&engine.lock);
    return victim;
}

static int evict(const struct choice *choice)
{
    struct block *victim = victim_take(choice);
    if (!victim)
        return 0;
    unpin_block(victim, 1);
    return 1;
}

int evict_for(const struct block *candidate, const struct site *among)
{
    return evict(&(struct choice){.candidate = candidate, .among = among});
}

int evict_least(int resting)
{
    return evict(&(struct choice){.resting = resting});
}

int site_reserve(struct site *site, size_t bytes)
{
    uint64_t used = count_get(&site->pinned_bytes);
    do {
        if (bytes > site->max_pinned || used > site->max_pinned - bytes)
            return 0;
    } while (!atomic_compare_exchange_weak(&site->pinned_bytes, &used, used + bytes));
    return 1;
}

struct room {
    uint64_t bytes, regions;
};

/* What evicting everything that is worth less (of the site `among`, or of all) would give. */
static struct room evictable_room(const struct block *candidate, const struct site *among)
{
    const uint64_t now = worth_clock();
    struct room room = {0, 0};
    lock_take(&engine.lock);
    for (const struct block *block = engine.pinned; block; block = block->pin_next) {
        if (!evictable(block) || (among && block->site != among) || !worth_outbids(candidate, block, now))
            continue;
        room.bytes += block->pin_bytes;
        room.regions += regions_of(block);
    }
    lock_drop(&engine.lock);
    return room;
}

static uint64_t beyond(uint64_t wanted, uint64_t there)
{
    return wanted > there ? wanted - there : 0;
}

/* Slots for staged copies give way as far as evicting leaves something wanting: a block that is pinned is not staged,
 * and they are made anew in no time.  Returns whether some did. */
static int slots_give_way(const struct room *wanted, const struct room *blocks)
{
    const uint64_t slots = count_get(&record.totals.staging_bytes), bytes = beyond(wanted->bytes, blocks->bytes),
                   of_regions = beyond(wanted->regions, blocks->regions) * PACE_CHUNK_MOST,
                   most = bytes > of_regions ? bytes : of_regions;
    if (most > slots)
        return 0;
    prim_shed_slots(most);
    return count_get(&record.totals.staging_bytes) < slots;
}

/* Makes some of the room that is wanted, of blocks that are worth less (of the site `among`, or of all) and of slots;
 * nothing goes in vain.  Returns whether it did. */
static int make_room(const struct block *candidate, const struct site *among, uint64_t bytes, uint64_t regions)
{
    const struct room wanted = {bytes, regions}, blocks = evictable_room(candidate, among);
    if (blocks.bytes >= bytes && blocks.regions >= regions)
        return evict_for(candidate, among);
    return !among && slots_give_way(&wanted, &blocks);
}

/* How much more is wanted than there is. */
static uint64_t missing(uint64_t cap, uint64_t used, uint64_t wanted)
{
    const uint64_t room = cap > used ? cap - used : 0;
    return wanted > room ? wanted - room : 0;
}

/* How much of it does not fit under the cap that was in the way; 0 when room has come, or nothing helps. */
static uint64_t missing_bytes(const struct block *block, int rc)
{
    if (rc == -EDQUOT)
        return missing(ledger_node_cap_bytes(), ledger_node_bytes(), block->pin_bytes);
    const uint64_t cap = ledger_cap_now_bytes(), used = ledger_bytes(); /* the cap may have come down below that */
    return missing(cap, used, block->pin_bytes) + (used > cap ? used - cap : 0);
}

/* Why there is no room under the caps. */
static enum reason reason_full(int rc)
{
    if (rc == -EMFILE)
        return REASON_REGIONS;
    if (rc == -EDQUOT)
        return REASON_NODE_CAP;
    return ledger_cap_now_bytes() < ledger_cap_bytes() ? REASON_MEMORY_LOW : REASON_CAP;
}

static enum reason reserve_cap(struct block *block, int may_evict)
{
    for (;;) {
        const int rc = ledger_reserve(block->pin_bytes, regions_of(block));
        if (rc == 0)
            return REASON_NONE;
        if (!may_evict)
            return REASON_CAP; /* it waits for one who may */
        const uint64_t bytes = missing_bytes(block, rc);
        const uint64_t regions = missing(ledger_cap_regions(), ledger_regions(), regions_of(block));
        if ((rc == -EDQUOT && bytes == 0) || !make_room(block, NULL, bytes, regions)) {
            rent_ask_later(block, decide_price_ns(block));
            return reason_full(rc);
        }
    }
}

/* The same for the site's own cap. */
static enum reason reserve_site_cap(struct block *block, int may_evict)
{
    struct site *site = block->site;
    while (!site_reserve(site, block->pin_bytes)) {
        const uint64_t bytes = missing(site->max_pinned, count_get(&site->pinned_bytes), block->pin_bytes);
        if (!may_evict || block->pin_bytes > site->max_pinned || !make_room(block, site, bytes, 0)) {
            if (may_evict)
                rent_ask_later(block, decide_price_ns(block));
            return REASON_SITE_CAP;
        }
    }
    return REASON_NONE;
}

size_t absent_bytes(const struct block *block, size_t bytes)
{
    return bytes - prim_resident_bytes(block->base, bytes);
}

int is_sparse(const struct block *block, size_t bytes, size_t absent)
{
    return block->site->promote.mode != PROMOTE_ALWAYS && absent > bytes / 4;
}

enum reason reserve(struct block *block, int may_evict)
{
    struct site *site = block->site;
    const uint32_t word = block_word(block);
    if (block->pin_backend != engine_backend())
        return REASON_NOT_YET;
    if (WORD_APP(word))
        return REASON_APPLICATION;
    if (word & WORD_HELD)
        return REASON_GRAPH;
    if (block->pin_bytes > ledger_cap_bytes())
        return REASON_CAP;
    if (block->pin_bytes > ledger_cap_now_bytes())
        return REASON_MEMORY_LOW;
    if (ledger_node_cap_bytes() && block->pin_bytes > ledger_node_cap_bytes())
        return REASON_NODE_CAP;
    const size_t absent = block->pin_absent = absent_bytes(block, block->pin_bytes);
    if (is_sparse(block, block->pin_bytes, absent))
        return REASON_SPARSE;
    if (!prim_memory_take(absent, engine.options->min_free))
        return REASON_MEMORY_LOW;
    if (reserve_site_cap(block, may_evict) != REASON_NONE)
        return REASON_SITE_CAP;
    const enum reason reason = reserve_cap(block, may_evict);
    if (reason != REASON_NONE)
        level_sub(&site->pinned_bytes, block->pin_bytes);
    return reason;
}
