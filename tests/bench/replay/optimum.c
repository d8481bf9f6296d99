/* The least that any plan can cost where the cap does not bind, knowing the future.
 *
 * A pin begins at the end of a copy, at the earliest of the block's first (rule 21), and pinned memory costs nothing
 * more.  So a plan is a number of pinned slots in each class, each begun at some block's first copy, whose excess and
 * the pin it pays; from there the slot may serve any later block of the class, without excess.  Which is best is a
 * flow: a pinned slot is a unit that goes along the class's births and deaths, through the lives of the blocks it
 * serves, each of which is served once and gains its whole excess.  Units are added along the path that gains most
 * until none gains anything: exact, since such flows are. */
#include "trace.h"

#include <stdlib.h>
#include <string.h>

struct edge {
    unsigned to, next; /* next of the same node; 0: none */
    int left;          /* what can still flow; the reverse edge is number ^ 1 */
    int64_t gain;
};

struct net {
    struct edge *edge;
    unsigned *first, n_edges, n_nodes;
    int64_t *best; /* the most that can be gained on the way to a node */
    unsigned *via; /* the edge that leads there */
    unsigned *queue;
    uint8_t *queued;
};

static const int64_t NEVER = INT64_MIN / 2;

static void add_edge(struct net *net, unsigned from, unsigned to, int most, int64_t gain)
{
    net->edge[net->n_edges] = (struct edge){to, net->first[from], most, gain};
    net->first[from] = net->n_edges++;
    net->edge[net->n_edges] = (struct edge){from, net->first[to], 0, -gain};
    net->first[to] = net->n_edges++;
}

static void visit(struct net *net, unsigned node, unsigned *tail)
{
    for (unsigned e = net->first[node]; e; e = net->edge[e].next) {
        const struct edge *edge = &net->edge[e];
        if (edge->left == 0 || net->best[node] + edge->gain <= net->best[edge->to])
            continue;
        net->best[edge->to] = net->best[node] + edge->gain;
        net->via[edge->to] = e;
        if (!net->queued[edge->to]) {
            net->queued[edge->to] = 1;
            net->queue[(*tail)++ % net->n_nodes] = edge->to;
        }
    }
}

/* Sends one unit from node 0 to node 1 where it gains most; returns what it gains. */
static int64_t send_one(struct net *net)
{
    unsigned head = 0, tail = 0;
    for (unsigned i = 0; i < net->n_nodes; i++)
        net->best[i] = NEVER;
    net->best[0] = 0;
    net->queue[tail++] = 0;
    while (head != tail) {
        const unsigned node = net->queue[head++ % net->n_nodes];
        net->queued[node] = 0;
        visit(net, node, &tail);
    }
    if (net->best[1] <= 0)
        return 0;
    for (unsigned node = 1; node != 0; node = net->edge[net->via[node] ^ 1].to) {
        net->edge[net->via[node]].left--;
        net->edge[net->via[node] ^ 1].left++;
    }
    return net->best[1];
}

static void net_make(struct net *net, unsigned nodes, unsigned edges)
{
    *net = (struct net){.n_nodes = nodes, .n_edges = 2};
    net->edge = must_have(2ul * edges + 2, sizeof *net->edge);
    net->first = must_have(nodes, sizeof *net->first);
    net->best = must_have(nodes, sizeof *net->best);
    net->via = must_have(nodes, sizeof *net->via);
    net->queue = must_have(nodes, sizeof *net->queue);
    net->queued = must_have(nodes, sizeof *net->queued);
}

static void net_drop(struct net *net)
{
    free(net->edge);
    free(net->first);
    free(net->best);
    free(net->via);
    free(net->queue);
    free(net->queued);
}

static uint64_t block_excess(const struct trace *trace, const struct lives *lives, const struct life *life,
                             unsigned copies)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < copies && i < life->n_copies; i++) {
        const struct event *event = &trace->event[lives->copy[life->first + i]];
        sum += excess_ns(trace->machine, event->dir, event->amount);
    }
    return sum;
}

/* The blocks of one class, in the order of birth; the first pin of a slot costs `price` at least. */
struct members {
    unsigned *index, count;
    uint64_t price;
};

static int is_before(const struct lives *lives, const struct members *members, unsigned block, unsigned at)
{
    return lives->life[members->index[block]].born < at;
}

/* Nodes: 0 source, 1 sink, 2 + i before the birth of block i, 2 + count + i in its life. */
static int64_t class_gain(const struct trace *trace, const struct lives *lives, const struct members *members)
{
    struct net net;
    const unsigned n = members->count;
    int64_t gain = 0, more;
    net_make(&net, 2 + 2 * n, 4 * n);
    for (unsigned i = 0; i < n; i++) {
        const struct life *life = &lives->life[members->index[i]];
        unsigned low = i + 1, high = n; /* the first block born after this one is gone */
        while (low < high) {
            const unsigned middle = (low + high) / 2;
            if (is_before(lives, members, middle, life->freed))
                low = middle + 1;
            else
                high = middle;
        }
        const int64_t begin = (int64_t)(members->price + block_excess(trace, lives, life, 1));
        add_edge(&net, 0, 2 + n + i, 1, -begin);
        add_edge(&net, 2 + i, 2 + n + i, 1, 0);
        add_edge(&net, 2 + i, i + 1 < n ? 3 + i : 1, (int)n, 0);
        add_edge(&net, 2 + n + i, low < n ? 2 + low : 1, 1, (int64_t)block_excess(trace, lives, life, life->n_copies));
    }
    while ((more = send_one(&net)) > 0)
        gain += more;
    net_drop(&net);
    return gain;
}

/* All blocks of the class of block `from`, if that is the first of them. */
static void find_members(const struct trace *trace, const struct lives *lives, unsigned from, struct members *members)
{
    const uint32_t size_class = class_of(lives->life[from].bytes);
    members->count = 0;
    members->price = UINT64_MAX;
    for (unsigned i = 0; i < trace->n_blocks; i++) {
        const struct life *life = &lives->life[i];
        if (class_of(life->bytes) != size_class)
            continue;
        if (i < from)
            return;
        const uint64_t price = pin_ns(trace->machine, life->bytes, life->resident);
        members->index[members->count++] = i;
        members->price = price < members->price ? price : members->price;
    }
}

uint64_t optimum_ns(const struct trace *trace, const struct lives *lives)
{
    uint64_t all = 0, gain = 0;
    struct members members = {.index = must_have(trace->n_blocks, sizeof(unsigned))};
    for (unsigned i = 0; i < trace->n_blocks; i++) {
        find_members(trace, lives, i, &members);
        if (members.count)
            gain += (uint64_t)class_gain(trace, lives, &members);
        all += block_excess(trace, lives, &lives->life[i], lives->life[i].n_copies);
    }
    free(members.index);
    return all - gain;
}
