/* The table that processes of a node share, with anything in it, and others that write there meanwhile.  Input: the
 * cap, how many slots are in use and what is in them; then what happens.
 *
 * fuzz: -max_len=2000 */
#include "policy/node_ledger.h"
#include "policy/prim.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/fake_prim.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
    ME = 1000
};
__extension__ typedef unsigned __int128 wide;

static struct node_table *table;
static unsigned n_asked;
static uint64_t dead_below, held, cap;

void *prim_node_map(size_t bytes)
{
    FUZZ_EXPECT(bytes == sizeof *table, "%zu bytes", bytes);
    struct node_table *copy = table;
    table = NULL; /* the ledger's now; it is found again below */
    return copy;
}

uint64_t prim_process(void)
{
    return ME;
}

int prim_process_lives(uint64_t name)
{
    FUZZ_EXPECT(++n_asked <= 3 * NODE_SLOTS, "asked %u times", n_asked);
    return name == ME || name >= dead_below;
}

static int is_others(const struct node_slot *slot)
{
    return slot->owner && slot->owner != ME && slot->owner >= dead_below;
}

/* One call of the ledger: nobody else's slot has changed, and what was granted is within the cap. */
static void step(struct node_table *shared, unsigned what, uint64_t bytes)
{
    static struct node_table before;
    memcpy(&before, shared, sizeof before);
    n_asked = 0;
    if (what) {
        const int rc = node_ledger_reserve(bytes);
        wide sum = 0;
        FUZZ_EXPECT(rc == 0 || rc == -EDQUOT, "%d", rc);
        for (int i = 0; i < NODE_SLOTS; i++)
            sum += shared->slot[i].owner ? shared->slot[i].bytes : 0;
        FUZZ_EXPECT(rc || sum <= cap, "%llu bytes were granted beyond the cap", (unsigned long long)bytes);
        held += rc ? 0 : bytes;
        FUZZ_EXPECT(held <= cap, "held %llu of %llu", (unsigned long long)held, (unsigned long long)cap);
    } else {
        bytes = bytes < held ? bytes : held;
        node_ledger_release(bytes);
        held -= bytes;
    }
    for (int i = 0; i < NODE_SLOTS; i++)
        if (is_others(&before.slot[i]))
            FUZZ_EXPECT(memcmp((void *)&before.slot[i], (void *)&shared->slot[i], sizeof before.slot[i]) == 0,
                        "the slot %d of another was written", i);
    FUZZ_EXPECT(memcmp(before.unused, shared->unused, sizeof before.unused) == 0, "the head was written");
    (void)node_ledger_bytes();
}

static uint64_t amount(struct fuzz_input *input)
{
    static const uint64_t said[] = {0, 1, 40, 100, ME, ME - 1, UINT64_MAX, UINT64_MAX / 2 + 1};
    const uint64_t how = fuzz_number(input, 1);
    return how < 8 ? said[how] : how < 16 ? fuzz_number(input, 8) : how;
}

static void put_slot(struct node_table *shared, struct fuzz_input *input)
{
    struct node_slot *slot = &shared->slot[fuzz_number(input, 2) % NODE_SLOTS];
    slot->owner = amount(input);
    slot->bytes = amount(input);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input input = {data, data + size};
    struct node_table *shared = table = calloc(1, sizeof *table);
    fake_reset();
    node_ledger_forget();
    held = 0;
    node_ledger_start(cap = 1 + amount(&input) % (UINT64_MAX - 1));
    dead_below = amount(&input);
    for (uint64_t n = fuzz_number(&input, 1), all = n == 255 ? NODE_SLOTS : n; all; all--)
        put_slot(shared, &input);
    if (fuzz_number(&input, 1) & 1)
        memset((void *)shared->slot, 0x5a, sizeof shared->slot);
    while (input.at < input.end) {
        const unsigned what = (unsigned)fuzz_number(&input, 1);
        if (what < 64)
            put_slot(shared, &input);
        else if (what < 80)
            dead_below = amount(&input);
        else if (what < 96)
            fake.now_ns += 200000000;
        else
            step(shared, what & 1, amount(&input));
    }
    const int mapped = table == NULL;
    node_ledger_forget();
    if (!mapped)
        free(shared);
    table = NULL;
    return 0;
}
