/* Values of a JSON document that know where they stand: see json_node.h. */
#define _GNU_SOURCE
#include "scripts/command/json_node.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "policy/record.h"
#include "scripts/command/record_read.h"

/* Closes the file.  Figures that JSON cannot tell are none that autopin counts. */
static int read_record(struct json_reader *reader, FILE *file, json_t **out)
{
    char why[200] = "the record is damaged: its figures are impossible";
    size_t len = 0;
    char *text = record_read_json(file, &len, why, sizeof why);
    fclose(file);
    if (text)
        *out = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
    free(text);
    if (!*out)
        snprintf(reader->error, reader->cap, "%.500s: %s", reader->file, why);
    return *out ? 0 : -1;
}

int node_read(struct json_reader *reader, json_t **out)
{
    json_error_t error;
    struct stat there;
    FILE *file = fopen(reader->file, "re");
    *out = NULL;
    if (!file || (fstat(fileno(file), &there) == 0 && S_ISDIR(there.st_mode))) {
        snprintf(reader->error, reader->cap, "%.500s: cannot be read: %s", reader->file,
                 strerrordesc_np(file ? EISDIR : errno));
        if (file)
            fclose(file);
        return -1;
    }
    const int first = ungetc(getc(file), file); /* that of a record is that of no JSON */
    if (first == RECORD_MAGIC[0])
        return read_record(reader, file, out);
    *out = json_loadf(file, JSON_REJECT_DUPLICATES, &error);
    fclose(file);
    if (!*out)
        snprintf(reader->error, reader->cap, "%.500s:%d:%d: no JSON, expected a report of autopin: %s", reader->file,
                 error.line, error.column, error.text);
    return *out ? 0 : -1;
}

/* "sites[3].pins" */
static void print_place(const struct node *at, char *out, size_t cap)
{
    char above[400] = "", key[60];
    if (at->up)
        print_place(at->up, above, sizeof above);
    snprintf(key, sizeof key, "%.50s", at->key ? at->key : "");
    if (!at->up)
        out[0] = 0;
    else if (at->key)
        snprintf(out, cap, "%s%s%s", above, above[0] ? "." : "", key);
    else
        snprintf(out, cap, "%s[%zu]", above, at->index);
}

static void print_found(const json_t *value, char *out, size_t cap)
{
    static const char *const kinds[] = {
        [JSON_OBJECT] = "an object", [JSON_ARRAY] = "a list", [JSON_REAL] = "a fraction",
        [JSON_TRUE] = "true",        [JSON_FALSE] = "false",  [JSON_NULL] = "null"};
    if (!value)
        snprintf(out, cap, "nothing");
    else if (json_is_integer(value))
        snprintf(out, cap, "%lld", (long long)json_integer_value(value));
    else if (json_is_array(value))
        snprintf(out, cap, "a list of %zu", json_array_size(value));
    else if (json_is_string(value))
        snprintf(out, cap, "'%.40s'", json_string_value(value));
    else
        snprintf(out, cap, "%s", kinds[json_typeof(value)]);
}

void node_wrong(const struct node *at, const char *expected)
{
    char place[500], found[60];
    if (at->reader->error[0])
        return;
    print_place(at, place, sizeof place);
    print_found(at->value, found, sizeof found);
    snprintf(at->reader->error, at->reader->cap, "%.400s: %s: expected %s, found %s", at->reader->file,
             place[0] ? place : "the document", expected, found);
}

struct node node_member(const struct node *up, const char *key)
{
    return (struct node){up->reader, up, key, 0, json_object_get(up->value, key)};
}

struct node node_item(const struct node *up, size_t index)
{
    return (struct node){up->reader, up, NULL, index, json_array_get(up->value, index)};
}

struct node node_object(const struct node *up, const char *key)
{
    const struct node at = node_member(up, key);
    if (!json_is_object(at.value))
        node_wrong(&at, "an object");
    return at;
}

struct node node_array(const struct node *up, const char *key, size_t most)
{
    struct node at = node_member(up, key);
    char expected[60];
    if (!json_is_array(at.value))
        node_wrong(&at, "a list");
    if (json_array_size(at.value) > most) {
        snprintf(expected, sizeof expected, "a list of at most %zu", most);
        node_wrong(&at, expected);
        at.value = NULL;
    }
    return at;
}

int64_t node_integer(const struct node *up, const char *key)
{
    const struct node at = node_member(up, key);
    if (!json_is_integer(at.value))
        node_wrong(&at, "a whole number");
    return json_integer_value(at.value);
}

uint64_t node_number(const struct node *up, const char *key)
{
    const struct node at = node_member(up, key);
    const json_int_t value = json_integer_value(at.value);
    if (!json_is_integer(at.value) || value < 0) {
        node_wrong(&at, "a whole number from 0");
        return 0;
    }
    return (uint64_t)value;
}

int node_boolean(const struct node *up, const char *key)
{
    const struct node at = node_member(up, key);
    if (!json_is_boolean(at.value))
        node_wrong(&at, "true or false");
    return json_is_true(at.value);
}

const char *node_string_itself(const struct node *at)
{
    const char *text = json_string_value(at->value);
    if (!text)
        node_wrong(at, "a text");
    return text ? text : "";
}

const char *node_string(const struct node *up, const char *key)
{
    const struct node at = node_member(up, key);
    return node_string_itself(&at);
}

uint64_t node_key(const struct node *up, const char *key)
{
    const struct node at = node_member(up, key);
    const char *text = json_string_value(at.value);
    if (!text || strlen(text) != 16 || strspn(text, "0123456789abcdef") != 16) {
        node_wrong(&at, "16 hexadecimal digits");
        return 0;
    }
    return strtoull(text, NULL, 16);
}
