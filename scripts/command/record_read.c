/* A record taken in: see record_read.h.
 *
 * Every pointer in it is an address of that process, and is looked up in the table of parts; every length is compared
 * with what holds it. */
#define _GNU_SOURCE
#include "record_read.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/prim.h"
#include "policy/tally.h"
#include "record_alive.h"
#include "record_load.h"

struct taken {
    struct record_image image;
    struct site *sites;          /* as they are taken in */
    const struct share **groups; /* of shares, and their numbers */
    uint64_t *numbers;
    size_t n_groups;
};

/* What the counters of this process are made of. */
static struct taken current;

/* A string that a site names; what got no room in the file is lost. */
static int take_string(const struct taken *taken, const char **string)
{
    const char *found = record_find_string(&taken->image, *string);
    if (!found && taken->image.record->head.lost == 0)
        return record_damaged(&taken->image, "a name lies outside it");
    *string = found ? found : "";
    return 0;
}

/* --- objects --------------------------------------------------------------------------------------------------------
 */

static int take_frame(struct taken *taken, struct frame *frame)
{
    if (frame->build_id_bytes > FRAME_ID_MOST)
        return record_damaged(&taken->image, "a build-id is too long");
    return frame->module ? take_string(taken, &frame->module) : 0;
}

static int take_site(struct taken *taken, const struct site *from)
{
    struct site *site = malloc(sizeof *site);
    if (!site)
        return record_wrong(&taken->image, -ENOMEM, "there is no memory for its sites");
    memcpy(site, from, sizeof *site);
    if (site->n_frames > SITE_FRAMES || site->size_log2 > 63 || site->promote.mode > PROMOTE_AFTER ||
        site->within >= TALLY_GROUP) {
        free(site);
        return record_damaged(&taken->image, "a call site is impossible");
    }
    site->next = taken->sites;
    taken->sites = site;
    int rc = site->rule_name ? take_string(taken, &site->rule_name) : 0;
    for (unsigned i = 0; rc == 0 && i < site->n_frames; i++)
        rc = take_frame(taken, &site->frame[i]);
    return rc;
}

static int take_object(struct taken *taken, const struct record_object *object)
{
    const void *inside = (const char *)object + RECORD_ALIGNED;
    const size_t room = object->bytes - RECORD_ALIGNED;
    if (object->kind == RECORD_SITE)
        return room < sizeof(struct site) ? record_damaged(&taken->image, "a call site is cut short")
                                          : take_site(taken, inside);
    if (object->kind == RECORD_SHARES) {
        if (room < TALLY_GROUP * sizeof(struct share) || object->number >= TALLY_GROUPS)
            return record_damaged(&taken->image, "the counts of a thread are cut short");
        taken->groups[taken->n_groups] = inside;
        taken->numbers[taken->n_groups++] = object->number;
    }
    return object->kind > RECORD_STRING ? record_damaged(&taken->image, "something in it is of no known kind") : 0;
}

static int take_part(struct taken *taken, uint64_t begin, uint64_t from, uint64_t used)
{
    int rc = 0;
    for (uint64_t at = from; rc == 0 && at < used;) {
        const struct record_object *object = (const struct record_object *)(taken->image.text + begin + at);
        if (object->bytes < RECORD_ALIGNED || object->bytes % RECORD_ALIGNED || object->bytes > used - at)
            return record_damaged(&taken->image, "something in it has an impossible length");
        rc = take_object(taken, object);
        at += object->bytes;
    }
    return rc;
}

static int take_objects(struct taken *taken)
{
    const struct record_head *head = &taken->image.record->head;
    const size_t most = taken->image.bytes / (TALLY_GROUP * sizeof(struct share)) + 1;
    uint64_t begin = 0;
    taken->groups = calloc(most, sizeof *taken->groups);
    taken->numbers = calloc(most, sizeof *taken->numbers);
    if (!taken->groups || !taken->numbers)
        return record_wrong(&taken->image, -ENOMEM, "there is no memory for its counts");
    int rc = take_site(taken, &taken->image.record->catch_all);
    for (unsigned i = 0; rc == 0 && i < head->n_parts; begin += head->part[i++].bytes)
        rc = take_part(taken, begin, i ? 0 : offsetof(struct record, objects), head->part[i].used);
    return rc;
}

/* What is read while threads count may have been freed before it was served. */
static void settle(_Atomic uint64_t *come, _Atomic uint64_t *gone)
{
    if (count_get(gone) > count_get(come) && count_get(gone) - count_get(come) < UINT64_MAX / 2)
        atomic_store(gone, count_get(come));
}

/* What the threads counted becomes the sites' own. */
static void add_shares(const struct taken *taken)
{
    for (struct site *site = taken->sites; site; site = site->next) {
        for (size_t i = 0; i < taken->n_groups; i++)
            if (taken->numbers[i] == site->group)
                tally_restore(site, &taken->groups[i][site->within]);
        settle(&site->rest.blocks, &site->rest.blocks_gone);
        settle(&site->rest.bytes, &site->rest.bytes_gone);
    }
}

/* --- the process ----------------------------------------------------------------------------------------------------
 */

/* No text in it need have an end of its own. */
static const struct record_head *head_closed(const struct record_head *from)
{
    static struct record_head head;
    memcpy(&head, from, sizeof head);
#define CLOSE(text) head.text[sizeof head.text - 1] = 0;
    CLOSE(version)
    CLOSE(program)
    CLOSE(command_line)
    CLOSE(config_file)
    CLOSE(driver)
    CLOSE(cause)
#undef CLOSE
    for (unsigned i = 0; i < RECORD_NOTES; i++)
        head.note[i][sizeof head.note[i] - 1] = 0;
    return &head;
}

static void describe(const struct record_image *image, struct report_process *process)
{
    static const char *const backends[] = {"none", "mlock", "cuda"}, *const causes[] = {"killed", "running",
                                                                                        "running or killed"};
    const struct record_head *head = head_closed(&image->record->head);
    const unsigned backend = (unsigned)head->backend;
    const enum record_life life = record_life(head, &image->stat);
    *process = (struct report_process){
        .program = head->program,
        .command_line = head->command_line,
        .pid = head->pid,
        .cause = head->cause[0] ? head->cause : causes[life],
        .version = head->version,
        .now_ns = life == RECORD_ALIVE ? prim_now_ns() : count_get(&image->record->totals.last_ns),
        .vm_lck_bytes = UINT64_MAX,
        .backend = backend < sizeof backends / sizeof *backends ? backends[backend] : "",
        .driver = head->driver,
        .config_file = head->config_file,
        .simulated = head->simulated != 0,
    };
    if (life == RECORD_ELSEWHERE)
        process->notes[process->n_notes++] =
            "whether the process still runs cannot be told: it is of another PID namespace, as a container has";
    for (unsigned i = 0; i < head->n_notes && i < RECORD_NOTES && process->n_notes < REPORT_NOTES - 1; i++)
        process->notes[process->n_notes++] = head->note[i];
    if (head->lost)
        process->notes[process->n_notes++] = "not everything that was counted had room in the record";
}

static void drop(struct taken *taken)
{
    for (struct site *site = taken->sites, *next; site; site = next) {
        next = site->next;
        free(site);
    }
    free(taken->groups);
    free(taken->numbers);
    record_unload(&taken->image);
    memset(taken, 0, sizeof *taken);
}

int record_read(FILE *file, struct report_process *process, char *why, size_t cap)
{
    struct taken taken = {.image = {.why = why, .why_cap = cap}};
    int rc = record_load(&taken.image, file);
    if (rc == 0)
        rc = take_objects(&taken);
    if (rc) {
        drop(&taken);
        return rc;
    }
    describe(&taken.image, process);
    memcpy(&record.totals, &taken.image.record->totals, sizeof record.totals);
    memcpy(&record.ledger, &taken.image.record->ledger, sizeof record.ledger);
    add_shares(&taken);
    sites_restore(taken.sites);
    drop(&current);
    current = taken;
    return 0;
}

static void put(void *ctx, const char *text, size_t len)
{
    fwrite(text, 1, len, ctx);
}

char *record_read_json(FILE *file, size_t *len, char *why, size_t cap)
{
    enum {
        MOST_SITES = 100000
    };
    struct report_process process;
    char *text = NULL;
    if (record_read(file, &process, why, cap))
        return NULL;
    FILE *stream = open_memstream(&text, len);
    const struct sink out = {put, stream};
    if (stream)
        report_write_json(&out, &process, NULL, NULL, MOST_SITES);
    if (!stream || ferror(stream) | fclose(stream)) {
        snprintf(why, cap, "there is no memory for the report");
        free(text);
        return NULL;
    }
    return text;
}
