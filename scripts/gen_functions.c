/* Prints the README's table of functions from preload/entry_points.def.
 *
 * Neighbouring rows of the same group, kind and reason become one line.  Built and run by the Makefile; no lock. */
#include <stdio.h>
#include <string.h>

struct entry {
    const char *name, *group, *kind, *since, *reason;
};

static const struct entry entries[] = {
#define ENTRY(name, group, kind, since, reason) {#name, #group, #kind, since, reason},
#include "../preload/entry_points.def"
#undef ENTRY
};
enum {
    COUNT = sizeof entries / sizeof *entries
};

static const char *what(const char *kind)
{
    return strcmp(kind, "LIBC") == 0    ? "handled"
           : strcmp(kind, "HOOK") == 0  ? "handled"
           : strcmp(kind, "GUARD") == 0 ? "passed through, guarded"
           : strcmp(kind, "PASS") == 0  ? "not interposed"
                                        : "called by autopin";
}

/* since: the driver version each was first exported by, where they differ from the one before. */
static void put_names(int from, int to)
{
    const char *since = "";
    for (int i = from; i < to; i++) {
        printf("%s`%s`", i > from ? ", " : "", entries[i].name);
        if (*entries[i].since && strcmp(entries[i].since, since) != 0)
            printf(" (%s)", entries[i].since);
        since = entries[i].since;
    }
}

int main(void)
{
    puts("| functions (driver version that brought them) | | how |\n|---|---|---|");
    for (int from = 0, to; from < COUNT; from = to) {
        const struct entry *first = &entries[from];
        for (to = from + 1; to < COUNT; to++)
            if (strcmp(entries[to].group, first->group) != 0 || strcmp(entries[to].kind, first->kind) != 0 ||
                strcmp(entries[to].reason, first->reason) != 0)
                break;
        printf("| ");
        put_names(from, to);
        printf(" | %s | %s |\n", what(first->kind), first->reason);
    }
    return 0;
}
