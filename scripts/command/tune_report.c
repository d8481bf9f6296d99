/* autopin tune of a report.  See tune_report.h.  What the curve assumes is said in policy/curve.h. */
#include "scripts/command/tune_report.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "policy/advice.h"
#include "policy/curve.h"
#include "policy/parse.h"
#include "policy/record.h"
#include "scripts/command/command.h"
#include "scripts/command/json_node.h"
#include "scripts/command/merge_figures.h"
#include "scripts/command/report_read.h"

static const struct option_info cap_info = {.type = OPTION_TYPE_SIZE, .minimum = "0", .maximum = "1024T"};

struct curve {
    struct node head, points; /* the best bytes first: each holds what came before it */
    size_t n, knee;
    uint64_t now_ns; /* what the run saved as it was */
};

/* A report in JSON begins with a bracket, the record of a process with its mark. */
int tune_is_report(const char *file)
{
    struct stat status;
    char mark[sizeof RECORD_MAGIC] = "";
    FILE *in = stat(file, &status) == 0 && S_ISREG(status.st_mode) ? fopen(file, "r") : NULL;
    int first = EOF, is_record = 0;
    if (in) {
        is_record = fread(mark, sizeof mark, 1, in) == 1 && memcmp(mark, RECORD_MAGIC, sizeof mark) == 0;
        rewind(in);
    }
    while (in && isspace(first = fgetc(in)))
        ;
    if (in)
        (void)fclose(in);
    return first == '{' || is_record;
}

static uint64_t point_cap(const struct curve *curve, size_t i)
{
    const struct node point = node_item(&curve->points, i);
    return node_number(&point, "cap_bytes");
}

static uint64_t point_saved(const struct curve *curve, size_t i)
{
    const struct node point = node_item(&curve->points, i);
    return node_number(&point, "saved_ns");
}

static uint64_t point_site(const struct curve *curve, size_t i)
{
    const struct node point = node_item(&curve->points, i);
    return node_key(&point, "site");
}

/* Of sites that fit as a whole. */
static uint64_t saved_under(const struct curve *curve, uint64_t cap)
{
    uint64_t saved = 0;
    for (size_t i = 0; i < curve->n && point_cap(curve, i) <= cap; i++)
        saved = point_saved(curve, i);
    return saved;
}

static void read_curve(struct curve *curve, const struct node *root)
{
    const struct node gain = node_object(root, "gain");
    const int64_t net_ns = node_integer(&gain, "net_ns");
    curve->head = node_object(root, "curve");
    curve->points = node_array(&curve->head, "points", LOADED_SITES_MOST);
    curve->n = json_array_size(curve->points.value);
    curve->knee = curve->n ? node_number(&curve->head, "knee") : 0;
    curve->now_ns = net_ns > 0 ? (uint64_t)net_ns : 0;
    (void)saved_under(curve, UINT64_MAX); /* reads all: a wrong one is said */
    for (size_t i = 0; i < curve->n; i++)
        (void)point_site(curve, i);
}

static void print_point(const char *what, uint64_t cap, uint64_t saved, const char *note)
{
    (void)fprintf(stderr, "  %-14s %-12s %s%s\n", what, quantity_bytes(cap).text, quantity_time(saved).text, note);
}

static void summarise(const struct loaded *loaded, const struct curve *curve, const uint64_t *caps, unsigned n_caps)
{
    (void)fprintf(stderr, "  %-14s %-12s %s\n", "", "max_pinned", "saved");
    print_point("as it ran", loaded->report.pinned.cap_bytes, curve->now_ns, "");
    for (size_t i = 0; i < curve->n && !n_caps; i++)
        print_point("sites so far", point_cap(curve, i), point_saved(curve, i), i == curve->knee ? "  (knee)" : "");
    for (unsigned i = 0; i < n_caps; i++)
        print_point("asked for", caps[i], saved_under(curve, caps[i]), "");
}

/* The one that saves most; of equals the smallest. */
static unsigned best_of(const struct curve *curve, const uint64_t *caps, unsigned n_caps)
{
    unsigned best = 0;
    for (unsigned i = 1; i < n_caps; i++) {
        const uint64_t saved = saved_under(curve, caps[i]), most = saved_under(curve, caps[best]);
        if (saved > most || (saved == most && caps[i] < caps[best]))
            best = i;
    }
    return best;
}

/* --- what is advised beside the cap ----------------------------------------------------------------------------------
 */

static struct node read_advice(const struct node *root)
{
    const struct node list = node_array(root, "advice", ADVICE_MOST * 16);
    for (size_t i = 0; i < json_array_size(list.value); i++) { /* reads all: a wrong one is said */
        const struct node at = node_item(&list, i), site = node_member(&at, "site");
        (void)node_string(&at, "kind");
        (void)node_string(&at, "text");
        if (!json_is_null(site.value))
            (void)node_key(&at, "site");
    }
    return list;
}

/* Under which cap a site is pinned as a whole, and all that save more per byte with it.  One that is not on the curve
 * comes after those that are. */
static uint64_t cap_for(const struct loaded *loaded, const struct curve *curve, uint64_t key)
{
    const struct report *report = &loaded->report;
    for (size_t i = 0; i < curve->n; i++)
        if (point_site(curve, i) == key)
            return point_cap(curve, i);
    uint64_t cap = curve->n ? point_cap(curve, curve->n - 1) : 0;
    for (unsigned i = 0; i < report->n_kept; i++)
        if (report->sites[i].site->key == key)
            merge_add(&cap, curve_bytes(report->sites[i].bytes_live_peak, report->sites[i].pinned_bytes_peak));
    return cap;
}

static int is_kind(const struct node *advice, enum advice_kind kind)
{
    return strcmp(node_string(advice, "kind"), advice_kind_name(kind)) == 0;
}

/* Whether there is room for what it would have pinned.  Where nothing is pinned, nothing else matters either. */
static int has_room(const struct loaded *loaded, const struct curve *curve, const struct node *advice, uint64_t cap)
{
    const int pins = is_kind(advice, ADVICE_ALWAYS) || is_kind(advice, ADVICE_SITE_CAP);
    const struct node site = node_member(advice, "site");
    if (cap == 0 || !pins || json_is_null(site.value))
        return cap != 0;
    return cap_for(loaded, curve, node_key(advice, "site")) <= cap;
}

/* Without what contradicts the cap.  A [limits] line of its own does not begin the section again. */
static void print_others(const struct loaded *loaded, const struct curve *curve, const struct node *list, uint64_t cap)
{
    uint64_t n_left_out = 0;
    for (size_t i = 0; i < json_array_size(list->value); i++) {
        const struct node at = node_item(list, i);
        const char *text = node_string(&at, "text");
        if (is_kind(&at, ADVICE_MAX_PINNED))
            continue;
        if (!has_room(loaded, curve, &at, cap)) {
            n_left_out++;
            continue;
        }
        if (strncmp(text, "[limits]\n", 9) == 0)
            text += 9;
        else
            (void)putchar('\n');
        advice_write_given(&command_stdout, text);
    }
    if (n_left_out)
        (void)printf("\n# left out: %s for which there is no room under this cap\n",
                     quantity_count(n_left_out, "proposal").text);
}

static void print_conf(const struct loaded *loaded, const struct node *advice, const struct curve *curve,
                       const char *cap_text, uint64_t cap)
{
    const uint64_t saved = saved_under(curve, cap);
    if (!cap_text) {
        advice_write_given(&command_stdout, loaded->report.advice);
        return;
    }
    const struct quantity net = quantity_net(saved, curve->now_ns);
    (void)printf("[limits]\n# predicted gain: %s\nmax_pinned = %s\n", net.text, cap_text);
    print_others(loaded, curve, advice, cap);
}

int tune_from_report(const char *file, const char *const *caps_text, unsigned n_caps)
{
    static struct loaded loaded;
    uint64_t caps[TUNE_CAPS_MOST];
    for (unsigned i = 0; i < n_caps; i++)
        if (parse_option(&cap_info, caps_text[i], 0, &caps[i]))
            return command_fail(COMMAND_USAGE, "autopin tune: '%.40s' is no size for --cap, expected 4G, for example",
                                caps_text[i]);
    if (report_read(&loaded, file))
        return command_fail(COMMAND_WRONG, "autopin tune: %s", loaded.error);
    struct json_reader reader = {file, loaded.error, sizeof loaded.error};
    const struct node root = {.reader = &reader, .value = loaded.json};
    struct curve curve;
    read_curve(&curve, &root);
    struct node advice = {0};
    if (n_caps)
        advice = read_advice(&root);
    if (loaded.error[0])
        return command_fail(COMMAND_WRONG, "autopin tune: %s", loaded.error);
    const unsigned best = n_caps ? best_of(&curve, caps, n_caps) : 0;
    summarise(&loaded, &curve, caps, n_caps);
    print_conf(&loaded, &advice, &curve, n_caps ? caps_text[best] : NULL, n_caps ? caps[best] : 0);
    if (!n_caps && !loaded.report.advice[0])
        (void)fprintf(stderr, "  nothing to propose: no line of pinning.conf would have saved 1 %% of the run\n");
    return command_flush();
}
