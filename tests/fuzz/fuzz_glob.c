/* Patterns of [site] sections.  Input: pattern, NUL, module, NUL, function, NUL, module ...; compared with a matcher
 * that tries everything.
 *
 * fuzz: -max_len=400 */
#include "policy/rules.h"
#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    TEXT_MOST = 600
};

/* The set that begins at '[', as rules.h has it: its bytes, and what follows it; NULL: it is not closed. */
static const char *read_set(const char *at, char in[256])
{
    const int invert = at[1] == '!' || at[1] == '^';
    memset(in, 0, 256);
    const char *first = at + 1 + invert;
    for (at = first; *at && (*at != ']' || at == first);) {
        const unsigned low = (unsigned char)*at, range = at[1] == '-' && at[2] && at[2] != ']',
                       high = range ? (unsigned char)at[2] : low;
        for (unsigned c = low; c <= high; c++)
            in[c] = 1;
        at += range ? 3 : 1;
    }
    for (int c = 0; c < 256; c++)
        in[c] ^= (char)invert;
    return *at ? at + 1 : NULL;
}

/* From behind: whether each rest of the text matches the pattern from here on. */
static int matches(const char *pattern, const char *text)
{
    static char match[OPTION_MAX_GLOB][TEXT_MOST + 1];
    const size_t len = strlen(text), patterns = strlen(pattern);
    for (size_t p = patterns + 1; p-- > 0;) {
        char in[256];
        const char *next = pattern[p] == '[' ? read_set(pattern + p, in) : NULL;
        const int escape = pattern[p] == '\\' && pattern[p + 1];
        const size_t after = next ? (size_t)(next - pattern) : p + 1 + (size_t)escape;
        for (size_t t = len + 1; t-- > 0;) {
            const char c = text[t];
            int one = next ? in[(unsigned char)c] : escape ? c == pattern[p + 1] : pattern[p] == '?' || c == pattern[p];
            if (p == patterns)
                match[p][t] = t == len;
            else if (pattern[p] == '*')
                match[p][t] = match[p + 1][t] || (t < len && match[p][t + 1]);
            else
                match[p][t] = t < len && one && match[after][t + 1];
        }
    }
    return match[0][0];
}

static const char *base_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static void expect_rule(const char *pattern, const char *other, struct rule_subject *subject)
{
    static struct options options;
    struct site_rule *rule = &options.rules[0];
    unsigned frame, fits = 0;
    options.n_rules = 1;
    rule->depth = OPTION_ANY_DEPTH;
    snprintf(rule->module, sizeof rule->module, "%s", pattern);
    snprintf(rule->function, sizeof rule->function, "%s", other);
    for (unsigned i = 0; i < subject->n_frames; i++)
        fits |= matches(rule->module, base_of(subject->frame[i].module)) &&
                matches(rule->function, subject->frame[i].function);
    if (!subject->n_frames)
        fits = matches(rule->module, "") && matches(rule->function, "");
    FUZZ_EXPECT((rules_fit(rule, subject, &frame) == RULE_FITS) == fits, "%u: '%s' '%s'", fits, pattern, other);
    FUZZ_EXPECT((rules_match(&options, subject) == rule) == fits, "%u: '%s' '%s'", fits, pattern, other);
    FUZZ_EXPECT(frame == 0 || frame < subject->n_frames, "frame %u", frame);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input input = {data, data + size};
    struct rule_subject subject = {0};
    char *text[2 * RULE_MAX_FRAMES + 1] = {0};
    unsigned n = 0;
    size_t len;
    while (n <= 2 * RULE_MAX_FRAMES && (text[n] = fuzz_text(&input, 0, &len))) {
        if (len > (n ? TEXT_MOST : OPTION_MAX_GLOB - 1))
            text[n][n ? TEXT_MOST : OPTION_MAX_GLOB - 1] = 0;
        n++;
    }
    for (unsigned i = 1; i < n; i++)
        FUZZ_EXPECT(rules_glob(text[0], text[i]) == matches(text[0], text[i]), "%d: '%s' '%s'",
                    matches(text[0], text[i]), text[0], text[i]);
    for (unsigned i = 1; i + 1 < n; i += 2) {
        subject.frame[subject.n_frames].module = text[i];
        subject.frame[subject.n_frames++].function = text[i + 1];
    }
    if (n) {
        expect_rule(text[0], "*", &subject);
        expect_rule("*", text[0], &subject);
        expect_rule(text[0], text[0], &subject);
    }
    while (n)
        free(text[--n]);
    return 0;
}
