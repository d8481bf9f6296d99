/* A record's file: opened, looked at, taken in.  See record_read.h.
 *
 * The whole file is read first, its head before everything else, since the process may still be counting: what the head
 * says was there then is complete.  Every pointer in it is an address of that process, and is looked up in the table of
 * parts; every length is compared with what holds it.  */
#include "record_read.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "policy/prim.h"
#include "policy/record.h"
#include "policy/tally.h"
#include "record_alive.h"

enum {
    LARGEST = 128 << 20
};

struct file {
    char *text; /* `bytes` of it */
    size_t bytes;
    const struct record *record; /* its beginning */
    struct stat stat;
    struct site *sites;          /* as they are taken in */
    const struct share **groups; /* of shares, and their numbers */
    uint64_t *numbers;
    size_t n_groups, n_sites;
    char *why;
    size_t why_cap;
};

static int wrong(const struct file *file, int rc, const char *what)
{
    snprintf(file->why, file->why_cap, "%s", what);
    return rc;
}

static int damaged(const struct file *file, const char *what)
{
    snprintf(file->why, file->why_cap, "the file is damaged: %s", what);
    return -EBADMSG;
}

/* --- the file -------------------------------------------------------------------------------------------------------
 */

static int load(struct file *file, int fd)
{
    if (fstat(fd, &file->stat) || !S_ISREG(file->stat.st_mode))
        return wrong(file, -EPERM, "this is no regular file");
    if (file->stat.st_uid != geteuid() && geteuid() != 0)
        return wrong(file, -EPERM, "the file is another user's");
    if (file->stat.st_size < (off_t)sizeof(struct record))
        return wrong(file, -EBADMSG, "the file is too short for a record");
    if (file->stat.st_size > LARGEST)
        return wrong(file, -EBADMSG, "the file is too long for a record");
    file->text = aligned_alloc(RECORD_PAGE, ((size_t)file->stat.st_size + RECORD_PAGE - 1) / RECORD_PAGE * RECORD_PAGE);
    if (!file->text)
        return wrong(file, -ENOMEM, "there is no memory for the file");
    for (ssize_t got = 1; got > 0 && file->bytes < (size_t)file->stat.st_size; file->bytes += (size_t)got) {
        got = read(fd, file->text + file->bytes, (size_t)file->stat.st_size - file->bytes);
        if (got < 0)
            return wrong(file, -errno, "the file cannot be read");
    }
    file->record = (const struct record *)file->text;
    return file->bytes < sizeof(struct record) ? damaged(file, "it ends too early") : 0;
}

/* Looks at the head, and at the table of parts. */
static int look_at_head(const struct file *file)
{
    const struct record_head *head = &file->record->head;
    uint64_t end = 0;
    if (memcmp(head->magic, RECORD_MAGIC, sizeof head->magic))
        return wrong(file, -EPROTO, "this is no record of autopin");
    if (head->format != RECORD_FORMAT || head->layout != record_layout())
        return wrong(file, -EPROTO, "another version of autopin wrote the record");
    if (head->n_parts == 0 || head->n_parts > RECORD_PARTS || head->part[0].bytes != sizeof(struct record) ||
        head->part[0].used < offsetof(struct record, objects))
        return damaged(file, "its table of parts is impossible");
    for (unsigned i = 0; i < head->n_parts; i++) {
        const struct record_part *part = &head->part[i];
        if (part->bytes > file->bytes - end || part->used > part->bytes || part->address % RECORD_ALIGNED ||
            part->address + part->bytes < part->address || part->used % RECORD_ALIGNED)
            return damaged(file, "one of its parts is impossible");
        end += part->bytes;
    }
    return 0;
}

/* The string at an address of that process; NULL: it is not wholly in the file. */
static const char *find_string(const struct file *file, const void *address)
{
    const struct record_head *head = &file->record->head;
    uint64_t at = 0;
    for (unsigned i = 0; i < head->n_parts; at += head->part[i++].bytes) {
        const uint64_t from = (uint64_t)(uintptr_t)address - head->part[i].address;
        if (from < head->part[i].used)
            return memchr(file->text + at + from, 0, head->part[i].used - from) ? file->text + at + from : NULL;
    }
    return NULL;
}

/* A string that a site names; what got no room in the file is lost. */
static int take_string(const struct file *file, const char **string)
{
    const char *found = find_string(file, *string);
    if (!found && file->record->head.lost == 0)
        return damaged(file, "a name lies outside it");
    *string = found ? found : "";
    return 0;
}

/* --- objects --------------------------------------------------------------------------------------------------------
 */

static int take_site(struct file *file, const struct site *from)
{
    struct site *site = malloc(sizeof *site);
    if (!site)
        return wrong(file, -ENOMEM, "there is no memory for its sites");
    memcpy(site, from, sizeof *site);
    if (site->n_frames > SITE_FRAMES || site->size_log2 > 63 || site->promote.mode > PROMOTE_AFTER ||
        site->within >= TALLY_GROUP) {
        free(site);
        return damaged(file, "a call site is impossible");
    }
    site->next = file->sites;
    file->sites = site;
    file->n_sites++;
    int rc = site->rule_name ? take_string(file, &site->rule_name) : 0;
    for (unsigned i = 0; rc == 0 && i < site->n_frames; i++)
        rc = site->frame[i].module ? take_string(file, &site->frame[i].module) : 0;
    return rc;
}

static int take_object(struct file *file, const struct record_object *object)
{
    const void *inside = (const char *)object + RECORD_ALIGNED;
    const size_t room = object->bytes - RECORD_ALIGNED;
    if (object->kind == RECORD_SITE)
        return room < sizeof(struct site) ? damaged(file, "a call site is cut short") : take_site(file, inside);
    if (object->kind == RECORD_SHARES) {
        if (room < TALLY_GROUP * sizeof(struct share) || object->number >= TALLY_GROUPS)
            return damaged(file, "the counts of a thread are cut short");
        file->groups[file->n_groups] = inside;
        file->numbers[file->n_groups++] = object->number;
    }
    return object->kind > RECORD_STRING ? damaged(file, "something in it is of no known kind") : 0;
}

static int take_part(struct file *file, uint64_t begin, uint64_t from, uint64_t used)
{
    int rc = 0;
    for (uint64_t at = from; rc == 0 && at < used;) {
        const struct record_object *object = (const struct record_object *)(file->text + begin + at);
        if (object->bytes < RECORD_ALIGNED || object->bytes % RECORD_ALIGNED || object->bytes > used - at)
            return damaged(file, "something in it has an impossible length");
        rc = take_object(file, object);
        at += object->bytes;
    }
    return rc;
}

static int take_objects(struct file *file)
{
    const struct record_head *head = &file->record->head;
    const size_t most = file->bytes / (TALLY_GROUP * sizeof(struct share)) + 1;
    uint64_t begin = 0;
    file->groups = calloc(most, sizeof *file->groups);
    file->numbers = calloc(most, sizeof *file->numbers);
    if (!file->groups || !file->numbers)
        return wrong(file, -ENOMEM, "there is no memory for its counts");
    int rc = take_site(file, &file->record->catch_all);
    for (unsigned i = 0; rc == 0 && i < head->n_parts; begin += head->part[i++].bytes)
        rc = take_part(file, begin, i ? 0 : offsetof(struct record, objects), head->part[i].used);
    return rc;
}

/* What the threads counted becomes the sites' own. */
static void add_shares(const struct file *file)
{
    for (struct site *site = file->sites; site; site = site->next)
        for (size_t i = 0; i < file->n_groups; i++)
            if (file->numbers[i] == site->group)
                tally_restore(site, &file->groups[i][site->within]);
}

/* --- the process ----------------------------------------------------------------------------------------------------
 */

static const char *text(const char *from, size_t cap)
{
    char *copy = strndup(from, cap);
    return copy ? copy : "";
}

static void describe(const struct file *file, struct report_process *process)
{
    static const char *const backends[] = {"none", "mlock", "cuda"};
    const struct record_head *head = &file->record->head;
    const unsigned backend = (unsigned)head->backend;
    const int alive = record_is_alive(head, &file->stat);
    *process = (struct report_process){
        .program = text(head->program, sizeof head->program),
        .command_line = text(head->command_line, sizeof head->command_line),
        .pid = head->pid,
        .cause = head->cause[0] ? text(head->cause, sizeof head->cause)
                 : alive        ? "running"
                                : "killed",
        .version = text(head->version, sizeof head->version),
        .now_ns = alive ? prim_now_ns() : count_get(&file->record->totals.last_ns),
        .vm_lck_bytes = UINT64_MAX,
        .backend = backend < sizeof backends / sizeof *backends ? backends[backend] : "",
        .driver = text(head->driver, sizeof head->driver),
        .config_file = text(head->config_file, sizeof head->config_file),
        .simulated = head->simulated != 0,
    };
    for (unsigned i = 0; i < head->n_notes && i < RECORD_NOTES - 1; i++)
        process->notes[process->n_notes++] = text(head->note[i], sizeof head->note[i]);
    if (head->lost)
        process->notes[process->n_notes++] = "not everything that was counted had room in the record";
}

static void take_in(const struct file *file)
{
    memcpy(&record.totals, &file->record->totals, sizeof record.totals);
    memcpy(&record.ledger, &file->record->ledger, sizeof record.ledger);
    add_shares(file);
    sites_restore(file->sites);
}

static void drop(struct file *file)
{
    for (struct site *site = file->sites, *next; site; site = next) {
        next = site->next;
        free(site);
    }
    free(file->groups);
    free(file->numbers);
}

int record_read(const char *path, struct report_process *process, char *why, size_t cap)
{
    struct file file = {.why = why, .why_cap = cap};
    const int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0)
        return wrong(&file, -errno, strerror(errno)); /* NOLINT(concurrency-mt-unsafe): one thread */
    int rc = load(&file, fd);
    close(fd);
    if (rc == 0)
        rc = look_at_head(&file);
    if (rc == 0)
        rc = take_objects(&file);
    if (rc == 0) {
        describe(&file, process);
        take_in(&file);
        file.sites = NULL; /* they are the process's now */
    }
    drop(&file);
    return rc;
}
