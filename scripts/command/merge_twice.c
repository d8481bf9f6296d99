/* Processes that are in two of the files to be merged: see merge_twice.h. */
#include "scripts/command/merge_twice.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scripts/command/command.h"

struct counted {
    const char *program, *command_line;
    json_int_t pid, duration_ns;
    unsigned file;
};

struct all {
    struct counted *of;
    size_t n;
};

static const char *text_of(const json_t *process, const char *key)
{
    const char *text = json_string_value(json_object_get(process, key));
    return text ? text : "";
}

static void add(struct all *all, const json_t *process, unsigned file)
{
    all->of[all->n++] = (struct counted){text_of(process, "program"), text_of(process, "command_line"),
                                         json_integer_value(json_object_get(process, "pid")),
                                         json_integer_value(json_object_get(process, "duration_ns")), file};
}

static int compare(const struct counted *a, const struct counted *b)
{
    if (a->pid != b->pid)
        return a->pid < b->pid ? -1 : 1;
    if (a->duration_ns != b->duration_ns)
        return a->duration_ns < b->duration_ns ? -1 : 1;
    const int order = strcmp(a->program, b->program);
    return order ? order : strcmp(a->command_line, b->command_line);
}

/* Those of one process lie side by side, in the order of the files. */
static int by_process(const void *one, const void *other)
{
    const struct counted *a = one, *b = other;
    const int order = compare(a, b);
    return order ? order : a->file < b->file ? -1 : a->file > b->file;
}

static size_t count(const struct loaded *from)
{
    const json_t *several = json_object_get(from->json, "processes");
    return several ? json_array_size(several) : 1;
}

/* Of one file: its process, or those that a merged report lists. */
static void collect(struct all *all, const struct loaded *from, unsigned file)
{
    const json_t *several = json_object_get(from->json, "processes");
    for (size_t i = 0; i < count(from); i++)
        add(all, several ? json_array_get(several, i) : json_object_get(from->json, "process"), file);
}

static void say(const struct counted *first, const struct counted *again, char *const *files, size_t n_others)
{
    char others[64] = "";
    if (n_others)
        (void)snprintf(others, sizeof others, n_others == 1 ? "; so does %zu other process" : "; so do %zu others",
                       n_others);
    command_fail(COMMAND_WELL, "autopin merge: %.80s (pid %lld) is in both %.1000s and %.1000s, and counts twice%s",
                 first->program, (long long)first->pid, files[first->file], files[again->file], others);
}

/* Of all those that are in two files, the one is named whose second file comes first. */
static void find(const struct all *all, char *const *files)
{
    const struct counted *named = NULL;
    size_t n = 0;
    for (size_t i = 1, begin = 0, told = 0; i < all->n; i++) {
        const struct counted *at = &all->of[i];
        if (compare(&all->of[begin], at) != 0) {
            begin = i;
            told = 0;
        } else if (at->file != all->of[begin].file && !told) {
            told = 1;
            n++;
            if (!named || at->file < named->file)
                named = at;
        }
    }
    if (!named)
        return;
    const struct counted *first = named;
    while (first > all->of && compare(first - 1, named) == 0)
        first--;
    say(first, named, files, n - 1);
}

void merge_say_twice(const struct loaded *from, char *const *files, unsigned n)
{
    struct all all = {0};
    size_t most = 1;
    for (unsigned i = 0; i < n; i++)
        most += count(&from[i]);
    if (!(all.of = calloc(most, sizeof *all.of)))
        return;
    for (unsigned i = 0; i < n; i++)
        collect(&all, &from[i], i);
    qsort(all.of, all.n, sizeof *all.of, by_process);
    find(&all, files);
    free(all.of);
}
