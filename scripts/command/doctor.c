/* autopin doctor: what of this machine and this shell autopin can work with, and what to change.
 *
 * Owns the list of things that are looked at; the driver, which may crash or hang, is asked in a child
 * (doctor_driver.c).  One thread, no lock. */
#define _GNU_SOURCE
#include "scripts/command/doctor.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "policy/file.h"
#include "policy/limits.h"
#include "scripts/command/command.h"

enum {
    TEXT_MOST = 4096
};

static int to_change;

void doctor_say(enum verdict verdict, const char *what, const char *change, const char *fmt, ...)
{
    static const char *const words[] = {"good", "note", "CHANGE"};
    char line[1024];
    va_list args;
    va_start(args, fmt);
    vsnprintf(line, sizeof line, fmt, args);
    va_end(args);
    sink_printf(&command_stdout, "%-7s %-14s ", words[verdict], what);
    sink_clean(&command_stdout, line, 400);
    if (verdict == VERDICT_CHANGE)
        sink_printf(&command_stdout, "\n%-22s -> %s", "", change);
    sink_text(&command_stdout, "\n");
    to_change |= verdict == VERDICT_CHANGE;
}

/* A file's text without its last newline; "" when it cannot be read. */
static const char *read_text(const char *path)
{
    static char text[TEXT_MOST];
    size_t len = 0;
    file_read(path, text, sizeof text - 1, &len);
    while (len && isspace((unsigned char)text[len - 1]))
        len--;
    text[len] = 0;
    return text;
}

static uint64_t read_number(const char *path)
{
    return strtoull(read_text(path), NULL, 10);
}

/* --- what is looked at -----------------------------------------------------------------------------------------------
 */

/* devices: the driver locks for these, and asks for no limit. */
static void look_at_locking(int devices)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_MEMLOCK, &limit))
        return;
    if (geteuid() == 0 || limit.rlim_cur == RLIM_INFINITY)
        doctor_say(VERDICT_GOOD, "locked memory", NULL, "no limit%s", geteuid() == 0 ? " (root)" : "");
    else if (limit.rlim_cur >= 1ull << 30)
        doctor_say(VERDICT_GOOD, "locked memory", NULL, "at most %s", quantity_bytes(limit.rlim_cur).text);
    else if (devices)
        doctor_say(VERDICT_NOTE, "locked memory", NULL, "at most %s; what the driver pins does not count",
                   quantity_bytes(limit.rlim_cur).text);
    else
        doctor_say(VERDICT_CHANGE, "locked memory", "ulimit -l unlimited, or memlock in /etc/security/limits.conf",
                   "at most %s, of which autopin takes half", quantity_bytes(limit.rlim_cur).text);
}

static void look_at_memory(void)
{
    struct limits limits;
    limits_read(&limits, file_read);
    if (limits.ram_bytes == UINT64_MAX) {
        doctor_say(VERDICT_CHANGE, "memory", "mount /proc", "the size of RAM is unknown: percentages count as 0");
        return;
    }
    if (limits.some != UINT64_MAX && limits.some >= 1000)
        doctor_say(VERDICT_CHANGE, "memory", "fewer programs at once, or a lower max_pinned",
                   "%s, and tasks wait for it %llu %% of the time", quantity_bytes(limits.ram_bytes).text,
                   (unsigned long long)limits.some / 100);
    else
        doctor_say(VERDICT_GOOD, "memory", NULL, "%s, of which %s is available", quantity_bytes(limits.ram_bytes).text,
                   quantity_bytes(limits.available_bytes).text);
    if (limits.group_bytes >= limits.ram_bytes)
        doctor_say(VERDICT_GOOD, "cgroup", NULL, "no limit on memory");
    else if (limits.room_bytes < limits.group_bytes / 10)
        doctor_say(VERDICT_CHANGE, "cgroup", "a higher memory.max (docker --memory, Slurm --mem)",
                   "at most %s, of which only %s is left", quantity_bytes(limits.group_bytes).text,
                   quantity_bytes(limits.room_bytes).text);
    else
        doctor_say(VERDICT_NOTE, "cgroup", NULL, "at most %s; percentages in pinning.conf are of that",
                   quantity_bytes(limits.group_bytes).text);
}

static void look_at_huge_pages(void)
{
    const char *text = read_text("/sys/kernel/mm/transparent_hugepage/enabled");
    if (!*text)
        doctor_say(VERDICT_NOTE, "huge pages", NULL, "this kernel has no transparent ones: pins take longer");
    else if (strstr(text, "[never]"))
        doctor_say(VERDICT_CHANGE, "huge pages", "echo madvise > /sys/kernel/mm/transparent_hugepage/enabled",
                   "%s: locking takes many times as long without them", text);
    else
        doctor_say(VERDICT_GOOD, "huge pages", NULL, "%s", text);
}

static void look_at_nodes(void)
{
    const char *online = read_text("/sys/devices/system/node/online");
    if (!*online || strcmp(online, "0") == 0) {
        doctor_say(VERDICT_GOOD, "NUMA", NULL, "one node");
        return;
    }
    char nodes[64];
    snprintf(nodes, sizeof nodes, "%s", online);
    if (read_number("/proc/sys/kernel/numa_balancing"))
        doctor_say(VERDICT_CHANGE, "NUMA", "sysctl kernel.numa_balancing=0, and bind each rank to the node of its GPU",
                   "nodes %s, and the kernel moves pages between them while they are copied", nodes);
    else
        doctor_say(VERDICT_NOTE, "NUMA", NULL, "nodes %s: bind each rank to the node of its GPU", nodes);
}

static void look_at_shm(void)
{
    struct statvfs shm;
    if (statvfs("/dev/shm", &shm))
        doctor_say(VERDICT_NOTE, "/dev/shm", NULL, "is not there: autopin does without, programs may not");
    else if ((uint64_t)shm.f_blocks * shm.f_frsize < 256ull << 20)
        doctor_say(VERDICT_CHANGE, "/dev/shm",
                   "a larger one (docker --shm-size=8g): data loaders pass their batches in it", "%s",
                   quantity_bytes((uint64_t)shm.f_blocks * shm.f_frsize).text);
    else
        doctor_say(VERDICT_GOOD, "/dev/shm", NULL, "%s, of which %s is free",
                   quantity_bytes((uint64_t)shm.f_blocks * shm.f_frsize).text,
                   quantity_bytes((uint64_t)shm.f_bavail * shm.f_frsize).text);
}

static void look_at_options(void)
{
    static struct options options;
    const struct options_source *source = command_source(NULL);
    if (options_disabled(source))
        doctor_say(VERDICT_CHANGE, "options", "unset AUTOPIN_DISABLE", "AUTOPIN_DISABLE asks autopin to stay out");
    fflush(stdout); /* complaints go to stderr, before the line about them */
    if (options_load(&options, source))
        doctor_say(VERDICT_CHANGE, "options", "what stands above; autopin config shows what is in force", "%s",
                   quantity_count(options.n_complaints, "complaint").text);
    else
        doctor_say(VERDICT_GOOD, "options", NULL, "%s",
                   options.file[0] ? options.file : "no pinning.conf: all defaults");
}

static int doctor(int argc, char **argv)
{
    static const struct option longs[] = {{"help", 0, NULL, 'h'}, {NULL, 0, NULL, 0}};
    const int option = command_option(&doctor_subcommand, argc, argv, ":h", longs);
    if (option == COMMAND_HELP)
        return command_flush();
    if (option == '?')
        return COMMAND_USAGE;
    if (optind < argc)
        return command_usage(&doctor_subcommand, COMMAND_USAGE, "'%.60s' is one word too many", argv[optind]);
    look_at_locking(doctor_look_at_driver());
    look_at_memory();
    look_at_huge_pages();
    look_at_nodes();
    look_at_shm();
    look_at_options();
    const int rc = command_flush();
    return rc ? rc : to_change ? COMMAND_WRONG : COMMAND_WELL;
}

const struct subcommand doctor_subcommand = {
    "doctor", "what of this machine is good for autopin, and what to change", doctor,
    "usage: autopin doctor\n\n"
    "Looks at the driver, the limit on locked memory, RAM and the limit of the cgroup, huge pages, NUMA nodes,\n"
    "/dev/shm and the options.  Each line says what is, whether it is good, and what to change if not.  The driver\n"
    "is asked in a process of its own, for ten seconds at most.\n\n"
    "  -h, --help    this\n\n"
    "Exit status: 0 when there is nothing to change, 1 when there is, 2 for a wrong command line.\n"};
