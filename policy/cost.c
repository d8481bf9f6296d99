/* What things cost: see cost.h.  Each figure is one atomic word. */
#include "cost.h"

enum {
    COPY_MIN_BYTES = 1 << 20, /* below this, latency hides the bandwidth */
    PIN_MIN_BYTES = 1 << 20,
};

/* Published for PCIe 5: pageable about 8 GB/s, pinned 50 GB/s. */
static _Atomic uint64_t copy_ps[DIR_COUNT][WAY_COUNT] = {{125, 20, 125}, {125, 20, 125}};
static _Atomic uint32_t copy_seen[DIR_COUNT][WAY_COUNT];

/* Measured on Debian 12, Linux 6: populate 119 us and mlock of resident pages 34 us per MiB; faulting in 282 us per
 * MiB. */
static _Atomic uint64_t pin_ps = 146;
static const uint64_t fault_ps = 269, huge_fault_ps = 53;

/* Follows improvements at once and worsenings slowly: a copy also waits for whatever its stream had to do before. */
static void follow(_Atomic uint64_t *figure, uint64_t sample, int first)
{
    const uint64_t old = atomic_load_explicit(figure, memory_order_relaxed);
    uint64_t next = sample;
    if (!first)
        next = sample < old ? (old + sample) / 2 : old + (sample - old) / 16;
    atomic_store_explicit(figure, next ? next : 1, memory_order_relaxed);
}

void cost_copy_seen(enum direction dir, enum way way, uint64_t bytes, uint64_t ns)
{
    if (bytes < COPY_MIN_BYTES || ns == 0)
        return;
    const uint32_t seen = atomic_fetch_add_explicit(&copy_seen[dir][way], 1, memory_order_relaxed);
    follow(&copy_ps[dir][way], (uint64_t)((double)ns * 1000.0 / (double)bytes), seen == 0);
}

void cost_pin_seen(uint64_t bytes, uint64_t ns)
{
    if (bytes >= PIN_MIN_BYTES)
        follow(&pin_ps, (uint64_t)((double)ns * 1000.0 / (double)bytes), 0);
}

uint64_t cost_copy_ps_per_byte(enum direction dir, enum way way)
{
    return atomic_load_explicit(&copy_ps[dir][way], memory_order_relaxed);
}

int cost_copy_measured(enum direction dir, enum way way)
{
    return atomic_load_explicit(&copy_seen[dir][way], memory_order_relaxed) != 0;
}

static uint64_t price_ns(uint64_t bytes, uint64_t ps_per_byte)
{
    return (uint64_t)((double)bytes * (double)ps_per_byte / 1000.0);
}

uint64_t cost_excess_ns(enum direction dir, uint64_t bytes)
{
    const uint64_t plain = cost_copy_ps_per_byte(dir, WAY_PLAIN), direct = cost_copy_ps_per_byte(dir, WAY_DIRECT);
    return plain > direct ? price_ns(bytes, plain - direct) : 0;
}

uint64_t cost_pin_ns(uint64_t bytes)
{
    return price_ns(bytes, atomic_load_explicit(&pin_ps, memory_order_relaxed));
}

uint64_t cost_fault_ns(uint64_t bytes, int huge)
{
    return price_ns(bytes, huge ? huge_fault_ps : fault_ps);
}
