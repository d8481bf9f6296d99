/* What a record says of the process and its driver.  See record_file.h.  Lock: none; each part of
 * it is written once. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdint.h>
#include <stdio.h>

#include "life.h"
#include "policy/hot.h"
#include "policy/record.h"
#include "record_file.h"
#include "report_out.h"
#include "version.h"

HOT_DATA struct record_arguments record_arguments;

static void write_command_line(char *out, size_t cap)
{
    size_t at = 0;
    char **const argument = record_arguments.at;
    for (int i = 0; i < record_arguments.n && argument[i] && at < cap - 1; i++)
        at += (size_t)snprintf(out + at, cap - at, i ? " %s" : "%s", argument[i]);
    if (!argument)
        report_command_line(out, cap);
}

void record_file_note(unsigned number, const char *note)
{
    if (number >= RECORD_NOTES)
        return;
    snprintf(record.head.note[number], sizeof record.head.note[number], "%s", note);
    record.head.n_notes = number + 1;
}

void record_file_driver(const char *description, int simulated)
{
    record.head.simulated = simulated;
    snprintf(record.head.driver, sizeof record.head.driver, "%s", description);
    record_open();
}

void record_file_start(void)
{
    struct record_head *head = &record.head;
    snprintf(head->version, sizeof head->version, "%s", AUTOPIN_VERSION);
    snprintf(head->program, sizeof head->program, "%s", program_invocation_short_name);
    write_command_line(head->command_line, sizeof head->command_line);
    snprintf(head->config_file, sizeof head->config_file, "%s", life_options()->file);
    if (life_options()->record)
        record_start(&record_files);
}
