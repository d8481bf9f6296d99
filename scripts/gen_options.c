/* Writes what documents the options, from policy/options.def alone.
 *
 *   gen_options example     pinning.conf.example
 *   gen_options markdown    the tables in the README
 *   gen_options man         the body of the OPTIONS section of a man page
 *
 * Owns the layout of the last two; the first is options_write_example().  Called by the Makefile; links
 * policy/options.c, conf.c, conf_store.c, parse.c, parse_text.c, sink.c and inih.  One thread, no lock. */
#include "policy/options.h"
#include "policy/parse.h"
#include "policy/prim.h"
#include "policy/sink.h"

#include <stdio.h>
#include <string.h>

/* Wanted by the loader, which is linked but not used here. */
void *prim_map(size_t bytes)
{
    (void)bytes;
    return NULL;
}

void prim_unmap(void *mem, size_t bytes)
{
    (void)mem, (void)bytes;
}

static void put_stdout(void *ctx, const char *text, size_t len)
{
    (void)ctx;
    fwrite(text, 1, len, stdout);
}
static const struct sink out = {put_stdout, NULL};

/* Writes text with a backslash, or what `escape` is, before each of `special`. */
static void put_escaped(const char *text, const char *special, const char *escape)
{
    for (; *text; text++)
        sink_printf(&out, "%s%c", strchr(special, *text) ? escape : "", *text);
}

static void put_markdown_row(const struct option_info *info)
{
    char expected[160];
    parse_expected(info, expected, sizeof(expected));
    sink_printf(&out, "| `%s` | `%s` | ", info->name, info->fallback);
    put_escaped(expected, "|*", "\\");
    sink_text(&out, " | ");
    if (info->offset >= 0)
        sink_text(&out, info->site_offset >= 0 ? "yes | " : "| ");
    put_escaped(info->help, "|*", "\\");
    sink_text(&out, " |\n");
}

static void write_markdown(void)
{
    const char *section = "";
    for (int id = 0; id < OPTION_COUNT; id++) {
        if (strcmp(section, option_table[id].section)) {
            section = option_table[id].section;
            sink_printf(&out,
                        "%s`[%s]`\n\n| option | default | takes | in `[site]` | meaning |\n|---|---|---|---|---|\n",
                        id ? "\n" : "", section);
        }
        put_markdown_row(&option_table[id]);
    }
    sink_text(&out, "\n`[site NAME]`\n\n| key | default | takes | meaning |\n|---|---|---|---|\n");
    for (int id = OPTION_COUNT; id < OPTION_ROWS; id++)
        put_markdown_row(&option_table[id]);
}

static void write_man(void)
{
    const char *section = "";
    for (int id = 0; id < OPTION_ROWS; id++) {
        const struct option_info *info = &option_table[id];
        char expected[160];
        if (strcmp(section, info->section)) {
            section = info->section;
            sink_printf(&out, ".SS [%s%s]\n", section, id < OPTION_COUNT ? "" : " NAME");
        }
        parse_expected(info, expected, sizeof(expected));
        sink_printf(&out, ".TP\n.BR %s \" = ", info->name);
        put_escaped(info->fallback, "-", "\\");
        sink_text(&out, "\"\n");
        put_escaped(info->help, "-\\", "\\");
        sink_text(&out, "\nTakes ");
        put_escaped(expected, "-\\", "\\");
        sink_text(&out, id < OPTION_COUNT && info->site_offset >= 0 ? ".\nMay be set in a site section too.\n" : ".\n");
    }
}

int main(int argc, char **argv)
{
    const char *what = argc == 2 ? argv[1] : "";
    if (!strcmp(what, "example"))
        options_write_example(&out);
    else if (!strcmp(what, "markdown"))
        write_markdown();
    else if (!strcmp(what, "man"))
        write_man();
    else {
        fprintf(stderr, "usage: gen_options example|markdown|man\n");
        return 2;
    }
    return fflush(stdout) || ferror(stdout) ? 1 : 0;
}
