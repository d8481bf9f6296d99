/* Contexts that come and go while other threads are at work in theirs. */
#include "storm.h"

enum {
    AWAY_STEPS = 25,
    AWAY_BYTES = 8 * MIB
};

/* Its registrations end before the context does. */
static void leave(struct worker *w, struct place *back)
{
    for (int i = 0; i < SLOTS; i++)
        slot_unregister(w, &w->slot[i]);
    place_close(w, w->at);
    w->at = back;
}

static void stay(struct worker *w)
{
    w->at = &w->away;
    while (!place_open(w, &w->away, AWAY_BYTES))
        ;
    for (int i = 0; i < AWAY_STEPS && now_ns() < storm.deadline_ns; i++)
        step(w);
}

void context_come_and_go(struct worker *w)
{
    struct place *home = w->at;
    CUcontext primary = NULL;
    const int own = (int)draw(w, 2);
    if (home == &w->away || !allowed(own ? K_context : K_primary_context))
        return;
    w->away = (struct place){0};
    if (own ? !TRY(w, cu.cuCtxCreate_v2(&w->away.context, 0, 0)) : !TRY(w, cu.cuDevicePrimaryCtxRetain(&primary, 0)))
        return;
    if (!own)
        w->away.context = primary;
    stay(w);
    leave(w, home);
    w->doing = "end of a context";
    if (own)
        INSIST(w, cu.cuCtxDestroy_v2(w->away.context));
    else if (draw(w, 2))
        INSIST(w, cu.cuDevicePrimaryCtxRelease_v2(0));
    else
        INSIST(w, cu.cuDevicePrimaryCtxRelease(0));
    INSIST(w, cu.cuCtxSetCurrent(home->context));
    did(own ? K_context : K_primary_context);
}

void context_switch(struct worker *w)
{
    if (w->at == &w->away)
        return;
    w->at = w->at == &w->home[0] ? &w->home[1] : &w->home[0];
    INSIST(w, cu.cuCtxSetCurrent(w->at->context));
    did(K_context_switch);
}
