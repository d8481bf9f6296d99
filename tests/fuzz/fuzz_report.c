/* A report in JSON: autopin report and autopin merge print one, or one sentence says what is wrong with it.
 *
 * fuzz: -max_len=6000 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/parse.h"
#include "policy/record.h"
#include "scripts/command/command.h"
#include "scripts/command/config_explain.h"
#include "scripts/command/merge.h"
#include "scripts/command/report_read.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/json.h"

static char key[20];

static void put_memory(void *ctx, const char *text, size_t len)
{
    fwrite(text, 1, len, ctx);
}

/* As the command says it, with the control characters of the file made harmless. */
static int say(void *text)
{
    return command_fail(COMMAND_WRONG, "autopin report: %s", (const char *)text);
}

static int is_record; /* by its first bytes: fuzz_record.c has those */

/* One line that names the file and says what was expected. */
static void expect_sentence(char *error, const char *file)
{
    char begin[80], line[2000];
    const struct fuzz_said said = fuzz_listen(say, error);
    const size_t len = strlen(said.err);
    FUZZ_EXPECT(said.status == COMMAND_WRONG && !said.out[0], "%d: %s", said.status, said.out);
    FUZZ_EXPECT(len && len < sizeof line && strchr(said.err, '\n') == said.err + len - 1, "%s", said.err);
    snprintf(line, sizeof line, "%.*s", (int)len - 1, said.err);
    snprintf(begin, sizeof begin, "autopin report: %s:", file);
    fuzz_sentence(line, begin);
    FUZZ_EXPECT(is_record || strstr(line, " expected "), "%s", line);
}

static char *print(const struct report *report, void (*writer)(const struct sink *, const struct report *), size_t *len)
{
    char *text = NULL;
    FILE *memory = open_memstream(&text, len);
    writer(&(struct sink){put_memory, memory}, report);
    fclose(memory);
    return text;
}

/* Text goes to a terminal. */
static void expect_text(const struct report *report)
{
    size_t len;
    char *text = print(report, report_print_text, &len);
    FUZZ_EXPECT(strlen(text) == len && strncmp(text, "autopin: ", 9) == 0 && text[len - 1] == '\n', "%s", text);
    for (const char *c = text; *c; c++)
        FUZZ_EXPECT((unsigned char)*c >= ' ' || *c == '\n', "control character %d", *c);
    FUZZ_EXPECT(parse_is_utf8(text), "no UTF-8");
    free(text);
}

/* Written, read and written again it is the same. */
static void expect_json(const struct report *report)
{
    static struct loaded again;
    size_t len, len_again;
    char *text = print(report, report_print_json, &len);
    const int rc = report_read(&again, fuzz_file((const uint8_t *)text, len));
    FUZZ_EXPECT(rc == 0, "what was written cannot be read: %s", again.error);
    char *other = print(&again.report, report_print_text, &len_again);
    free(other);
    free(text);
    report_unread(&again);
}

static void expect_merged(struct loaded *loaded)
{
    struct loaded from[2] = {loaded[0], loaded[0]};
    char *const files[] = {"one", "other"};
    char error[1200];
    json_t *json = merge_reports(from, files, 2, error, sizeof error);
    FUZZ_EXPECT(json != NULL || error[0], "nothing and no word");
    if (!json) {
        expect_sentence(error, "one");
        return;
    }
    static struct loaded merged;
    char *text = json_dumps(json, 0);
    const int rc = report_read(&merged, fuzz_file((const uint8_t *)text, strlen(text)));
    FUZZ_EXPECT(rc == 0, "what was merged cannot be read: %s", merged.error);
    expect_text(&merged.report);
    report_unread(&merged);
    free(text);
    json_decref(json);
}

/* A site of it is found by its key. */
static int explain(void *path)
{
    static struct options options;
    return explain_site(&options, key, path);
}

static void expect_explained(const struct report *report, char *path)
{
    if (!report->n_kept)
        return;
    snprintf(key, sizeof key, "%016llx", (unsigned long long)report->sites[report->n_kept - 1].site->key);
    const struct fuzz_said said = fuzz_listen(explain, path);
    FUZZ_EXPECT(said.status == COMMAND_WELL && said.out[0] && !said.err[0], "%d: %s", said.status, said.err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct loaded loaded;
    static char path[64];
    snprintf(path, sizeof path, "%s", fuzz_file(data, size));
    is_record = size >= sizeof RECORD_MAGIC && memcmp(data, RECORD_MAGIC, sizeof RECORD_MAGIC) == 0;
    if (report_read(&loaded, path)) {
        expect_sentence(loaded.error, path);
        report_unread(&loaded);
        return 0;
    }
    FUZZ_EXPECT(!loaded.error[0], "of a good file: %s", loaded.error);
    expect_explained(&loaded.report, path);
    expect_text(&loaded.report);
    expect_json(&loaded.report);
    expect_merged(&loaded);
    report_unread(&loaded);
    return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t cap, unsigned seed)
{
    const size_t changed = seed % 8 ? json_mutate(data, size, cap, seed) : 0;
    return changed || !LLVMFuzzerMutate ? changed : LLVMFuzzerMutate(data, size, cap);
}
