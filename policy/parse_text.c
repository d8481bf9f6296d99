/* Writes single option values, and compares words: the half of parse.h that does not read values.
 *
 * Callers: options.c, conf.c, and parse.c for the comparisons.  No lock, no allocation, no locale, no errno. */
#include "parse.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

int parse_same_word(const char *a, const char *b)
{
    while (*a && parse_fold(*a) == parse_fold(*b))
        a++, b++;
    return parse_fold(*a) == parse_fold(*b);
}

int parse_starts_with(const char *text, const char *prefix)
{
    while (*prefix && parse_fold(*text) == *prefix)
        text++, prefix++;
    return !*prefix;
}

#define MAX_WORD 32 /* the distance of longer words is not of interest */

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

unsigned parse_distance(const char *a, const char *b)
{
    size_t len_a = strlen(a), len_b = strlen(b);
    unsigned char row[3][MAX_WORD + 1]; /* rows i - 2, i - 1 and i of the usual table, turn about */
    if (len_a > MAX_WORD || len_b > MAX_WORD)
        return MAX_WORD;
    for (size_t j = 0; j <= len_b; j++)
        row[0][j] = (unsigned char)j;
    for (size_t i = 1; i <= len_a; i++) {
        unsigned char *now = row[i % 3], *last = row[(i + 2) % 3], *before = row[(i + 1) % 3];
        now[0] = (unsigned char)i;
        for (size_t j = 1; j <= len_b; j++) {
            char x = parse_fold(a[i - 1]), y = parse_fold(b[j - 1]);
            unsigned best = least(least(now[j - 1], last[j]) + 1u, last[j - 1] + (x != y));
            if (i > 1 && j > 1 && x == parse_fold(b[j - 2]) && y == parse_fold(a[i - 2]))
                best = least(best, before[j - 2] + 1u);
            now[j] = (unsigned char)best;
        }
    }
    return row[len_a % 3][len_b];
}

int parse_is_utf8(const char *text)
{
    const unsigned char *at = (const unsigned char *)text;
    while (*at) {
        unsigned lead = *at++;
        unsigned follow = lead < 0x80 ? 0 : lead >= 0xc2 && lead < 0xe0 ? 1 : (lead & 0xf0) == 0xe0 ? 2 : 3;
        if (follow == 3 && (lead < 0xf0 || lead > 0xf4))
            return 0;
        if ((lead == 0xe0 && *at < 0xa0) || (lead == 0xed && *at > 0x9f) || (lead == 0xf0 && *at < 0x90) ||
            (lead == 0xf4 && *at > 0x8f))
            return 0; /* overlong, half of a pair, or beyond the last character */
        for (; follow; follow--, at++)
            if ((*at & 0xc0) != 0x80)
                return 0;
    }
    return 1;
}

static void format_amount(const struct parse_unit *units, size_t n_units, uint64_t value, char *out, size_t cap)
{
    size_t i = 0, n = 0;
    char part[24] = "";
    while (i + 1 < n_units && value % units[i].factor)
        i++;
    const uint64_t factor = units[i].factor;
    for (uint64_t rest = value % factor; rest && n + 2 < sizeof part; rest = rest * 10 % factor) { /* of ms: 6 digits */
        if (!n)
            part[n++] = '.';
        part[n++] = (char)('0' + rest * 10 / factor);
    }
    snprintf(out, cap, "%llu%s%s", (unsigned long long)(value / factor), part, value ? units[i].text : "");
}

/* choices: "|first|second" */
static void format_choice(const char *choices, int index, char *out, size_t cap)
{
    while (index-- >= 0 && choices)
        choices = (choices = strchr(choices, '|')) ? choices + 1 : NULL;
    const char *end = choices ? strchr(choices, '|') : NULL;
    snprintf(out, cap, "%.*s", end ? (int)(end - choices) : INT_MAX, choices ? choices : "");
}

/* value: hundredths */
static void format_percent(uint64_t value, char *out, size_t cap)
{
    const unsigned long long whole = value / 100, part = value % 100;
    if (!value)
        snprintf(out, cap, "off");
    else if (part % 10)
        snprintf(out, cap, "%llu.%02llu%%", whole, part);
    else if (part)
        snprintf(out, cap, "%llu.%llu%%", whole, part / 10);
    else
        snprintf(out, cap, "%llu%%", whole);
}

void parse_format(const struct option_info *info, const void *field, char *out, size_t cap)
{
    const struct promote_rule *rule = field;
    switch (info->type) {
    case OPTION_TYPE_SIZE:
    case OPTION_TYPE_SHARE:
        format_amount(parse_size_units, PARSE_SIZE_UNITS, *(const uint64_t *)field, out, cap);
        return;
    case OPTION_TYPE_DURATION:
        format_amount(parse_time_units, PARSE_TIME_UNITS, *(const uint64_t *)field, out, cap);
        return;
    case OPTION_TYPE_PERCENT:
        format_percent(*(const uint64_t *)field, out, cap);
        return;
    case OPTION_TYPE_COUNT:
        snprintf(out, cap, "%llu", (unsigned long long)*(const uint64_t *)field);
        return;
    case OPTION_TYPE_BOOL:
        snprintf(out, cap, "%s", *(const int *)field ? "yes" : "no");
        return;
    case OPTION_TYPE_ENUM:
        format_choice(info->unit, *(const int *)field, out, cap);
        return;
    case OPTION_TYPE_PROMOTE:
        if (rule->mode == PROMOTE_AFTER)
            snprintf(out, cap, "%s%u", parse_promote_words[rule->mode], rule->after);
        else
            snprintf(out, cap, "%s", parse_promote_words[rule->mode]);
        return;
    case OPTION_TYPE_DEPTH:
        if (*(const int *)field == OPTION_ANY_DEPTH)
            snprintf(out, cap, "%s", info->fallback);
        else
            snprintf(out, cap, "%d", *(const int *)field);
        return;
    default:
        snprintf(out, cap, "%s", (const char *)field);
    }
}

static const char *expected_kind(const struct option_info *info)
{
    switch (info->type) {
    case OPTION_TYPE_SIZE:
        return "a size such as 512M or 4GiB";
    case OPTION_TYPE_SHARE:
        return "a size such as 4GiB or a share of RAM such as 25%";
    case OPTION_TYPE_PERCENT:
        return "off, or a percentage such as 10%";
    case OPTION_TYPE_DURATION:
        return "a duration such as 500ms, 30s, 10min or 1h";
    case OPTION_TYPE_COUNT:
        return "a whole number";
    case OPTION_TYPE_GLOB:
        return "a pattern of printable text such as libfoo*";
    case OPTION_TYPE_REPORT:
        return "off, text, json or a path with a / or . in it";
    default:
        return info->unit + (info->unit[0] == '|');
    }
}

void parse_expected(const struct option_info *info, char *out, size_t cap)
{
    int counted = info->type == OPTION_TYPE_PROMOTE || info->type == OPTION_TYPE_DEPTH;
    const char *from = counted ? " with N from " : ", from ";
    const char *zero = info->type == OPTION_TYPE_DURATION ? ", or 0" : ""; /* the parser lets it pass */
    if (*info->minimum)
        snprintf(out, cap, "%s%s%s to %s%s", expected_kind(info), from, info->minimum, info->maximum, zero);
    else
        snprintf(out, cap, "%s", expected_kind(info));
}
