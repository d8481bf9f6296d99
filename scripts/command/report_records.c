/* The list of records: see report_records.h. */
#include "scripts/command/report_records.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "scripts/command/command.h"
#include "scripts/command/record_list.h"

static uint64_t boot_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_BOOTTIME, &now);
    return (uint64_t)now.tv_sec * 1000000000ull + (uint64_t)now.tv_nsec;
}

static void print_entry(const struct record_entry *entry)
{
    const struct record_head *head = &entry->head;
    const uint64_t now = boot_ns();
    const char *ended = !entry->readable ? "gone" : head->cause[0] ? head->cause : "killed";
    const char *state = entry->life == RECORD_ALIVE ? "running" : entry->life == RECORD_ELSEWHERE ? "elsewhere" : ended;
    sink_clean(&command_stdout, state, 15);
    sink_printf(&command_stdout, "%*s %-10lld %-10s ", (int)(11 - (strlen(state) < 11 ? strlen(state) : 11)), "",
                (long long)head->pid, quantity_time(now > head->made_ns ? now - head->made_ns : 0).text);
    sink_clean(&command_stdout, entry->readable ? head->program : "(of another version)", 30);
    sink_text(&command_stdout, "  ");
    sink_clean(&command_stdout, entry->path, sizeof entry->path);
    sink_text(&command_stdout, "\n");
}

int report_list_records(void)
{
    struct record_entry *entry = NULL;
    const int n = record_list(&entry);
    if (n < 0)
        return command_fail(COMMAND_WRONG, "autopin report: there is no memory");
    if (n == 0)
        puts("There is no record of any process of yours.");
    else
        puts("state       process    made ago   program  record");
    for (int i = 0; i < n; i++)
        print_entry(&entry[i]);
    free(entry);
    return command_flush();
}

int report_clean_records(void)
{
    const int n = record_clean();
    if (n < 0)
        return command_fail(COMMAND_WRONG, "autopin report: not every record could be removed: %s",
                            strerror(errno)); /* NOLINT(concurrency-mt-unsafe): one thread */
    printf("%d removed\n", n);
    return command_flush();
}
