/* The texts of reason.def: see site.h.  Constant data; no lock.  Callers: the report, and the log of decisions. */
#include "site.h"

/* A row of reason.def without its name here does not compile; tests/unit/test_report.c checks the spelling. */
#define NAME_NONE        "none"
#define NAME_PAID        "paid"
#define NAME_HOT         "hot"
#define NAME_RECURS      "recurs"
#define NAME_ALWAYS      "always"
#define NAME_AFTER       "after"
#define NAME_NOT_YET     "not_yet"
#define NAME_NO_GAIN     "no_gain"
#define NAME_NEVER       "never"
#define NAME_CAP         "cap"
#define NAME_REGIONS     "regions"
#define NAME_SITE_CAP    "site_cap"
#define NAME_NODE_CAP    "node_cap"
#define NAME_MEMORY_LOW  "memory_low"
#define NAME_SPARSE      "sparse"
#define NAME_MEMLOCK     "memlock"
#define NAME_DRIVER      "driver"
#define NAME_UNSUPPORTED "unsupported"
#define NAME_APPLICATION "application"
#define NAME_GRAPH       "graph"
#define NAME_NO_BACKEND  "no_backend"

enum kind {
    WHY,
    NOT
};

static const struct {
    const char *name, *text;
    enum kind kind;
} reasons[REASON_COUNT] = {
#define REASON(code, kind, text) {NAME_##code, text, kind},
#include "reason.def"
#undef REASON
};

const char *reason_text(enum reason reason)
{
    return reasons[reason].text;
}

int reason_refuses(enum reason reason)
{
    return reasons[reason].kind == NOT;
}

const char *reason_name(enum reason reason)
{
    return reasons[reason].name;
}
