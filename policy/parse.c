/* Reads single option values.
 *
 * Owns the notation of pinning.conf's values.  Callers: options.c, conf.c, and `autopin config` by way of
 * options_format(). Takes no lock, allocates nothing, and looks at neither locale nor errno, since it runs inside
 * malloc. */
#include "parse.h"

#include <errno.h>
#include <string.h>

__extension__ typedef unsigned __int128 wide;

const struct parse_unit parse_size_units[PARSE_SIZE_UNITS] = {
    {"T", 1ull << 40}, {"G", 1ull << 30}, {"M", 1ull << 20}, {"K", 1ull << 10}, {"", 1}};
const struct parse_unit parse_time_units[PARSE_TIME_UNITS] = {
    {"h", 3600000000000}, {"min", 60000000000}, {"s", 1000000000}, {"ms", 1000000}};
#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static const char *const bool_words[] = {"no", "yes", "off", "on", "false", "true", "0", "1"}; /* index & 1 = value */

#define PROMOTE_TEXT(id, text) text,
const char *const parse_promote_words[] = {PROMOTE_LIST(PROMOTE_TEXT)};

/* A decimal number: whole + part / scale. */
struct number {
    uint64_t whole, part, scale;
};

static int read_number(const char **text, struct number *number)
{
    const char *at = *text;
    *number = (struct number){0, 0, 1};
    if (*at < '0' || *at > '9')
        return -EINVAL;
    for (; *at >= '0' && *at <= '9'; at++)
        if (__builtin_mul_overflow(number->whole, 10, &number->whole) ||
            __builtin_add_overflow(number->whole, (uint64_t)(*at - '0'), &number->whole))
            return -ERANGE;
    if (*at == '.') {
        for (at++; *at >= '0' && *at <= '9' && number->scale < 1000000000; at++, number->scale *= 10)
            number->part = number->part * 10 + (uint64_t)(*at - '0');
        if (number->scale == 1)
            return -EINVAL;
    }
    *text = at;
    return 0;
}

static int scaled(const struct number *number, uint64_t factor, uint64_t *out)
{
    const uint64_t scale = number->scale ? number->scale : 1; /* read_number() never leaves 0 */
    wide value = (wide)number->whole * factor + (wide)number->part * factor / scale;
    *out = (uint64_t)value;
    return value > UINT64_MAX ? -ERANGE : 0;
}

static int read_size(const char *text, uint64_t *out)
{
    struct number number;
    int err = read_number(&text, &number);
    if (err)
        return err;
    while (*text == ' ' || *text == '\t')
        text++;
    char letter[2] = {*text, 0};
    for (size_t i = 0; i < PARSE_SIZE_UNITS; i++) {
        const char *unit = parse_size_units[i].text;
        if (!parse_same_word(letter, unit) && *unit)
            continue;
        const char *rest = *unit ? text + 1 : text;
        int known = parse_same_word(rest, "") || parse_same_word(rest, "b") ||
                    (*unit && (parse_same_word(rest, "i") || parse_same_word(rest, "ib")));
        if (!known || (!*unit && number.scale > 1))
            return -EINVAL;
        return scaled(&number, parse_size_units[i].factor, out);
    }
    return -EINVAL;
}

static int read_share(const char *text, uint64_t ram, uint64_t *out)
{
    struct number number;
    const char *rest = text;
    int err = read_number(&rest, &number);
    while (*rest == ' ')
        rest++;
    if (err || rest[0] != '%' || rest[1])
        return err ? err : read_size(text, out);
    if (!ram)
        return -ENODATA;
    if (number.whole > 1000) /* keeps the product within 128 bits; far more than all of RAM either way */
        return -ERANGE;
    *out = (uint64_t)(((wide)number.whole * number.scale + number.part) * ram / number.scale / 100);
    return 0;
}

static int read_duration(const char *text, uint64_t *out)
{
    struct number number;
    int err = read_number(&text, &number);
    if (err)
        return err;
    while (*text == ' ')
        text++;
    for (size_t i = 0; i < PARSE_TIME_UNITS; i++)
        if (parse_same_word(text, parse_time_units[i].text))
            return scaled(&number, parse_time_units[i].factor, out);
    *out = 0;
    return *text || number.whole || number.part ? -EINVAL : 0; /* 0 needs no unit */
}

static int read_count(const char *text, uint64_t *out)
{
    struct number number;
    int err = read_number(&text, &number);
    if (err)
        return err;
    *out = number.whole;
    return *text || number.scale > 1 ? -EINVAL : 0;
}

static int read_percent(const char *text, uint64_t *out)
{
    struct number number;
    int err = read_number(&text, &number);
    if (err)
        return err;
    while (*text == ' ')
        text++;
    if (text[0] != '%' || text[1])
        return -EINVAL;
    return scaled(&number, 100, out);
}

static int read_amount(enum option_type type, const char *text, uint64_t ram, uint64_t *out)
{
    switch (type) {
    case OPTION_TYPE_SIZE:
        return read_size(text, out);
    case OPTION_TYPE_SHARE:
        return read_share(text, ram, out);
    case OPTION_TYPE_PERCENT:
        return read_percent(text, out);
    case OPTION_TYPE_DURATION:
        return read_duration(text, out);
    default:
        return read_count(text, out);
    }
}

static int parse_amount(const struct option_info *info, const char *text, uint64_t ram, uint64_t *out)
{
    uint64_t value = 0, bound;
    int share = info->type == OPTION_TYPE_SHARE;
    int err = read_amount(info->type, text, ram, &value);
    if (err == -ERANGE && share && ram)
        value = UINT64_MAX; /* cut below */
    else if (err)
        return err;
    int never = info->type == OPTION_TYPE_DURATION && !value;
    if (*info->minimum && !never && !read_amount(info->type, info->minimum, ram, &bound) && value < bound)
        return -ERANGE;
    if (*info->maximum && !read_amount(info->type, info->maximum, ram, &bound) && value > bound) {
        if (!share)
            return -ERANGE;
        *out = bound;
        return PARSE_CUT;
    }
    *out = value;
    return 0;
}

static int parse_percent(const struct option_info *info, const char *text, uint64_t *out)
{
    if (!parse_same_word(text, "off"))
        return parse_amount(info, text, 0, out);
    *out = 0;
    return 0;
}

static int parse_bool(const char *text, int *out)
{
    for (size_t i = 0; i < COUNT_OF(bool_words); i++)
        if (parse_same_word(text, bool_words[i])) {
            *out = i & 1;
            return 0;
        }
    return -EINVAL;
}

/* choices: "|first|second" */
static int parse_enum(const char *choices, const char *text, int *out)
{
    for (int index = 0; *choices; index++) {
        const char *at = text;
        choices++;
        while (*choices && *choices != '|' && parse_fold(*at) == *choices)
            choices++, at++;
        if (!*at && (!*choices || *choices == '|')) {
            *out = index;
            return 0;
        }
        while (*choices && *choices != '|')
            choices++;
    }
    return -EINVAL;
}

static int parse_promote(const struct option_info *info, const char *text, struct promote_rule *out)
{
    for (int mode = 0; mode < PROMOTE_AFTER; mode++)
        if (parse_same_word(text, parse_promote_words[mode])) {
            *out = (struct promote_rule){(enum promote_mode)mode, 0};
            return 0;
        }
    if (!parse_starts_with(text, parse_promote_words[PROMOTE_AFTER]))
        return -EINVAL;
    struct option_info count = {.type = OPTION_TYPE_COUNT, .minimum = info->minimum, .maximum = info->maximum};
    uint64_t after;
    int err = parse_amount(&count, text + strlen(parse_promote_words[PROMOTE_AFTER]), 0, &after);
    if (!err)
        *out = (struct promote_rule){PROMOTE_AFTER, (uint32_t)after};
    return err;
}

static int parse_depth(const struct option_info *info, const char *text, int *out)
{
    uint64_t frame;
    if (parse_same_word(text, info->fallback)) {
        *out = OPTION_ANY_DEPTH;
        return 0;
    }
    int err = parse_amount(info, text, 0, &frame);
    if (!err)
        *out = (int)frame;
    return err;
}

static int parse_text(const char *text, size_t cap, char *out)
{
    size_t len = strlen(text);
    if (!len || len >= cap || !parse_is_utf8(text))
        return -EINVAL;
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)text[i] < ' ' || text[i] == 127)
            return -EINVAL;
    memcpy(out, text, len + 1);
    return 0;
}

static int parse_report(const char *text, char *out)
{
    static const char words[][5] = {"off", "text", "json"};
    for (size_t i = 0; i < COUNT_OF(words); i++)
        if (parse_same_word(text, words[i]))
            return parse_text(words[i], OPTION_MAX_TEXT, out);
    /* any other word is more likely a mistake than the name of a file */
    return strpbrk(text, "/.%") ? parse_text(text, OPTION_MAX_TEXT, out) : -EINVAL;
}

int parse_option(const struct option_info *info, const char *text, uint64_t ram, void *field)
{
    switch (info->type) {
    case OPTION_TYPE_BOOL:
        return parse_bool(text, field);
    case OPTION_TYPE_ENUM:
        return parse_enum(info->unit, text, field);
    case OPTION_TYPE_PROMOTE:
        return parse_promote(info, text, field);
    case OPTION_TYPE_DEPTH:
        return parse_depth(info, text, field);
    case OPTION_TYPE_REPORT:
        return parse_report(text, field);
    case OPTION_TYPE_GLOB:
        return parse_text(text, OPTION_MAX_GLOB, field);
    case OPTION_TYPE_PERCENT:
        return parse_percent(info, text, field);
    default:
        return parse_amount(info, text, ram, field);
    }
}

size_t parse_field_size(enum option_type type)
{
    switch (type) {
    case OPTION_TYPE_BOOL:
    case OPTION_TYPE_ENUM:
    case OPTION_TYPE_DEPTH:
        return sizeof(int);
    case OPTION_TYPE_PROMOTE:
        return sizeof(struct promote_rule);
    case OPTION_TYPE_REPORT:
        return OPTION_MAX_TEXT;
    case OPTION_TYPE_GLOB:
        return OPTION_MAX_GLOB;
    default:
        return sizeof(uint64_t);
    }
}
