/* What things cost: see cost.h.  Each figure is one atomic word. */
#include "cost.h"

enum {
    COPY_MIN_BYTES = 1 << 20, /* below this, latency hides the bandwidth */
    PIN_MIN_BYTES = 1 << 20,
    DIRECT_PS = 20,
    SIZES = 4,        /* below 64 KiB, 1 MiB, 16 MiB; and above */
    SURE_COPIES = 8,  /* of a way, before it is given up */
    FIRST_COPIES = 4, /* direct ones that are not believed at once */
    ASK_AGAIN = 256,  /* unpinned copies, before direct ones that were found no faster are tried again; doubled then */
};

/* Published for PCIe 5: pageable about 8 GB/s, pinned 50 GB/s.  In the order of enum way. */
static _Atomic uint64_t copy_ps[DIR_COUNT][WAY_COUNT] = {{125, 80, DIRECT_PS, 125}, {125, 80, DIRECT_PS, 125}};
static _Atomic uint32_t copy_seen[DIR_COUNT][WAY_COUNT];

/* The same by size, where latency counts for more or less; 0: not measured. */
static _Atomic uint64_t sized_ps[DIR_COUNT][WAY_COUNT][SIZES];

/* Unpinned copies made since direct ones were found no faster, and how many to make before those are tried. */
static struct doubt {
    _Atomic uint32_t copies, most;
} doubts[DIR_COUNT][SIZES];

/* Measured on Debian 12, Linux 6: populate 119 us and mlock of resident pages 34 us per MiB; faulting in 282 us per
 * MiB. Until a pin is seen here, resident pages are taken to cost both: a driver does more than mlock. */
enum pages {
    PAGES_RESIDENT,
    PAGES_ABSENT,
    PAGES_HUGE,
    PAGES_COUNT
};
static _Atomic uint64_t pin_ps[PAGES_COUNT] = {146, 259, 146};
static _Atomic uint32_t pin_seen[PAGES_COUNT];
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

static uint64_t no_more_than(uint64_t value, uint64_t most)
{
    return value > most ? most : value;
}

static unsigned size_index(uint64_t bytes)
{
    static const unsigned border_log2[] = {16, 20, 24};
    unsigned size = 0;
    while (size < SIZES - 1 && bytes >> border_log2[size])
        size++;
    return size;
}

static uint64_t price_ns(uint64_t bytes, uint64_t ps_per_byte)
{
    return (uint64_t)((double)bytes * (double)ps_per_byte / 1000.0);
}

static uint64_t pin_price_ns(enum pages pages, uint64_t bytes)
{
    return price_ns(bytes, atomic_load_explicit(&pin_ps[pages], memory_order_relaxed));
}

static void learn_pin(enum pages pages, uint64_t bytes, uint64_t ns)
{
    const uint32_t seen = atomic_fetch_add_explicit(&pin_seen[pages], 1, memory_order_relaxed);
    follow(&pin_ps[pages], cost_ps_per_byte(bytes, ns), seen == 0);
}

/* What is left of the time when the smaller part has had what it usually takes is the larger part's. */
void cost_pin_seen(uint64_t bytes, uint64_t absent_bytes, int huge, uint64_t ns)
{
    const uint64_t resident = bytes - absent_bytes;
    if (bytes < PIN_MIN_BYTES)
        return;
    const enum pages major = absent_bytes > resident ? PAGES_ABSENT : PAGES_RESIDENT;
    const uint64_t least = major == PAGES_ABSENT ? resident : absent_bytes;
    const uint64_t minor_ns = pin_price_ns(major == PAGES_ABSENT ? PAGES_RESIDENT : PAGES_ABSENT, least);
    if (huge)
        learn_pin(PAGES_HUGE, bytes, ns);
    else if (minor_ns < ns)
        learn_pin(major, bytes - least, ns - minor_ns);
}

uint64_t cost_copy_ps_per_byte(enum direction dir, enum way way)
{
    return atomic_load_explicit(&copy_ps[dir][way], memory_order_relaxed);
}

uint32_t cost_copy_samples(enum direction dir, enum way way)
{
    return atomic_load_explicit(&copy_seen[dir][way], memory_order_relaxed);
}

/* Of a direct copy the way that it would have gone otherwise: staged, once copies have been.  What plain ones take is
 * not believed against that before there was one. */
static enum way unpinned_way(enum direction dir, enum way way)
{
    if (way == WAY_PLAIN || way == WAY_STAGED)
        return way;
    const int staged = cost_copy_samples(dir, WAY_STAGED) &&
                       (!cost_copy_samples(dir, WAY_PLAIN) ||
                        cost_copy_ps_per_byte(dir, WAY_STAGED) < cost_copy_ps_per_byte(dir, WAY_PLAIN));
    return staged ? WAY_STAGED : WAY_PLAIN;
}

/* What a byte of a copy of `bytes` takes longer this way than direct. */
static uint64_t gain_ps(enum direction dir, enum way way, uint64_t bytes)
{
    const unsigned size = size_index(bytes);
    const enum way otherwise = unpinned_way(dir, way);
    uint64_t without = atomic_load_explicit(&sized_ps[dir][otherwise][size], memory_order_relaxed);
    uint64_t direct = atomic_load_explicit(&sized_ps[dir][WAY_DIRECT][size], memory_order_relaxed);
    if (without == 0 || direct == 0) {
        without = cost_copy_ps_per_byte(dir, otherwise);
        direct = cost_copy_ps_per_byte(dir, WAY_DIRECT);
    }
    return without > direct ? without - direct : 0;
}

uint64_t cost_excess_ns(enum direction dir, enum way way, uint64_t bytes)
{
    return price_ns(bytes, gain_ps(dir, way, bytes));
}

/* Direct copies may have been slow for what their streams had to do before them, and then nobody makes another one: in
 * the end what is known of them is forgotten. */
static void doubt_direct(enum direction dir, enum way way, unsigned size)
{
    struct doubt *doubt = &doubts[dir][size];
    if (!cost_copy_samples(dir, WAY_DIRECT) &&
        !atomic_load_explicit(&sized_ps[dir][WAY_DIRECT][size], memory_order_relaxed))
        return;
    const uint32_t known = atomic_load_explicit(&doubt->most, memory_order_relaxed), most = known ? known : ASK_AGAIN;
    if (atomic_fetch_add_explicit(&doubt->copies, 1, memory_order_relaxed) + 1 < most)
        return;
    atomic_store_explicit(&doubt->copies, 0, memory_order_relaxed);
    atomic_store_explicit(&doubt->most, most <= UINT32_MAX / 2 ? 2 * most : most, memory_order_relaxed);
    atomic_store_explicit(&sized_ps[dir][WAY_DIRECT][size], 0, memory_order_relaxed);
    const uint64_t without = cost_copy_ps_per_byte(dir, way);
    if (without > cost_copy_ps_per_byte(dir, WAY_DIRECT))
        return;
    atomic_store_explicit(&copy_seen[dir][WAY_DIRECT], 0, memory_order_relaxed);
    atomic_store_explicit(&copy_ps[dir][WAY_DIRECT], no_more_than(without / 2, DIRECT_PS), memory_order_relaxed);
}

/* Whether it is one of the first direct copies.  One that waited for something else would be taken for what the way is
 * worth, so none of these makes it more than twice as slow. */
static int is_doubtful(enum direction dir, enum way way)
{
    return way == WAY_DIRECT && cost_copy_samples(dir, way) < FIRST_COPIES;
}

static void large_copy_seen(enum direction dir, enum way way, uint64_t bytes, uint64_t ns)
{
    const uint64_t sample = cost_ps_per_byte(bytes, ns);
    const int doubtful = is_doubtful(dir, way);
    const uint64_t ps = doubtful ? no_more_than(sample, 2 * cost_copy_ps_per_byte(dir, way)) : sample;
    const uint32_t seen = atomic_fetch_add_explicit(&copy_seen[dir][way], 1, memory_order_relaxed);
    _Atomic uint64_t *sized = &sized_ps[dir][way][size_index(bytes)];
    follow(sized, ps, doubtful || atomic_load_explicit(sized, memory_order_relaxed) == 0);
    follow(&copy_ps[dir][way], ps, doubtful || seen == 0);
}

static void small_copy_seen(enum direction dir, enum way way, uint64_t bytes, uint64_t ns)
{
    _Atomic uint64_t *sized = &sized_ps[dir][way][size_index(bytes)];
    follow(sized, cost_ps_per_byte(bytes, ns), atomic_load_explicit(sized, memory_order_relaxed) == 0);
}

void cost_copy_seen(enum direction dir, enum way way, uint64_t bytes, uint64_t ns)
{
    if (bytes == 0 || ns == 0)
        return;
    if (bytes >= COPY_MIN_BYTES)
        large_copy_seen(dir, way, bytes, ns);
    else
        small_copy_seen(dir, way, bytes, ns);
    if ((way == WAY_PLAIN || way == WAY_STAGED) && gain_ps(dir, way, bytes) == 0)
        doubt_direct(dir, way, size_index(bytes));
}

int cost_no_gain(enum direction dir)
{
    const uint32_t direct = atomic_load_explicit(&copy_seen[dir][WAY_DIRECT], memory_order_relaxed);
    const enum way otherwise = unpinned_way(dir, WAY_DIRECT);
    return direct >= SURE_COPIES && cost_copy_samples(dir, otherwise) &&
           cost_copy_ps_per_byte(dir, otherwise) <= cost_copy_ps_per_byte(dir, WAY_DIRECT);
}

int cost_given_up(void)
{
    int given_up = 0;
    for (int dir = 0; dir < DIR_COUNT; dir++) {
        if (!cost_copy_samples(dir, WAY_DIRECT))
            continue;
        if (!cost_no_gain(dir))
            return 0;
        given_up = 1;
    }
    return given_up;
}

uint64_t cost_pin_ns(uint64_t bytes)
{
    return pin_price_ns(PAGES_RESIDENT, bytes);
}

uint64_t cost_pin_parts_ns(uint64_t bytes, uint64_t absent_bytes, int huge)
{
    return huge ? pin_price_ns(PAGES_HUGE, bytes)
                : pin_price_ns(PAGES_RESIDENT, bytes - absent_bytes) + pin_price_ns(PAGES_ABSENT, absent_bytes);
}

uint64_t cost_fault_ns(uint64_t bytes, int huge)
{
    return price_ns(bytes, huge ? huge_fault_ps : fault_ps);
}
