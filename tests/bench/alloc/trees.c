/* Builds search trees of small nodes with a text each, looks things up in them, and takes them down again.
 *
 * usage: trees TREES NODES */
#include "tests/bench/alloc/random.h"
#include "tests/bench/bench.h"

enum {
    TEXT_MOST = 40
};

struct node {
    struct node *child[2];
    uint64_t key;
    char *text;
};

static void insert(struct node **at, uint64_t key, size_t text_bytes)
{
    while (*at) {
        if ((*at)->key == key)
            return;
        at = &(*at)->child[key > (*at)->key];
    }
    *at = calloc(1, sizeof **at);
    bench_need(*at != NULL, "calloc");
    (*at)->key = key;
    (*at)->text = malloc(text_bytes);
    bench_need((*at)->text != NULL, "malloc");
    (*at)->text[0] = (char)key;
}

static long take_down(struct node *node)
{
    if (!node)
        return 0;
    const long nodes = take_down(node->child[0]) + take_down(node->child[1]);
    free(node->text);
    free(node);
    return nodes + 1;
}

int main(int argc, char **argv)
{
    const long trees = argc > 1 ? strtol(argv[1], NULL, 10) : 20, nodes = argc > 2 ? strtol(argv[2], NULL, 10) : 50000;
    uint64_t random = 1;
    long all = 0;
    for (long tree = 0; tree < trees; tree++) {
        struct node *root = NULL;
        for (long i = 0; i < nodes; i++)
            insert(&root, random_next(&random), 1 + random_below(&random, TEXT_MOST));
        all += take_down(root);
    }
    return all == trees * nodes ? 0 : 1;
}
