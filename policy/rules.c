/* Matches allocations with the [site NAME] sections of pinning.conf.
 *
 * Owns nothing; reads struct options, which no longer changes.  Called by site.c when a call site is first seen.  No
 * lock. The pattern matcher is our own because fnmatch() follows the locale and may allocate. */
#include "rules.h"

#include <string.h>

/* Reads the set that begins after '['.  *hit: c is in it.  Returns what follows it; NULL when it is not closed. */
static const char *match_set(const char *at, unsigned char c, int *hit)
{
    int invert = *at == '!' || *at == '^';
    int found = 0;
    at += invert;
    for (const char *first = at; *at && (*at != ']' || at == first); at++) {
        unsigned char low = (unsigned char)*at, high = low;
        if (at[1] == '-' && at[2] && at[2] != ']') {
            high = (unsigned char)at[2];
            at += 2;
        }
        found |= low <= c && c <= high;
    }
    *hit = found != invert;
    return *at ? at + 1 : NULL;
}

/* Matches c with the one element at *pattern and steps over that. */
static int match_one(const char **pattern, char c)
{
    const char *at = *pattern, *after;
    int hit;
    if (*at == '[' && (after = match_set(at + 1, (unsigned char)c, &hit))) {
        *pattern = after;
        return hit;
    }
    if (*at == '\\' && at[1])
        at++;
    else if (*at == '?') {
        *pattern = at + 1;
        return 1;
    }
    *pattern = at + 1;
    return *at == c;
}

int rules_glob(const char *pattern, const char *text)
{
    const char *star = NULL, *retry = NULL; /* where to go on when the last * has to take one byte more */
    while (*text) {
        if (*pattern == '*') {
            star = ++pattern;
            retry = text;
        } else if (*pattern && match_one(&pattern, *text)) {
            text++;
        } else if (star) {
            pattern = star;
            text = ++retry;
        } else {
            return 0;
        }
    }
    while (*pattern == '*')
        pattern++;
    return !*pattern;
}

static const char *basename_of(const char *path)
{
    const char *slash = path ? strrchr(path, '/') : NULL;
    return slash ? slash + 1 : path;
}

/* An unknown name matches as the empty text does: only where anything goes. */
static enum rule_fit frame_fit(const struct site_rule *rule, const char *module, const char *function)
{
    module = basename_of(module);
    if (!rules_glob(rule->module, module ? module : ""))
        return RULE_MODULE;
    return rules_glob(rule->function, function ? function : "") ? RULE_FITS : RULE_FUNCTION;
}

enum rule_fit rules_fit(const struct site_rule *rule, const struct rule_subject *subject, unsigned *frame)
{
    *frame = 0;
    if (subject->bytes < rule->min_size)
        return RULE_SMALL;
    if (rule->max_size && subject->bytes > rule->max_size)
        return RULE_LARGE;
    unsigned n = subject->n_frames < RULE_MAX_FRAMES ? subject->n_frames : RULE_MAX_FRAMES;
    enum rule_fit best = RULE_MODULE;
    if (!n)
        return frame_fit(rule, NULL, NULL); /* no stack at all: patterns that take anything still apply */
    if (rule->depth != OPTION_ANY_DEPTH && (unsigned)rule->depth < n)
        n = (unsigned)rule->depth + 1;
    for (unsigned i = 0; i < n && best != RULE_FITS; i++) {
        const enum rule_fit fit = frame_fit(rule, subject->frame[i].module, subject->frame[i].function);
        if (fit < best) {
            best = fit;
            *frame = i;
        }
    }
    return best;
}

const struct site_rule *rules_match(const struct options *options, const struct rule_subject *subject)
{
    unsigned frame;
    for (unsigned i = 0; i < options->n_rules; i++)
        if (rules_fit(&options->rules[i], subject, &frame) == RULE_FITS)
            return &options->rules[i];
    return NULL;
}
