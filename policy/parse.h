/* Reads (parse.c) and writes (parse_text.c) single option values: sizes, shares of RAM, durations, choices ...
 *
 * Pure functions over the caller's memory, used by options.c and conf.c: no lock, no allocation, no locale, no errno.
 */
#ifndef AUTOPIN_PARSE_H
#define AUTOPIN_PARSE_H

#include "options.h"

#define PARSE_CUT 1 /* more than there is RAM: the value is the size of RAM */

/* Reads text (no blanks around it) into *field, whose C type follows from info->type.
 * Errors: 0; PARSE_CUT; -EINVAL not understood; -ERANGE outside the bounds; -ENODATA a percentage while ram is 0.
 * *field changes with 0 and PARSE_CUT only. */
int parse_option(const struct option_info *info, const char *text, uint64_t ram, void *field);

/* Writes what parse_option() would read back as *field; cut to cap bytes with its NUL. */
void parse_format(const struct option_info *info, const void *field, char *out, size_t cap);

/* Writes what info accepts, as in "a size such as 512M or 4GiB from 64K to 1G". */
void parse_expected(const struct option_info *info, char *out, size_t cap);

/* Bytes of the field of info->type. */
size_t parse_field_size(enum option_type type);

/* A unit of the notation; in each table from large to small. */
struct parse_unit {
    const char *text;
    uint64_t factor;
};
#define PARSE_SIZE_UNITS 5
#define PARSE_TIME_UNITS 4
extern const struct parse_unit parse_size_units[PARSE_SIZE_UNITS], parse_time_units[PARSE_TIME_UNITS];
extern const char *const parse_promote_words[]; /* by enum promote_mode */

/* ASCII letters in lower case, whatever the locale. */
static inline char parse_fold(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

/* 1 when text begins with prefix, which is in lower case. */
int parse_starts_with(const char *text, const char *prefix);

/* 1 when both are the same but for the case of ASCII letters. */
int parse_same_word(const char *a, const char *b);

/* Insertions, deletions, replacements and swaps of neighbours that turn a into b; at most 3 is exact, more is "3 or
 * more". Case does not count. */
unsigned parse_distance(const char *a, const char *b);

/* 1 when text is valid UTF-8. */
int parse_is_utf8(const char *text);

#endif
