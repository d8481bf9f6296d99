/* Tuning: sites and their sections of pinning.conf.  See tune.h. */
#include "scripts/replay/tune.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- sites --- */

/* policy/advice.c asks for the function of a frame, whose pc says of which site and frame it is. */
static int symbolise(void *ctx, const struct frame *frame, char *function, size_t cap, uint64_t *offset)
{
    const struct trace *trace = ctx;
    const struct replay_site *site = &trace->site[frame->pc >> 3];
    const unsigned i = frame->pc & 7;
    if (!site->function[i])
        return -ENOENT;
    snprintf(function, cap, "%s", site->function[i]);
    *offset = site->function_offset[i];
    return 0;
}

static int by_bytes(const void *a, const void *b)
{
    const struct replay_site *const *first = a, *const *second = b;
    if ((*first)->copy_bytes != (*second)->copy_bytes)
        return (*first)->copy_bytes < (*second)->copy_bytes ? 1 : -1;
    return (*first > *second) - (*first < *second);
}

static uint64_t relaxed_ns(const struct trace *trace, const struct replay_site *site)
{
    uint64_t sum = 0;
    for (int dir = 0; dir < DIR_COUNT; dir++)
        if (site->async_bytes[dir])
            sum += copy_ns(trace->machine, dir, 1, site->async_bytes[dir] / site->copies + 1) * site->copies;
    return sum;
}

static int is_same(const struct proposal *a, const struct proposal *b)
{
    return a->of->size_log2 == b->of->size_log2 && strcmp(a->advice.module, b->advice.module) == 0 &&
           strcmp(a->advice.function, b->advice.function) == 0;
}

static void add_site(struct plan *plan, const struct replay_site *from)
{
    struct trace *trace = &plan->recorded->trace;
    const struct report report = {.symbolise = symbolise, .symbolise_ctx = trace};
    struct proposal *to = &plan->proposal[plan->n];
    memset(to, 0, sizeof *to);
    to->of = from;
    to->site.key = from->key;
    to->site.size_log2 = from->size_log2;
    to->site.n_frames = from->n_frames;
    memcpy(to->site.frame, from->frame, sizeof to->site.frame);
    to->view.site = &to->site;
    to->advice.site = &to->view;
    if (!advice_section(&report, &to->advice))
        return;
    to->relaxed_ns = relaxed_ns(trace, from);
    for (unsigned i = 0; i < plan->n; i++)
        if (is_same(&plan->proposal[i], to)) {
            plan->proposal[i].relaxed_ns += to->relaxed_ns;
            return;
        }
    const size_t len = strlen(to->advice.name);
    snprintf(to->advice.name + len, sizeof to->advice.name - len, "-%u", ++plan->n);
}

void plan_sites(struct plan *plan)
{
    const struct trace *trace = &plan->recorded->trace;
    const struct replay_site **order = must_have(trace->n_sites, sizeof(struct replay_site *));
    unsigned n = 0;
    for (unsigned i = 0; i < trace->n_sites; i++)
        if (trace->site[i].copy_bytes && trace->site[i].n_frames)
            order[n++] = &trace->site[i];
    qsort(order, n, sizeof *order, by_bytes);
    for (unsigned i = 0; i < n && plan->n < TUNE_SITES; i++)
        add_site(plan, order[i]);
    free(order);
}

/* --- text --- */

struct text {
    char *at;
    size_t left;
};

static void put(void *ctx, const char *from, size_t len)
{
    struct text *text = ctx;
    if (len >= text->left)
        len = text->left - 1;
    memcpy(text->at, from, len);
    text->at += len;
    text->left -= len;
    *text->at = 0;
}

static void write_relaxed(const struct sink *out, const struct proposal *proposal)
{
    sink_printf(out,
                "# up to %s more, if the program waits for its stream before it touches these buffers:\n"
                "# async = relaxed\n",
                quantity_time(proposal->relaxed_ns).text);
}

static void write_section(const struct sink *out, const struct proposal *proposal)
{
    struct advice advice = proposal->advice;
    advice.kind = proposal->promote == PROMOTE_NEVER ? ADVICE_NEVER : ADVICE_ALWAYS;
    advice.gain_ns = proposal->gain_ns;
    sink_text(out, "\n");
    advice_write(out, &advice, 1);
}

void plan_write(const struct plan *plan, unsigned without, int explained, char text[TUNE_CONF_BYTES])
{
    struct text to = {text, TUNE_CONF_BYTES};
    const struct sink out = {put, &to};
    *text = 0;
    if (explained)
        sink_printf(&out, "# Proposed by autopin-replay from a trace of process %llu%s.\n",
                    (unsigned long long)plan->recorded->pid, plan->recorded->simulated ? "; times are modelled" : "");
    sink_text(&out, "[limits]\n");
    if (explained)
        sink_printf(&out, "# predicted gain: %s, against no pinning at all\n", quantity_time(plan->cap_gain_ns).text);
    const int whole = plan->cap_bytes % (1 << 20) == 0;
    sink_printf(&out, "max_pinned = %llu%s\n", (unsigned long long)(whole ? plan->cap_bytes >> 20 : plan->cap_bytes),
                whole ? "M" : "");
    for (unsigned i = 0; i < plan->n; i++) {
        const struct proposal *proposal = &plan->proposal[i];
        const int pinned = proposal->promote == PROMOTE_ALWAYS || proposal->promote == PROMOTE_AUTO;
        if (i != without && proposal->promote != PROMOTE_AUTO)
            write_section(&out, proposal);
        else if (explained && plan->cap_bytes && proposal->relaxed_ns)
            sink_printf(&out, "\n# in a section of its own, [site %s] with promote = auto:\n", proposal->advice.name);
        if (explained && pinned && plan->cap_bytes && proposal->relaxed_ns)
            write_relaxed(&out, proposal);
    }
}
