/* Values of a JSON document that know where they stand, for one good sentence about the first that is wrong.
 *
 * A reader asks for what it expects and gets something harmless where that is not there; it looks at `error` once, at
 * the end.  Nodes lie on the stack of whoever goes down the document.  One thread, no lock. */
#ifndef AUTOPIN_JSON_NODE_H
#define AUTOPIN_JSON_NODE_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

struct json_reader {
    const char *file;
    char *error; /* "" while all is well */
    size_t cap;
};

struct node {
    struct json_reader *reader;
    const struct node *up; /* NULL: the document */
    const char *key;       /* NULL: an item */
    size_t index;
    json_t *value; /* NULL: there is none */
};

/* Reads FILE: JSON, or a record of a process as the report of it (record_read.h), which its first byte tells.  Errors:
 * -1 and reader->error. */
int node_read(struct json_reader *reader, json_t **out);

/* A member or an item, whatever it is. */
struct node node_member(const struct node *up, const char *key);
struct node node_item(const struct node *up, size_t index);

/* The same, and it is wrong if it is nothing of that kind. */
struct node node_object(const struct node *up, const char *key);
struct node node_array(const struct node *up, const char *key, size_t most);

uint64_t node_number(const struct node *up, const char *key); /* a whole number from 0; else 0 */
int64_t node_integer(const struct node *up, const char *key);
int node_boolean(const struct node *up, const char *key);
const char *node_string(const struct node *up, const char *key); /* else "" */
const char *node_string_itself(const struct node *at);

/* "0123456789abcdef" */
uint64_t node_key(const struct node *up, const char *key);

/* Says that a value is wrong; only the first counts. */
void node_wrong(const struct node *at, const char *expected);

#endif
