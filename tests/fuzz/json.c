/* Changes reports so that they stay JSON: see json.h.  Values, and what a place of the document may become, are drawn
 * from the document itself and from a list. */
#include "tests/fuzz/json.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static uint64_t state;

static size_t draw(size_t below)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return below ? (size_t)(state % below) : 0;
}

/* A value of the document, and where it stands. */
struct spot {
    json_t *up, *value;
    const char *key; /* NULL: an item of a list, */
    size_t index;    /* at this place */
};

/* Goes down the document; of n spots it leaves one in *spot, each as likely as any other. */
static void choose(json_t *up, struct spot *spot, size_t *n)
{
    const char *key;
    json_t *value;
    size_t index;
    json_object_foreach(up, key, value)
    {
        if (draw(++*n) == 0)
            *spot = (struct spot){up, value, key, 0};
        choose(value, spot, n);
    }
    json_array_foreach(up, index, value)
    {
        if (draw(++*n) == 0)
            *spot = (struct spot){up, value, NULL, index};
        choose(value, spot, n);
    }
}

static json_t *fresh(void)
{
    static const char *const documents[] = {"null",
                                            "true",
                                            "false",
                                            "0",
                                            "-1",
                                            "1",
                                            "64",
                                            "9223372036854775807",
                                            "-9223372036854775808",
                                            "4611686018427387905",
                                            "1.5",
                                            "1e300",
                                            "\"\"",
                                            "\"x\"",
                                            "\"\\u001b[31m\"",
                                            "\"\\u009b\"",
                                            "\"%s%n\"",
                                            "\"[site x-1]\\n# predicted gain: 1 ms\"",
                                            "\"max_pinned = 9999999999999999T\"",
                                            "\"# predicted gain: \"",
                                            "\"0123456789abcdef\"",
                                            "\"\\ud83d\\ude00\"",
                                            "[]",
                                            "{}",
                                            "[[]]",
                                            "[{},{},{}]",
                                            "[null,null,null,null,null,null,null,null,null]",
                                            "{\"a\":{\"b\":[]}}"};
    return json_loads(documents[draw(sizeof documents / sizeof *documents)], JSON_DECODE_ANY, NULL);
}

static void set(const struct spot *spot, json_t *value)
{
    if (spot->key)
        json_object_set_new(spot->up, spot->key, value);
    else
        json_array_set_new(spot->up, spot->index, value);
}

static void change(json_t *root)
{
    struct spot spot = {0}, other = {0};
    size_t n = 0;
    choose(root, &spot, &n);
    n = 0;
    choose(root, &other, &n);
    if (!n)
        return;
    const size_t what = draw(6);
    if (what == 0 && spot.key)
        json_object_del(spot.up, spot.key);
    else if (what == 0)
        json_array_remove(spot.up, spot.index);
    else if (what == 1 && !spot.key)
        json_array_append_new(spot.up, json_deep_copy(spot.value));
    else if (what == 2)
        set(&spot, json_deep_copy(other.value));
    else if (what == 3 && json_is_integer(spot.value))
        set(&spot, json_integer((json_int_t)(draw(2) ? 1ull << draw(63) : draw(10))));
    else
        set(&spot, fresh());
}

size_t json_mutate(uint8_t *data, size_t size, size_t cap, unsigned seed)
{
    json_t *root = json_loadb((const char *)data, size, 0, NULL);
    state = (uint64_t)seed << 1 | 1;
    if (!root)
        return 0;
    for (size_t n = 1 + draw(4); n; n--)
        change(root);
    const size_t len = json_dumpb(root, (char *)data, cap, JSON_COMPACT);
    json_decref(root);
    return len <= cap ? len : 0;
}
