/* Owns fault injection: SIMCUDA_FAIL="cuMemHostRegister_v2:3=2,cuEventQuery:2-5=700,cuMemFree_v2:/50=1,*:*=999".
 *
 * Each rule names an exported entry point (or * for all), which of its calls in this process (n, n-m, n-, *, or /n: one
 * of n, drawn from SIMCUDA_SEED) fail, and with which CUresult.  Takes no lock: the rules are read once, in the
 * constructor; counting is the gate's. */
#define _GNU_SOURCE
#include "sim.h"

#include <stdlib.h>
#include <string.h>

enum {
    MAX_RULES = 64,
    ANY_NAME = -1
};
static struct rule {
    int name;
    uint64_t first, last;
    uint64_t one_of; /* 0: all of them */
    CUresult code;
} rules[MAX_RULES];
static int rule_count;
static uint64_t seed;
static atomic_uint_fast64_t all_calls;

static bool parse_name(const char *text, size_t n, int *name)
{
    if (n == 1 && *text == '*') {
        *name = ANY_NAME;
        return true;
    }
    for (int i = 0; i < SIM_NAMES; i++) {
        if (strlen(sim_exports[i].name) == n && memcmp(sim_exports[i].name, text, n) == 0) {
            *name = i;
            return true;
        }
    }
    return false;
}

static bool parse_calls(const char *text, const char *stop, struct rule *r)
{
    char *end;
    r->first = 1;
    r->last = UINT64_MAX;
    r->one_of = 0;
    if (*text == '*')
        return text + 1 == stop;
    if (*text == '/') {
        r->one_of = strtoull(text + 1, &end, 10);
        return end == stop && r->one_of > 0;
    }
    r->first = strtoull(text, &end, 10);
    if (end == text || r->first == 0)
        return false;
    if (end == stop) {
        r->last = r->first;
        return true;
    }
    if (*end != '-')
        return false;
    if (end + 1 == stop)
        return true;
    text = end + 1;
    r->last = strtoull(text, &end, 10);
    return end == stop && r->last >= r->first;
}

static bool parse_rule(const char *text, const char *stop, struct rule *r)
{
    const char *colon = memchr(text, ':', (size_t)(stop - text));
    const char *equals = colon ? memchr(colon, '=', (size_t)(stop - colon)) : NULL;
    if (!equals || !parse_name(text, (size_t)(colon - text), &r->name) || !parse_calls(colon + 1, equals, r))
        return false;
    char *end;
    r->code = (CUresult)strtol(equals + 1, &end, 10);
    return end == stop && end != equals + 1 && r->code > 0;
}

void sim_fault_load(void)
{
    const char *at = getenv("SIMCUDA_FAIL"), *number = getenv("SIMCUDA_SEED");
    seed = number ? strtoull(number, NULL, 10) : 0;
    while (at && *at) {
        const char *stop = strchrnul(at, ',');
        if (rule_count == MAX_RULES) {
            sim_say("SIMCUDA_FAIL: more than %d rules; the rest is ignored", MAX_RULES);
            return;
        }
        if (parse_rule(at, stop, &rules[rule_count]))
            rule_count++;
        else
            sim_say("SIMCUDA_FAIL: bad rule \"%.*s\" (want NAME:N|N-M|N-|*|/N=CODE, NAME exported or *); ignored",
                    (int)(stop - at), at);
        at = *stop ? stop + 1 : stop;
    }
}

/* Whether the nth call is one that the rule fails.  Drawn anew for each rule and call (SplitMix64). */
static bool hits(const struct rule *r, uint64_t nth)
{
    if (nth < r->first || nth > r->last || r->one_of == 0)
        return nth >= r->first && nth <= r->last;
    uint64_t z = seed + (uint64_t)(r - rules + 1) * 0xD1B54A32D192ED03u + nth * 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return (z ^ (z >> 31)) % r->one_of == 0;
}

/* The code the nth call of this entry point must fail with, or 0. */
CUresult sim_fault(int name, uint64_t nth_of_name)
{
    if (rule_count == 0)
        return CUDA_SUCCESS;
    uint64_t nth_of_all = atomic_fetch_add(&all_calls, 1) + 1;
    for (int i = 0; i < rule_count; i++) {
        uint64_t nth = rules[i].name == ANY_NAME ? nth_of_all : nth_of_name;
        if ((rules[i].name == ANY_NAME || rules[i].name == name) && hits(&rules[i], nth)) {
            SIM_ADD(faults_injected, 1);
            return rules[i].code;
        }
    }
    return CUDA_SUCCESS;
}
