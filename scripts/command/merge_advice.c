/* The advice of several reports as one: see merge_advice.h.  The wording is that of policy/advice_text.c; a text that
 * is none of its stays as it is. */
#define _GNU_SOURCE
#include "scripts/command/merge_advice.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/parse.h"
#include "scripts/command/json_node.h"

#define GAIN    "# predicted gain: "
#define LIMITS  "[limits]\n"
#define SECTION "[site "

struct piece {
    const char *kind, *text;
    char *subject; /* text without heading, gain and value; for comparison; of its own */
    uint64_t gain_ns, value;
    json_t *site;
};

static int is_limit(const struct piece *piece)
{
    return strcmp(piece->kind, "max_pinned") == 0 || strcmp(piece->kind, "max_regions") == 0;
}

static int is_about_process(const struct piece *piece)
{
    return is_limit(piece) || strcmp(piece->kind, "memlock") == 0;
}

/* The figure after one of these; NULL when there is none. */
static const char *find_value(const char *text)
{
    static const char *const before[] = {"max_pinned = ", "max_regions = ", "ulimit -l "};
    for (size_t i = 0; i < sizeof before / sizeof before[0]; i++) {
        const char *found = strstr(text, before[i]);
        if (found)
            return found + strlen(before[i]);
    }
    return NULL;
}

static size_t value_len(const char *value)
{
    return strspn(value, "0123456789KMGT");
}

static uint64_t read_value(const char *value)
{
    static const struct option_info size = {.type = OPTION_TYPE_SIZE, .minimum = "", .maximum = ""};
    char text[32];
    uint64_t out = 0;
    snprintf(text, sizeof text, "%.*s", (int)value_len(value), value);
    parse_option(&size, text, 0, &out);
    return out;
}

/* What follows the figure of a gain. */
static const char *after_gain(const char *gain)
{
    const char *with = strstr(gain, " with "), *line = gain + strcspn(gain, "\n");
    return with && with < line ? with : line;
}

static const char *after_heading(const char *text)
{
    const size_t line = strcspn(text, "\n");
    return text[0] == '[' && text[line] ? text + line + 1 : text;
}

/* NULL when there is no memory. */
static char *subject_of(const struct piece *piece)
{
    const char *body = after_heading(piece->text), *gain = strstr(body, GAIN);
    const char *rest = gain ? after_gain(gain) : body;
    const char *value = strcmp(piece->kind, "always") && strcmp(piece->kind, "never") ? find_value(rest) : NULL;
    char *out;
    const int len = value ? asprintf(&out, "%.*s%s", (int)(value - rest), rest, value + value_len(value))
                          : asprintf(&out, "%s", rest);
    return len < 0 ? NULL : out;
}

/* --- collecting ------------------------------------------------------------------------------------------------------
 */

struct pieces {
    struct piece *of;
    size_t n;
};

static void take(struct pieces *all, const struct piece *piece)
{
    for (size_t i = 0; i < all->n; i++) {
        struct piece *same = &all->of[i];
        if (strcmp(same->kind, piece->kind) != 0 || strcmp(same->subject, piece->subject) != 0)
            continue;
        same->gain_ns =
            piece->gain_ns > (uint64_t)INT64_MAX - same->gain_ns ? (uint64_t)INT64_MAX : same->gain_ns + piece->gain_ns;
        if (same->value < piece->value) {
            same->value = piece->value;
            same->text = piece->text;
        }
        free(piece->subject);
        return;
    }
    all->of[all->n++] = *piece;
}

static int collect(struct pieces *all, const struct node *list)
{
    for (size_t i = 0; i < json_array_size(list->value); i++) {
        const struct node at = node_item(list, i), site = node_member(&at, "site");
        if (!json_is_object(at.value))
            node_wrong(&at, "an object");
        struct piece piece = {.kind = node_string(&at, "kind"), .text = node_string(&at, "text"), .site = site.value};
        piece.gain_ns = node_number(&at, "predicted_gain_ns");
        if (!json_is_null(site.value))
            node_key(&at, "site");
        if (list->reader->error[0] || !(piece.subject = subject_of(&piece)))
            return -1;
        const char *value = find_value(piece.text);
        piece.value = value ? read_value(value) : 0;
        take(all, &piece);
    }
    return 0;
}

/* --- writing ---------------------------------------------------------------------------------------------------------
 */

/* Limits first, as policy/advice.c has it; then the largest gain. */
static int by_gain(const void *one, const void *other)
{
    const struct piece *a = one, *b = other;
    if (is_about_process(a) != is_about_process(b))
        return is_about_process(a) ? -1 : 1;
    if (is_about_process(a))
        return is_limit(a) != is_limit(b) ? (is_limit(a) ? -1 : 1) : strcmp(a->kind, b->kind);
    return a->gain_ns != b->gain_ns ? (a->gain_ns > b->gain_ns ? -1 : 1) : strcmp(a->subject, b->subject);
}

/* "[site NAME-N]", where N makes the names of one file differ. */
static void write_heading(FILE *out, const char *text, unsigned number)
{
    const size_t line = strcspn(text, "]");
    size_t at = line;
    while (at && text[at - 1] >= '0' && text[at - 1] <= '9')
        at--;
    if (at == line || text[at - 1] != '-')
        fprintf(out, "%.*s]\n", (int)line, text);
    else
        fprintf(out, "%.*s%u]\n", (int)at, text, number);
}

/* The text with the gain of all; NULL when there is no memory. */
static char *rewrite(const struct piece *piece, unsigned *n_sections)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    const char *body = after_heading(piece->text), *gain = strstr(body, GAIN);
    if (!out)
        return NULL;
    if (strncmp(piece->text, SECTION, sizeof SECTION - 1) == 0 && body != piece->text)
        write_heading(out, piece->text, ++*n_sections);
    else
        fprintf(out, "%.*s", (int)(body - piece->text), piece->text);
    if (gain)
        fprintf(out, "%.*s" GAIN "%s", (int)(gain - body), body, quantity_time(piece->gain_ns).text);
    fputs(gain ? after_gain(gain) : body, out);
    return fclose(out) ? NULL : text;
}

/* Writes each into the list, and all of them to `out`.  Errors: -1, there is no memory. */
static int write_pieces(json_t *list, FILE *out, const struct pieces *all)
{
    unsigned n_sections = 0;
    int in_limits = 0;
    for (size_t i = 0; i < all->n; i++) {
        const struct piece *piece = &all->of[i];
        const int limit = is_limit(piece);
        char *text = rewrite(piece, &n_sections);
        if (!text)
            return -1;
        const int again = limit && in_limits;
        fprintf(out, "%s%s", i && !again ? "\n" : "",
                again && strncmp(text, LIMITS, sizeof LIMITS - 1) == 0 ? text + sizeof LIMITS - 1 : text);
        in_limits |= limit;
        json_array_append_new(list, json_pack("{s:s, s:I, s:O, s:s}", "kind", piece->kind, "predicted_gain_ns",
                                              (json_int_t)piece->gain_ns, "site", piece->site, "text", text));
        free(text);
    }
    return 0;
}

static int write_all(json_t *to, struct pieces *all)
{
    char *conf = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&conf, &len);
    json_t *list = json_array();
    qsort(all->of, all->n, sizeof *all->of, by_gain);
    int rc = out ? write_pieces(list, out, all) : -1;
    if (out && fclose(out))
        rc = -1;
    rc |= json_object_set_new(to, "advice", list);
    if (rc == 0)
        rc = json_object_set_new(to, "pinning_conf", json_string(conf));
    free(conf);
    return rc;
}

static void drop(struct pieces *all)
{
    for (size_t i = 0; i < all->n; i++)
        free(all->of[i].subject);
    free(all->of);
}

int merge_advice(json_t *to, const struct loaded *from, char *const *files, unsigned n, char *error, size_t cap)
{
    struct pieces all = {0};
    size_t most = 1;
    snprintf(error, cap, "%s", "");
    for (unsigned i = 0; i < n; i++)
        most += json_array_size(json_object_get(from[i].json, "advice"));
    all.of = calloc(most, sizeof *all.of);
    for (unsigned i = 0; all.of && i < n; i++) {
        struct json_reader reader = {files[i], error, cap};
        const struct node root = {&reader, NULL, NULL, 0, from[i].json},
                          list = node_array(&root, "advice", LOADED_SITES_MOST);
        if (error[0] || collect(&all, &list))
            break;
    }
    if (!error[0] && (!all.of || write_all(to, &all)))
        snprintf(error, cap, "there is no memory");
    drop(&all);
    return error[0] ? -1 : 0;
}
