/* The plan of a staged copy.  See pace.h.  Each figure is one atomic word; an update that is lost to another thread is
 * made up for by the next. */
#include "pace.h"

#include "cost.h"

enum {
    PIECE_PS = 60, /* until measured: one thread moves 16 GB/s, a driver call takes 4 us */
    CALL_NS = 4000,
    CALL_SHARE = 32,     /* the calls for a chunk take no more than this part of its time on the link */
    FILL_SHARE = 16,     /* the first chunk is filled while the link is idle: this part of the copy */
    DEPTH_LEAST = 3,     /* one is filled, one is on the link, one is waiting */
    SLOWLY = 32,         /* how much less a longer time on the link says than what is known */
    STAGED_FIRST = 4,    /* copies to be staged before that is judged */
    TRY_AGAIN = 16,      /* copies between two trials of the slower way; much slower: its square */
    TRY_BYTES = 64 << 20 /* no larger one is tried the slower way */
};

static _Atomic uint64_t piece_ps[DIR_COUNT] = {PIECE_PS, PIECE_PS}, link_ps[DIR_COUNT], call_ns = CALL_NS;
static _Atomic uint32_t depth[DIR_COUNT] = {DEPTH_LEAST, DEPTH_LEAST};
static _Atomic uint64_t copies[DIR_COUNT], small_bytes;
static unsigned threads_most, slots_most;
static uint64_t bytes_least = UINT64_MAX;
static int always;

void pace_start(const struct options *options, unsigned cores, unsigned slots)
{
    threads_most = options->staging_threads < cores ? (unsigned)options->staging_threads : cores;
    slots_most = slots;
    bytes_least = options->staging == OPTION_STAGING_NEVER || slots == 0 ? UINT64_MAX : options->staging_min;
    always = options->staging == OPTION_STAGING_ALWAYS;
}

unsigned pace_background_threads(void)
{
    return (threads_most + 1) / 2;
}

int pace_may_stage(uint64_t bytes)
{
    return bytes >= bytes_least;
}

/* A mean that forgets. */
static void follow(_Atomic uint64_t *figure, uint64_t sample)
{
    const uint64_t old = count_get(figure);
    const uint64_t next = old ? (old * 7 + sample) / 8 : sample;
    atomic_store_explicit(figure, next ? next : 1, memory_order_relaxed);
}

/* What a processor that has other things to do adds to a time says nothing about the link: shorter times are believed
 * sooner than longer ones. */
static void follow_least(_Atomic uint64_t *figure, uint64_t sample)
{
    const uint64_t old = count_get(figure);
    const uint64_t next = old == 0       ? sample
                          : sample < old ? (old + sample) / 2
                                         : old + (sample - old + SLOWLY - 1) / SLOWLY;
    atomic_store_explicit(figure, next ? next : 1, memory_order_relaxed);
}

void pace_piece_seen(enum direction dir, uint64_t bytes, uint64_t ns)
{
    if (bytes == PACE_CHUNK_LEAST)
        follow(&piece_ps[dir], cost_ps_per_byte(bytes, ns));
}

void pace_call_seen(uint64_t ns)
{
    follow(&call_ns, ns);
}

void pace_link_seen(enum direction dir, uint64_t bytes, uint64_t ns)
{
    follow_least(&link_ps[dir], cost_ps_per_byte(bytes, ns));
}

/* What a byte takes on the link: as staged copies saw it, else as direct ones did. */
static uint64_t link_of(enum direction dir)
{
    const uint64_t seen = count_get(&link_ps[dir]);
    const uint64_t ps = seen ? seen : cost_copy_ps_per_byte(dir, WAY_DIRECT);
    return ps ? ps : 1;
}

/* The link idles although it is also waited for: what comes is uneven, and more slots even it out. */
void pace_copy_seen(enum direction dir, uint64_t chunks, uint64_t idle, uint64_t waits)
{
    const uint32_t now = atomic_load_explicit(&depth[dir], memory_order_relaxed);
    if (chunks < 2 * (uint64_t)now)
        return;
    if (idle > chunks / 8 && waits > chunks / 4 && now < PACE_DEPTH_MOST)
        atomic_store_explicit(&depth[dir], now + 1, memory_order_relaxed);
    else if (idle == 0 && waits > chunks / 2 && now > DEPTH_LEAST)
        atomic_store_explicit(&depth[dir], now - 1, memory_order_relaxed);
}

static uint64_t between(uint64_t value, uint64_t least, uint64_t most)
{
    return value < least ? least : value > most ? most : value;
}

/* Large enough for the driver calls to vanish behind the link, and small enough for the link to begin early. */
static size_t chunk_of(enum direction dir, uint64_t bytes)
{
    const uint64_t wanted = count_get(&call_ns) * CALL_SHARE * 1000 / link_of(dir);
    uint64_t chunk = PACE_CHUNK_LEAST;
    while (chunk < PACE_CHUNK_MOST && (chunk < wanted || chunk < bytes / (FILL_SHARE * 4)) && chunk * 2 <= bytes / 4)
        chunk *= 2;
    return chunk;
}

/* As many as keep up with the link, and one more if that is not a whole number. */
static unsigned threads_of(enum direction dir)
{
    const uint64_t link = link_of(dir);
    return (unsigned)between((count_get(&piece_ps[dir]) + link - 1) / link, 1, threads_most);
}

struct pace pace_plan(enum direction dir, uint64_t bytes, unsigned at_once)
{
    const uint64_t share = slots_most / (at_once ? at_once : 1);
    struct pace pace = {chunk_of(dir, bytes), 0, threads_of(dir)};
    pace.depth = (unsigned)between(atomic_load_explicit(&depth[dir], memory_order_relaxed), 1,
                                   between(share, 1, PACE_DEPTH_MOST));
    return pace;
}

unsigned pace_first_slots(unsigned there)
{
    const unsigned wanted = slots_most < DEPTH_LEAST ? slots_most : DEPTH_LEAST;
    return always || threads_most < 2 || there >= wanted ? 0 : wanted - there;
}

/* Whether this copy, the nth, is one to learn from: made the way that is slower as far as is known.  Seldom, where it
 * is known to be much slower. */
static int is_trial(uint64_t nth, uint64_t bytes, uint64_t fast_ps, uint64_t slow_ps)
{
    const int close = slow_ps < fast_ps + fast_ps / 2;
    return bytes <= TRY_BYTES && nth % (close ? TRY_AGAIN : TRY_AGAIN * TRY_AGAIN) == 0;
}

int pace_prefers_staging(enum direction dir, uint64_t bytes, int have_ring)
{
    if (always)
        return 1;
    if (!have_ring && bytes < PACE_BEGIN_BYTES &&
        atomic_fetch_add_explicit(&small_bytes, bytes, memory_order_relaxed) + bytes < PACE_BEGIN_TOTAL)
        return 0;
    const uint64_t nth = atomic_fetch_add_explicit(&copies[dir], 1, memory_order_relaxed);
    if (cost_copy_samples(dir, WAY_STAGED) < STAGED_FIRST)
        return 1;
    const uint64_t staged = cost_copy_ps_per_byte(dir, WAY_STAGED), plain = cost_copy_ps_per_byte(dir, WAY_PLAIN);
    const int faster = staged <= plain;
    if (cost_copy_samples(dir, WAY_PLAIN) == 0 && bytes <= TRY_BYTES)
        return 0;
    return faster != is_trial(nth, bytes, faster ? staged : plain, faster ? plain : staged);
}
