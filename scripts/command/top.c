/* autopin top: how a running process stands, from its record, again and again.  One thread, no lock. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "policy/parse.h"
#include "scripts/command/command.h"
#include "scripts/command/record_list.h"
#include "scripts/command/record_read.h"
#include "scripts/command/top_screen.h"
#include "scripts/command/top_view.h"

enum {
    ROWS_PRINTED = 1000
};

struct top {
    FILE *file; /* stays readable when the process removes it */
    const char *path;
    struct report_process process;
    uint64_t views, delay_ns; /* views: UINT64_MAX: until somebody ends it */
    int drawing;
};

static int take(struct top *top, struct top_sample *sample)
{
    char why[200];
    rewind(top->file);
    if (record_read(top->file, &top->process, why, sizeof why))
        return command_fail(COMMAND_WRONG, "autopin top: %s: %s", top->path, why);
    top_sample(sample, &top->process);
    return COMMAND_WELL;
}

static void put(void *ctx, const char *text, size_t len)
{
    fwrite(text, 1, len, ctx);
}

static int show(const struct top *top, const struct top_sample *before, const struct top_sample *now)
{
    char *text = NULL;
    size_t len;
    FILE *stream = top->drawing ? open_memstream(&text, &len) : NULL;
    const struct sink drawn = {put, stream};
    top_view(stream ? &drawn : &command_stdout, &top->process, before, now,
             stream ? screen_rows() - 1 : (unsigned)ROWS_PRINTED);
    if (stream && fclose(stream) == 0)
        screen_draw(text);
    free(text);
    return command_flush();
}

/* Until it is to end, or the process has. */
static int go_on(struct top *top)
{
    struct top_sample before, now;
    int status = take(top, &before);
    for (uint64_t i = 0; status == COMMAND_WELL && i < top->views; i++) {
        if (screen_wait(top->delay_ns))
            break;
        status = take(top, &now);
        if (status == COMMAND_WELL && i && !top->drawing)
            putchar('\n');
        if (status == COMMAND_WELL)
            status = show(top, &before, &now);
        if (strcmp(top->process.cause, "running"))
            break;
        before = now;
    }
    return status;
}

/* pid: 0: the newest.  Returns the exit status once it has been said why there is none. */
static int find(struct top *top, uint64_t pid)
{
    static char path[sizeof((struct record_entry *)0)->path];
    struct record_entry *entry = NULL;
    const int n = record_list(&entry);
    const char *where = NULL; /* it is instead, if that is so */
    for (int i = 0; i < n && !top->file; i++) {
        if (pid && (uint64_t)entry[i].head.pid != pid)
            continue;
        where = entry[i].life == RECORD_ELSEWHERE ? "of another PID namespace" : "gone";
        snprintf(path, sizeof path, "%s", entry[i].path);
        top->file = entry[i].life == RECORD_ALIVE ? fopen(path, "re") : NULL;
    }
    free(entry);
    top->path = path;
    if (top->file)
        return setvbuf(top->file, NULL, _IONBF, 0) ? COMMAND_WRONG : COMMAND_WELL;
    if (pid && where)
        return command_fail(COMMAND_WRONG, "autopin top: process %llu is %s; autopin report %s prints its report",
                            (unsigned long long)pid, where, path);
    if (pid)
        return command_fail(
            COMMAND_WRONG,
            "autopin top: no process %llu of yours keeps a record: it does not run under autopin, or has "
            "had no large block or copy yet",
            (unsigned long long)pid);
    return command_fail(COMMAND_WRONG, "autopin top: no process of yours keeps a record; autopin report lists those of "
                                       "processes that are gone");
}

/* Returns COMMAND_END when all is read, else the exit status. */
static int read_options(int argc, char **argv, struct top *top)
{
    static const struct option_info views = {.type = OPTION_TYPE_COUNT, .minimum = "1", .maximum = "1000000000"},
                                    delay = {.type = OPTION_TYPE_DURATION, .minimum = "100ms", .maximum = "1h"};
    static const struct option longs[] = {
        {"views", 1, NULL, 'n'}, {"delay", 1, NULL, 'd'}, {"help", 0, NULL, 'h'}, {NULL, 0, NULL, 0}};
    for (int option; (option = command_option(&top_subcommand, argc, argv, ":n:d:h", longs)) != COMMAND_END;) {
        if (option == COMMAND_HELP)
            return command_flush();
        if (option == '?')
            return COMMAND_USAGE;
        if (option == 'n' && parse_option(&views, optarg, 0, &top->views))
            return command_usage(&top_subcommand, COMMAND_USAGE, "'%.40s' is no number of views, expected 1 or more",
                                 optarg);
        if (option == 'd' && (parse_option(&delay, optarg, 0, &top->delay_ns) || !top->delay_ns))
            return command_usage(&top_subcommand, COMMAND_USAGE,
                                 "'%.40s' is no delay, expected a duration such as 500ms or 5s, from 100ms to 1h",
                                 optarg);
    }
    return COMMAND_END;
}

static int top(int argc, char **argv)
{
    static const struct option_info number = {.type = OPTION_TYPE_COUNT, .minimum = "1", .maximum = "4194304"};
    struct top top = {.delay_ns = 1000000000};
    uint64_t pid = 0;
    int status = read_options(argc, argv, &top);
    if (status != COMMAND_END)
        return status;
    if (argc - optind > 1)
        return command_usage(&top_subcommand, COMMAND_USAGE, "it takes one process");
    if (argc - optind == 1 && parse_option(&number, argv[optind], 0, &pid))
        return command_usage(&top_subcommand, COMMAND_USAGE, "'%.40s' is no number of a process", argv[optind]);
    status = find(&top, pid);
    if (status)
        return status;
    top.drawing = top.views == 0 && isatty(STDOUT_FILENO);
    if (top.views == 0)
        top.views = top.drawing ? UINT64_MAX : 1;
    screen_begin(top.drawing);
    status = go_on(&top);
    screen_end();
    return status;
}

const struct subcommand top_subcommand = {
    "top", "how a running process stands, again and again", top,
    "usage: autopin top [PID] [-n N] [-d DELAY]\n\n"
    "Shows what is pinned against the cap, what was copied which way since the last view, and the call sites that "
    "lose\n"
    "most time, from the record that the library keeps of the process.  Without PID: of your process whose record is\n"
    "the newest.  On a terminal the view is drawn anew each DELAY until q or Ctrl-C; else it is printed once.\n\n"
    "  -n, --views N        prints N views, one below the other\n"
    "  -d, --delay DELAY    how long a view looks: 500ms or 5s, for example; 1s unless given\n"
    "  -h, --help           this\n\n"
    "Ends with the process too.\n\n"
    "Exit status: 0, also when the process ended; 1 when there is no such process or record, 2 for a wrong command\n"
    "line.\n"};
