/* Relief: memory that is given back while it runs short.  See pressure.h for when and how much.  The worker alone comes
 * here, between work_begin() and work_end(), with no lock held. */
#include "engine_int.h"
#include "history.h"
#include "ledger.h"
#include "pressure.h"
#include "prim.h"
#include "record.h"

static const uint64_t LOOK_NS = 1000000000; /* the kernel brings its averages up to date every two seconds */

static struct pressure pressure; /* these two: the worker's */
static uint64_t looked_ns;

static void count_back(uint64_t before)
{
    const uint64_t now = ledger_bytes();
    if (now < before)
        count_add(&record.totals.given_back_bytes, before - now);
}

/* Until no more than the cap is pinned: what nobody holds goes first, since its memory is then free. */
static void shed(int resting)
{
    uint64_t before = ledger_bytes();
    while (before > ledger_cap_now_bytes() && engine_pause() && evict_least(resting)) {
        count_back(before);
        before = ledger_bytes();
    }
}

static void shed_slots(void)
{
    const uint64_t before = ledger_bytes(), cap = ledger_cap_now_bytes();
    if (engine_pause()) {
        prim_trim(before > cap ? before - cap : 0);
        count_back(before);
    }
}

static void tell(enum pressure_why why)
{
    count_add(why == PRESSURE_FREE ? &record.totals.lowered_min_free : &record.totals.lowered_pressure, 1);
    prim_log(2, "autopin: memory is short (%s): at most %llu MiB stay page-locked",
             why == PRESSURE_FREE ? "min_free" : "max_pressure", (unsigned long long)(ledger_cap_now_bytes() >> 20));
}

static void look(uint64_t now_ns)
{
    const struct options *options = engine.options;
    const struct pressure_bounds bounds = {ledger_cap_bytes(), options->min_free, options->max_pressure};
    struct pressure_seen seen;
    prim_memory_look(&seen);
    const enum pressure_why why = pressure_look(&pressure, &bounds, &seen, ledger_bytes(), now_ns);
    ledger_set_cap_now(pressure_cap(&pressure, bounds.cap_bytes));
    if (why != PRESSURE_NONE)
        tell(why);
    if (why == PRESSURE_NONE && ledger_bytes() <= ledger_cap_now_bytes())
        return;
    shed(1);
    shed_slots();
    shed(0);
    history_take(prim_now_ns());
}

static int is_concerned(void)
{
    return engine.options->min_free || engine.options->max_pressure;
}

void relieve(uint64_t now_ns)
{
    if (!is_concerned() || (!ledger_bytes() && !pressure.lowered) || now_ns - looked_ns < LOOK_NS)
        return;
    looked_ns = now_ns;
    look(now_ns);
}

uint64_t relief_wait_ns(uint64_t now_ns)
{
    if (!is_concerned() || !ledger_bytes())
        return UINT64_MAX;
    return now_ns - looked_ns < LOOK_NS ? looked_ns + LOOK_NS - now_ns : LOOK_NS;
}

void relief_forget(void)
{
    pressure = (struct pressure){0};
    looked_ns = 0;
}
