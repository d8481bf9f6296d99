/* Stores one value of a configuration, or says why not: the half of conf.h that files and variables share.
 *
 * Owns the wording and the cap of complaints.  Callers: conf.c, options.c, at start.  No lock, no allocation, no errno.
 */
#include "conf.h"

#include "parse.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

void conf_complain(struct conf_load *load, const struct conf_place *place, const char *fmt, ...)
{
    char line[CONF_MAX_LINE];
    int at;
    if (load->out->n_complaints++ > CONF_MAX_COMPLAINTS)
        return;
    if (load->out->n_complaints > CONF_MAX_COMPLAINTS) {
        load->src->complain(1, "autopin: further complaints about the configuration are not shown");
        return;
    }
    if (place->line)
        at = snprintf(line, sizeof(line), "autopin: %.500s:%u: ", place->name, place->line);
    else
        at = snprintf(line, sizeof(line), "autopin: %.500s: ", place->name);
    va_list args;
    va_start(args, fmt);
    vsnprintf(line + at, sizeof(line) - (size_t)at, fmt, args);
    va_end(args);
    int text = parse_is_utf8(line);
    for (char *c = line; *c; c++) /* it may go to a terminal */
        if ((unsigned char)*c < ' ' || *c == 127 || (!text && (unsigned char)*c > 127))
            *c = '?';
    load->src->complain(1, line);
}

/* What is in force while a value is refused. */
static void in_force(const struct conf_load *load, const struct option_info *info, const struct site_rule *rule,
                     char *out, size_t cap)
{
    size_t id = (size_t)(info - option_table);
    if (rule && rule->set & 1ull << id)
        snprintf(out, cap, "the first value in this section stays");
    else if (conf_is_match(id))
        snprintf(out, cap, "this site section is left out");
    else if (rule && id < OPTION_COUNT)
        snprintf(out, cap, "the value for the whole process stays");
    else if (!rule && load->out->origin[id].kind == ORIGIN_FILE)
        snprintf(out, cap, "the value of %.200s:%u stays", load->out->file, load->out->origin[id].line);
    else
        snprintf(out, cap, "the default %s stays", info->fallback);
}

static int is_set(const struct conf_load *load, const struct conf_place *place, size_t id, const struct site_rule *rule)
{
    return rule ? (rule->set & 1ull << id) != 0 : place->line && load->out->origin[id].kind == ORIGIN_FILE;
}

int conf_store(struct conf_load *load, const struct conf_place *place, const struct option_info *info,
               struct site_rule *rule, const char *text)
{
    size_t id = (size_t)(info - option_table);
    char stays[320], expected[160];
    in_force(load, info, rule, stays, sizeof(stays));
    parse_expected(info, expected, sizeof(expected));
    if (is_set(load, place, id, rule)) {
        conf_complain(load, place, "%s is set again, expected it once; %s", info->name, stays);
        return -EEXIST;
    }
    void *field = rule ? (char *)rule + info->site_offset : (char *)load->out + info->offset;
    int err = parse_option(info, text, load->src->ram_bytes, field);
    if (err == -ERANGE)
        conf_complain(load, place, "%s = '" CONF_SHOW "' is out of range, expected %s; %s", info->name, text, expected,
                      stays);
    else if (err == -ENODATA)
        conf_complain(load, place,
                      "%s = '" CONF_SHOW "' needs the size of RAM, which is unknown, expected a size in bytes; %s",
                      info->name, text, stays);
    else if (err == PARSE_CUT)
        conf_complain(load, place,
                      "%s = '" CONF_SHOW "' is more than this machine has, expected at most %s of RAM (%llu bytes); "
                      "that is used",
                      info->name, text, info->maximum, (unsigned long long)load->src->ram_bytes);
    else if (err)
        conf_complain(load, place, "%s = '" CONF_SHOW "' is not understood, expected %s; %s", info->name, text,
                      expected, stays);
    if (err < 0)
        return err;
    if (rule)
        rule->set |= 1ull << id;
    else
        load->out->origin[id] = (struct option_origin){place->line ? ORIGIN_FILE : ORIGIN_ENVIRONMENT, place->line};
    return 0;
}

int conf_is_match(size_t id)
{
    return id >= OPTION_COUNT && id != SITE_priority;
}
