/* A record's file in memory: see record_load.h.
 *
 * The head is read before everything else, since the process may still be counting: what the head says was there then
 * is complete behind it. */
#include "record_load.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
    LARGEST = 128 << 20
};

int record_wrong(const struct record_image *image, int rc, const char *what)
{
    snprintf(image->why, image->why_cap, "%s", what);
    return rc;
}

int record_damaged(const struct record_image *image, const char *what)
{
    snprintf(image->why, image->why_cap, "the record is damaged: %s", what);
    return -EBADMSG;
}

/* Errors: -1. */
static int make_room(struct record_image *image, size_t *cap)
{
    const size_t more = *cap ? 2 * *cap : (size_t)1 << 18;
    char *text = aligned_alloc(RECORD_PAGE, more);
    if (!text)
        return -1;
    if (image->bytes)
        memcpy(text, image->text, image->bytes);
    free(image->text);
    image->text = text;
    *cap = more;
    return 0;
}

static int read_all(struct record_image *image, FILE *file)
{
    size_t cap = 0;
    for (size_t got = 1; got; image->bytes += got) {
        if (image->bytes == LARGEST)
            return record_wrong(image, -EBADMSG, "the file is too long for a record");
        if (image->bytes == cap && make_room(image, &cap))
            return record_wrong(image, -ENOMEM, "there is no memory for the record");
        got = fread(image->text + image->bytes, 1, cap - image->bytes, file);
    }
    return ferror(file) ? record_wrong(image, -EIO, "the file cannot be read") : 0;
}

/* Where it ends; 0: it is impossible. */
static uint64_t part_end(const struct record_image *image, const struct record_part *part, uint64_t begin)
{
    if (part->bytes > image->bytes - begin || part->used > part->bytes || part->address % RECORD_ALIGNED ||
        part->address + part->bytes < part->address || part->used % RECORD_ALIGNED)
        return 0;
    return begin + part->bytes;
}

static int look_at_head(const struct record_image *image)
{
    const struct record_head *head = &image->record->head;
    uint64_t end = 0;
    if (head->n_parts == 0 || head->n_parts > RECORD_PARTS || head->part[0].bytes != sizeof(struct record) ||
        head->part[0].used < offsetof(struct record, objects))
        return record_damaged(image, "its table of parts is impossible");
    for (unsigned i = 0; i < head->n_parts; i++) {
        end = part_end(image, &head->part[i], end);
        if (!end)
            return record_damaged(image, "one of its parts is impossible");
    }
    return 0;
}

int record_load(struct record_image *image, FILE *file)
{
    if (fstat(fileno(file), &image->stat))
        return record_wrong(image, -errno, "the file cannot be looked at");
    int rc = read_all(image, file);
    if (rc)
        return rc;
    image->record = (const struct record *)image->text;
    const struct record_head *head = &image->record->head;
    if (image->bytes < sizeof head->magic || memcmp(head->magic, RECORD_MAGIC, sizeof head->magic))
        return record_wrong(image, -EPROTO, "expected a report in JSON, or a record of autopin");
    if (image->bytes < offsetof(struct record_head, pid))
        return record_damaged(image, "it ends too early");
    if (head->format != RECORD_FORMAT || head->layout != record_layout())
        return record_wrong(image, -EPROTO, "another version of autopin wrote the record");
    return image->bytes < sizeof(struct record) ? record_damaged(image, "it ends too early") : look_at_head(image);
}

void record_unload(struct record_image *image)
{
    free(image->text);
    image->text = NULL;
    image->record = NULL;
    image->bytes = 0;
}

const char *record_find_string(const struct record_image *image, const void *address)
{
    const struct record_head *head = &image->record->head;
    uint64_t at = 0;
    for (unsigned i = 0; i < head->n_parts; at += head->part[i++].bytes) {
        const uint64_t from = (uint64_t)(uintptr_t)address - head->part[i].address;
        if (from < head->part[i].used)
            return memchr(image->text + at + from, 0, head->part[i].used - from) ? image->text + at + from : NULL;
    }
    return NULL;
}
