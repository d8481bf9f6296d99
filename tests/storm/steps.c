/* What happens next, and how often. */
#include "storm.h"

static void slot_renew(struct worker *w, struct slot *s)
{
    slot_free(w, s);
    slot_alloc(w, s);
}

static void anything(struct worker *w, struct slot *s)
{
    (void)s;
    if (draw(w, 2))
        fork_child(w);
    else
        other_thread(w);
}

static void call_host(struct worker *w, struct slot *s)
{
    (void)s;
    stream_call_host(w);
}

static void copy_shared(struct worker *w, struct slot *s)
{
    (void)s;
    shared_copy(w);
}

static void graph(struct worker *w, struct slot *s)
{
    (void)s;
    if (w->at == &w->away)
        return;
    if (draw(w, 2))
        graph_capture(w);
    else
        graph_of_nodes(w);
}

static void context(struct worker *w, struct slot *s)
{
    (void)s;
    if (draw(w, 3))
        context_switch(w);
    else
        context_come_and_go(w);
}

static void register_own(struct worker *w, struct slot *s)
{
    if (draw(w, 3))
        slot_register(w, s);
    else
        slot_unregister(w, s);
}

static void query(struct worker *w, struct slot *s)
{
    slot_query(w, s);
}

struct way {
    const char *name;
    unsigned weight;
    void (*go)(struct worker *w, struct slot *s);
};

static const struct way ways[] = {
    {"free and allocate", 80, slot_renew},
    {"realloc", 60, slot_resize},
    {"advice", 60, slot_advise},
    {"fork or thread", 6, anything},
    {"copy", 400, copy_cycle}, /* from here on with a driver */
    {"2D or 3D copy", 80, copy_shaped},
    {"array", 50, copy_array},
    {"host to host", 30, copy_host_to_host},
    {"copy, then free", 40, copy_and_free},
    {"gate", 20, copy_gated},
    {"shared block", 60, copy_shared},
    {"host function", 40, call_host},
    {"graph", 12, graph},
    {"registration", 60, register_own},
    {"query", 20, query},
    {"context", 12, context},
};
enum {
    WITHOUT_DRIVER = 4,
    WAYS = sizeof ways / sizeof *ways
};

void step(struct worker *w)
{
    const unsigned n = storm.driver ? WAYS : WITHOUT_DRIVER;
    unsigned all = 0, i = 0;
    for (unsigned j = 0; j < n; j++)
        all += ways[j].weight;
    uint64_t at = draw(w, all);
    for (; at >= ways[i].weight; i++)
        at -= ways[i].weight;
    struct slot *s = &w->slot[draw(w, SLOTS)];
    if (!s->base)
        slot_alloc(w, s);
    w->doing = ways[i].name;
    ways[i].go(w, s);
}
