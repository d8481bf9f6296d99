/* The record and its parts: see record.h. */
#include "record.h"

#include <string.h>

#include "lock.h"
#include "tally.h"

enum {
    STRINGS = 32 /* remembered, so that the frames of many sites share the names of their modules */
};

struct record record;

static struct lock record_lock = LOCK_OF(RANK_RECORD);
/* As in record.head.  Lock: record_lock. */
static struct record_part part[RECORD_PARTS] = {
    {(uintptr_t)&record, sizeof record, offsetof(struct record, objects)},
};
static unsigned n_parts = 1;
static char *at = record.objects, *end = record.objects + sizeof record.objects; /* the part that is being filled */
static int in_file = 1;                                                          /* it is one of part[] */
static const struct record_files *wanted, *files;                                /* files: there is a file */
static const char *string[STRINGS];
static unsigned n_strings;

/* The contents are there: now it is a record. */
static void head_write(void)
{
    struct record_head *head = &record.head;
    head->format = RECORD_FORMAT;
    head->layout = record_layout();
    memcpy(head->part, part, sizeof part);
    head->n_parts = n_parts;
    atomic_thread_fence(memory_order_release);
    memcpy(head->magic, RECORD_MAGIC, sizeof head->magic);
}

/* Lock: record_lock. */
static void open_once(void)
{
    const struct record_files *try = wanted;
    wanted = NULL;
    if (!try || try->make(part, n_parts))
        return;
    head_write();
    if (try->show() == 0)
        files = try;
}

void record_start(const struct record_files *with)
{
    wanted = with;
}

void record_open(void)
{
    lock_take(&record_lock);
    open_once();
    lock_drop(&record_lock);
}

void record_end(const char *cause, int needed)
{
    lock_take(&record_lock);
    strncpy(record.head.cause, cause, sizeof record.head.cause - 1);
    if (!needed) {
        if (files)
            files->drop();
        wanted = files = NULL;
    }
    lock_drop(&record_lock);
}

static uint64_t next_bytes(void)
{
    const uint64_t bytes = (uint64_t)RECORD_STEP << (n_parts - 1);
    return n_parts > 8 || bytes > RECORD_STEP_MOST ? RECORD_STEP_MOST : bytes;
}

/* Adds a part to the file.  Lock: record_lock. */
static void *part_add(uint64_t bytes)
{
    uint64_t offset = 0;
    if (!files || !in_file || n_parts == RECORD_PARTS)
        return NULL;
    for (unsigned i = 0; i < n_parts; i++)
        offset += part[i].bytes;
    void *mem = files->grow(n_parts, offset, bytes);
    if (!mem)
        return NULL;
    part[n_parts] = record.head.part[n_parts] = (struct record_part){(uintptr_t)mem, bytes, 0};
    atomic_thread_fence(memory_order_release);
    record.head.n_parts = ++n_parts;
    return mem;
}

/* Room for an object, in the file if it can be.  Lock: record_lock. */
static int make_room(size_t bytes)
{
    if ((size_t)(end - at) >= bytes)
        return 1;
    const uint64_t fresh_bytes = next_bytes();
    char *fresh = part_add(fresh_bytes);
    if (!fresh) {
        fresh = prim_map(fresh_bytes);
        if (!fresh)
            return 0;
        in_file = 0; /* and none after it, so that the parts stay in the order of the file */
    }
    at = fresh;
    end = fresh + fresh_bytes;
    return 1;
}

/* Lock: record_lock. */
static struct record_object *object_cut(enum record_kind kind, uint64_t number, size_t bytes)
{
    bytes = (bytes + RECORD_ALIGNED - 1) & ~(size_t)(RECORD_ALIGNED - 1);
    open_once();
    if (!make_room(bytes))
        return NULL;
    struct record_object *object = (struct record_object *)at;
    object->bytes = (uint32_t)bytes;
    object->kind = kind;
    object->number = number;
    at += bytes;
    if (in_file) {
        part[n_parts - 1].used += bytes;
        atomic_thread_fence(memory_order_release);
        record.head.part[n_parts - 1].used = part[n_parts - 1].used;
        record.totals.last_ns = prim_coarse_ns();
    } else {
        record.head.lost++;
    }
    return object;
}

void *record_get(enum record_kind kind, uint64_t number, size_t bytes)
{
    lock_take(&record_lock);
    struct record_object *object = object_cut(kind, number, RECORD_ALIGNED + bytes);
    lock_drop(&record_lock);
    return object ? (char *)object + RECORD_ALIGNED : NULL;
}

void record_ready(void *mem, enum record_kind kind)
{
    struct record_object *object = (struct record_object *)((char *)mem - RECORD_ALIGNED);
    atomic_thread_fence(memory_order_release);
    object->kind = kind;
}

const char *record_string(const char *text)
{
    const size_t bytes = strlen(text) + 1;
    const char *found = NULL;
    if (bytes == 1)
        return record.head.none;
    lock_take(&record_lock);
    for (unsigned i = 0; i < STRINGS && i < n_strings && !found; i++)
        found = strcmp(string[i], text) == 0 ? string[i] : NULL;
    struct record_object *fresh =
        found ? NULL : object_cut(RECORD_STRING, 0, offsetof(struct record_object, text) + bytes);
    if (fresh)
        found = string[n_strings++ % STRINGS] = memcpy(fresh->text, text, bytes);
    lock_drop(&record_lock);
    return found ? found : record.head.none;
}

/* FNV-1a over what a reader relies on. */
uint64_t record_layout(void)
{
    const uint64_t sizes[] = {
        sizeof(struct record),
        sizeof(struct record_head),
        sizeof(struct site),
        sizeof(struct frame),
        sizeof(struct share),
        sizeof(struct totals),
        TALLY_GROUP,
        SITE_FRAMES,
        REASON_COUNT,
        WAY_COUNT,
        offsetof(struct record, totals),
        offsetof(struct record, ledger),
        offsetof(struct record, catch_all),
        offsetof(struct record, objects),
        offsetof(struct record_head, version),
        offsetof(struct record_head, backend),
        offsetof(struct frame, build_id),
        offsetof(struct site, rule_name),
        offsetof(struct site, group),
        offsetof(struct site, rest),
        offsetof(struct site, recycled),
        offsetof(struct site, count),
        offsetof(struct site, saved_ns),
        offsetof(struct site, pinned_bytes),
        offsetof(struct site, refused),
        offsetof(struct site, why),
        offsetof(struct totals, foreign),
        offsetof(struct totals, large_forwarded),
        offsetof(struct totals, faults_avoided),
    };
    uint64_t hash = 0xcbf29ce484222325ull;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        hash = (hash ^ sizes[i]) * 0x100000001b3ull;
    return hash;
}

void record_fork_child(void)
{
    if (!files)
        return;
    files->leave(part, n_parts);
    wanted = files;
    files = NULL;
    record.head.lost = in_file ? 0 : 1;
    record.head.cause[0] = 0;
    memset(record.head.magic, 0, sizeof record.head.magic);
}

void record_fork_take(void)
{
    lock_take(&record_lock);
}

void record_fork_drop(void)
{
    lock_drop(&record_lock);
}
