/* Source lines for the frames of a report: what stays in the command itself.  See symbols.h. */
#define _GNU_SOURCE
#include "scripts/command/symbols.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "scripts/command/command.h"

enum {
    SILENCE_MS = 15000, /* so long one module may take until its first answer, and between two */
    TOTAL_MS = 60000,
    ANSWERS_MOST = 64 << 20 /* bytes */
};

/* All that one run needs. */
struct search {
    struct loaded *report;
    struct place *places;
    size_t n;
    const char *debug;
    int64_t deadline_ms;
    unsigned n_unsaid; /* notes for which there was no room */
};

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* --- notes -----------------------------------------------------------------------------------------------------------
 */

int symbols_note(struct loaded *report, const char *text)
{
    struct report_process *process = &report->process;
    json_t *note = json_string(text);
    if (!note || process->n_notes >= REPORT_NOTES) {
        json_decref(note);
        return 0;
    }
    process->notes[process->n_notes++] = json_string_value(note);
    return json_array_append_new(json_object_get(report->json, "notes"), note) == 0;
}

/* The last is kept for those that find no room. */
static void add_note(struct search *search, const char *text)
{
    if (search->report->process.n_notes + 1 >= REPORT_NOTES || !symbols_note(search->report, text))
        search->n_unsaid++;
}

static void add_last_note(struct search *search)
{
    char text[80];
    snprintf(text, sizeof text, "no source lines either for %u more modules", search->n_unsaid);
    if (search->n_unsaid)
        symbols_note(search->report, text);
}

/* --- places ----------------------------------------------------------------------------------------------------------
 */

int symbols_same_module(const struct place *a, const struct place *b)
{
    return strcmp(a->module, b->module) == 0 && strcmp(a->build_id, b->build_id) == 0;
}

int symbols_same_place(const struct place *a, const struct place *b)
{
    return a->offset == b->offset && symbols_same_module(a, b);
}

static int compare(const void *one, const void *other)
{
    const struct place *a = one, *b = other;
    int order = strcmp(a->module, b->module);
    if (!order)
        order = strcmp(a->build_id, b->build_id);
    return order ? order : (a->offset > b->offset) - (a->offset < b->offset);
}

/* Every frame whose module has a path: the kernel's own has none. */
static void collect(struct search *search)
{
    const struct report *report = &search->report->report;
    search->places = calloc((size_t)report->n_kept * SITE_FRAMES + 1, sizeof *search->places);
    for (unsigned i = 0; search->places && i < report->n_kept; i++)
        for (unsigned k = 0; k < report->sites[i].site->n_frames; k++) {
            const struct frame *frame = &report->sites[i].site->frame[k];
            json_t *json = ((const struct loaded_name *)frame->pc)->json; /* NOLINT(performance-no-int-to-ptr) */
            const char *id = json_string_value(json_object_get(json, "build_id"));
            json_object_del(json, "source");
            if (strchr(frame->module, '/'))
                search->places[search->n++] = (struct place){frame->module, id ? id : "", frame->offset, json};
        }
    if (search->n)
        qsort(search->places, search->n, sizeof *search->places, compare);
}

/* --- answers ---------------------------------------------------------------------------------------------------------
 */

static void take_source(struct search *search, size_t at, json_t *source)
{
    if (!json_array_size(source))
        return;
    for (size_t i = at; i < search->n && symbols_same_place(&search->places[at], &search->places[i]); i++)
        json_object_set(search->places[i].frame, "source", source);
}

/* One line of the child's; *at becomes the place it is about. */
static void take_line(struct search *search, const char *line, size_t len, size_t *at)
{
    json_t *answer = json_loadb(line, len, 0, NULL);
    const json_t *place = json_object_get(answer, "at");
    const char *note = json_string_value(json_object_get(answer, "note"));
    if (json_is_integer(place) && (size_t)json_integer_value(place) < search->n)
        *at = (size_t)json_integer_value(place);
    if (note)
        add_note(search, note);
    take_source(search, *at, json_object_get(answer, "source"));
    json_decref(answer);
}

/* All that comes until the child ends or is silent for too long.  Returns whether it ended by itself. */
static int listen_to(int in, char *text, size_t *len, int64_t deadline_ms)
{
    struct pollfd waiting = {.fd = in, .events = POLLIN};
    for (;;) {
        const int64_t left = deadline_ms - now_ms();
        if (left <= 0 || *len == ANSWERS_MOST || poll(&waiting, 1, left < SILENCE_MS ? (int)left : SILENCE_MS) <= 0)
            return 0;
        const ssize_t got = read(in, text + *len, ANSWERS_MOST - *len);
        if (got <= 0)
            return 1;
        *len += (size_t)got;
    }
}

/* Why the child did not get through the module. */
static void blame(struct search *search, const struct place *place, int silent, int status)
{
    char text[600];
    if (silent)
        snprintf(text, sizeof text, "%.400s: its debug information takes too long to read: no more source lines for it",
                 place->module);
    else
        snprintf(text, sizeof text, "%.400s: reading its debug information failed (%s): no more source lines for it",
                 place->module, WIFSIGNALED(status) ? strsignal(WTERMSIG(status)) : "it ended");
    add_note(search, text);
}

/* One child for the places from `from` on.  Returns the first that is still to be looked at. */
static size_t ask(struct search *search, size_t from, char *text)
{
    int ends[2], status = 0;
    size_t len = 0, at = from;
    if (pipe(ends))
        return search->n;
    fflush(stdout);
    const pid_t pid = fork();
    if (pid == 0) {
        close(ends[0]);
        symbols_child(search->places, from, search->n, search->debug, ends[1]);
    }
    close(ends[1]);
    const int ended = pid > 0 && listen_to(ends[0], text, &len, search->deadline_ms);
    if (pid > 0 && !ended)
        kill(pid, SIGKILL);
    if (pid > 0)
        waitpid(pid, &status, 0);
    close(ends[0]);
    for (const char *line = text, *end; (end = memchr(line, '\n', len - (size_t)(line - text))); line = end + 1)
        take_line(search, line, (size_t)(end - line), &at);
    if (pid < 0 || (ended && WIFEXITED(status) && WEXITSTATUS(status) == 0))
        return search->n;
    blame(search, &search->places[at], !ended, status);
    for (from = at; at < search->n && symbols_same_module(&search->places[from], &search->places[at]); at++)
        ;
    return at;
}

void symbols_add(struct loaded *report, const char *debug)
{
    struct search search = {.report = report, .debug = debug, .deadline_ms = now_ms() + TOTAL_MS};
    char *text = malloc(ANSWERS_MOST);
    collect(&search);
    for (size_t from = 0; text && from < search.n && now_ms() < search.deadline_ms;)
        from = ask(&search, from, text);
    add_last_note(&search);
    free(text);
    free(search.places);
}

/* --- text ------------------------------------------------------------------------------------------------------------
 */

static const char *text_of(const json_t *place, const char *key)
{
    const char *text = json_string_value(json_object_get(place, key));
    return text && *text ? text : "?";
}

void symbols_print(const struct sink *out, const struct frame *frame)
{
    enum {
        FILE_MOST = 60
    };
    const struct loaded_name *name = (const void *)frame->pc; /* NOLINT(performance-no-int-to-ptr) */
    const json_t *source = json_object_get(name->json, "source");
    for (size_t i = 0; i < json_array_size(source); i++) {
        const json_t *place = json_array_get(source, i);
        const char *file = text_of(place, "file");
        const long long line = json_integer_value(json_object_get(place, "line"));
        const size_t len = strlen(file);
        sink_printf(out, "               %s", i ? "inlined in " : "");
        sink_clean(out, text_of(place, "function"), 100);
        if (strcmp(file, "?") != 0) {
            sink_printf(out, " at %s", len > FILE_MOST ? "..." : "");
            sink_clean(out, len > FILE_MOST ? file + len - FILE_MOST : file, FILE_MOST + 1);
        }
        sink_printf(out, line ? ":%lld\n" : "\n", line);
    }
}
