/* The points of the history: see history.h.  Who sets history_due_ns to BEING_TAKEN may write; slots are read at any
 * time. */
#include "history.h"

#include <stddef.h>
#include <string.h>

#include "ledger.h"
#include "record.h"

enum {
    SLOTS = HISTORY_POINTS - 1,
    MOST = SLOTS - 1, /* points that stay; one slot is for the change that may */
    WORDS = sizeof(struct history_point) / sizeof(uint64_t),
    TRIES = 4
};
static const uint64_t FIRST_INTERVAL_NS = 1000000;
static const uint64_t BEING_TAKEN = UINT64_MAX;

struct slot {
    _Atomic uint64_t version; /* odd while it is being written */
    _Atomic uint64_t word[WORDS];
};

_Atomic uint64_t history_due_ns;
static struct slot slots[SLOTS];
static _Atomic unsigned n_points;  /* that stay */
static _Atomic unsigned n_passing; /* 1: the slot after them holds a change that has not lasted yet */
static _Atomic uint64_t doublings; /* of the interval */

uint64_t history_interval_ns(void)
{
    return FIRST_INTERVAL_NS << atomic_load_explicit(&doublings, memory_order_relaxed);
}

/* Each word is released after the odd version: who sees one of them sees that it was being written. */
static void slot_write(struct slot *slot, const struct history_point *point)
{
    uint64_t words[WORDS];
    const uint64_t odd = atomic_load_explicit(&slot->version, memory_order_relaxed) | 1;
    memcpy(words, point, sizeof words);
    atomic_store_explicit(&slot->version, odd, memory_order_relaxed);
    for (int i = 0; i < WORDS; i++)
        atomic_store_explicit(&slot->word[i], words[i], memory_order_release);
    atomic_store_explicit(&slot->version, odd + 1, memory_order_release);
}

/* Returns whether it was whole. */
static int slot_read(const struct slot *slot, struct history_point *point)
{
    uint64_t words[WORDS];
    for (int tries = 0; tries < TRIES; tries++) {
        const uint64_t version = atomic_load_explicit(&slot->version, memory_order_acquire);
        for (int i = 0; i < WORDS; i++)
            words[i] = atomic_load_explicit(&slot->word[i], memory_order_acquire);
        if (version % 2 == 0 && atomic_load_explicit(&slot->version, memory_order_relaxed) == version) {
            memcpy(point, words, sizeof words);
            return 1;
        }
    }
    return 0;
}

static uint64_t slot_time(const struct slot *slot)
{
    return atomic_load_explicit(&slot->word[offsetof(struct history_point, time_ns) / sizeof(uint64_t)],
                                memory_order_relaxed);
}

static void count_look(struct history_point *point, int dir, int way, const struct copy_count *count)
{
    point->count[dir][way].bytes = count_get(&count->bytes);
    point->count[dir][way].ns = count_get(&count->ns);
}

static uint64_t since_start(uint64_t now_ns)
{
    return now_ns > record.totals.start_ns ? now_ns - record.totals.start_ns : 0;
}

/* How things stand. */
static void look(struct history_point *point, uint64_t time_ns)
{
    point->time_ns = time_ns;
    point->pinned_bytes = ledger_bytes();
    point->pinned_regions = ledger_regions();
    point->cap_bytes = ledger_cap_now_bytes();
    for (int dir = 0; dir < DIR_COUNT; dir++) {
        for (int way = 0; way < WAY_COUNT; way++)
            count_look(point, dir, way, &record.totals.count[dir][way]);
        count_look(point, dir, HISTORY_FOREIGN, &record.totals.foreign[dir]);
        count_look(point, dir, HISTORY_FOREIGN_STAGED, &record.totals.foreign_staged[dir]);
    }
}

/* Drops every second point, but never the first. */
static unsigned thin(unsigned n)
{
    struct history_point point;
    for (unsigned i = 1; 2 * i < n; i++)
        if (slot_read(&slots[2 * i], &point))
            slot_write(&slots[i], &point);
    count_add(&doublings, 1);
    return (n + 1) / 2;
}

/* When a change was that came before its time: thread by thread, clocks are read in no order. */
static uint64_t after_last(unsigned n, uint64_t time_ns)
{
    const uint64_t last_ns = n ? slot_time(&slots[n - 1]) : 0;
    return time_ns > last_ns ? time_ns : last_ns + 1;
}

/* Where the next point goes: after the change before it, if that has lasted. */
static unsigned make_room(uint64_t time_ns)
{
    unsigned n = atomic_load_explicit(&n_points, memory_order_relaxed);
    if (atomic_load_explicit(&n_passing, memory_order_relaxed) &&
        time_ns - slot_time(&slots[n]) >= history_interval_ns())
        n++;
    return n < MOST ? n : thin(n);
}

void history_take(uint64_t now_ns)
{
    struct history_point point;
    uint64_t due = atomic_load_explicit(&history_due_ns, memory_order_relaxed);
    const int early = now_ns < due;
    if (due == BEING_TAKEN || !atomic_compare_exchange_strong_explicit(&history_due_ns, &due, BEING_TAKEN,
                                                                       memory_order_acquire, memory_order_relaxed))
        return;
    const uint64_t time_ns = since_start(now_ns);
    const unsigned at = early ? atomic_load_explicit(&n_points, memory_order_relaxed) : make_room(time_ns);
    look(&point, early ? after_last(at, time_ns) : time_ns);
    slot_write(&slots[at], &point);
    atomic_store_explicit(&n_passing, early, memory_order_relaxed);
    atomic_store_explicit(&n_points, at + !early, memory_order_release);
    atomic_store_explicit(&history_due_ns, early ? due : now_ns + history_interval_ns(), memory_order_release);
}

/* Points that are being moved may be seen twice, or after later ones. */
unsigned history_read(struct history_point out[HISTORY_POINTS], uint64_t now_ns)
{
    uint64_t last_ns = 0;
    unsigned n = 0, seen = atomic_load_explicit(&n_points, memory_order_acquire);
    seen += atomic_load_explicit(&n_passing, memory_order_relaxed);
    for (unsigned i = 0; i < seen && i < SLOTS; i++)
        if (slot_read(&slots[i], &out[n]) && (n == 0 || out[n].time_ns > last_ns))
            last_ns = out[n++].time_ns;
    const uint64_t time_ns = since_start(now_ns);
    if (n && time_ns <= last_ns)
        n--;
    look(&out[n], time_ns > last_ns ? time_ns : last_ns);
    return n + 1;
}

void history_forget(void)
{
    atomic_store(&n_points, 0);
    atomic_store(&n_passing, 0);
    atomic_store(&doublings, 0);
    atomic_store(&history_due_ns, 0);
}
