/* Source lines for the frames of a report: one address in the debug information.  See symbols.h. */
#include "scripts/command/symbols.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <elfutils/libdwfl.h>
#include <stdlib.h>
#include <string.h>

enum {
    NAME_MOST = 300,
    DEEPEST = 24 /* inlined functions of one address */
};

/* Where in the sources something is. */
struct line {
    const char *file;
    int number;
};

/* From a copy of a function, such as an inlined one, to what was written: the declaration in its class, if it has one.
 */
static Dwarf_Die written(Dwarf_Die die)
{
    static const unsigned ways[] = {DW_AT_abstract_origin, DW_AT_specification};
    for (int steps = 0; steps < 8; steps++) {
        Dwarf_Attribute attribute;
        Dwarf_Die next;
        size_t i = 0;
        while (i < 2 && !dwarf_attr(&die, ways[i], &attribute))
            i++;
        if (i == 2 || !dwarf_formref_die(&attribute, &next))
            break;
        die = next;
    }
    return die;
}

static void append(char *name, const char *text)
{
    const size_t len = strlen(name);
    if (len + 1 < NAME_MOST)
        strncat(name, text, NAME_MOST - 1 - len);
}

/* With its namespaces and classes. */
static void full_name(Dwarf_Die *function, char name[NAME_MOST])
{
    Dwarf_Die origin = written(*function), *around = NULL;
    const char *own = dwarf_diename(function);
    name[0] = 0;
    for (int i = dwarf_getscopes_die(&origin, &around) - 1; i > 0; i--) {
        const int tag = dwarf_tag(&around[i]);
        const char *text = dwarf_diename(&around[i]);
        if (tag != DW_TAG_namespace && tag != DW_TAG_class_type && tag != DW_TAG_structure_type &&
            tag != DW_TAG_union_type)
            continue;
        append(name, text ? text : "(anonymous)");
        append(name, "::");
    }
    free(around);
    append(name, own ? own : "");
}

static void write_place(const struct sink *out, Dwarf_Die *function, struct line line, int first)
{
    char name[NAME_MOST] = "";
    if (function)
        full_name(function, name);
    sink_printf(out, "%s{\"function\": ", first ? "" : ", ");
    sink_json_string(out, name);
    sink_text(out, ", \"file\": ");
    sink_json_string(out, line.file ? line.file : "");
    sink_printf(out, ", \"line\": %d}", line.number > 0 ? line.number : 0);
}

/* Where an inlined function was called. */
static struct line call_line(Dwarf_Die *unit, Dwarf_Die *inlined)
{
    Dwarf_Attribute attribute;
    Dwarf_Word file = 0, number = 0;
    Dwarf_Files *files;
    size_t n;
    struct line line = {NULL, 0};
    if (dwarf_attr(inlined, DW_AT_call_file, &attribute) && dwarf_formudata(&attribute, &file) == 0 &&
        dwarf_getsrcfiles(unit, &files, &n) == 0 && file < n)
        line.file = dwarf_filesrc(files, file, NULL, NULL);
    if (dwarf_attr(inlined, DW_AT_call_line, &attribute) && dwarf_formudata(&attribute, &number) == 0 &&
        number < 1u << 30)
        line.number = (int)number;
    return line;
}

/* The unit that holds an address; without .debug_aranges, as clang leaves it out, by looking at each. */
static Dwarf_Die *find_unit(Dwfl_Module *module, Dwarf_Addr address, Dwarf_Addr *bias)
{
    Dwarf_Die *unit = dwfl_module_addrdie(module, address, bias);
    if (unit)
        return unit;
    while ((unit = dwfl_module_nextcu(module, unit, bias)) && dwarf_haspc(unit, address - *bias) != 1)
        ;
    return unit;
}

/* The innermost function at an address and those around it, as they lie in the code.  Free *around.  Returns how many.
 */
static int find_scopes(Dwarf_Die *unit, Dwarf_Addr at, Dwarf_Die **around)
{
    Dwarf_Die *scopes = NULL;
    const int n = dwarf_getscopes(unit, at, &scopes);
    *around = NULL;
    if (n <= 0)
        return 0;
    /* Around an inlined function these are what surrounds it where it was written: ask for its own place. */
    const int n_around = dwarf_getscopes_die(&scopes[0], around);
    free(scopes);
    return n_around > 0 ? n_around : 0;
}

static void write_chain(const struct sink *out, Dwarf_Die *unit, Dwarf_Addr at)
{
    Dwarf_Die *around;
    Dwarf_Line *found = dwarf_getsrc_die(unit, at);
    struct line line = {NULL, 0};
    int n_written = 0;
    if (found) {
        line.file = dwarf_linesrc(found, NULL, NULL);
        dwarf_lineno(found, &line.number);
    }
    const int n = find_scopes(unit, at, &around);
    for (int i = 0; i < n && n_written < DEEPEST; i++) {
        const int tag = dwarf_tag(&around[i]);
        if (tag != DW_TAG_inlined_subroutine && tag != DW_TAG_subprogram)
            continue;
        write_place(out, &around[i], line, !n_written++);
        if (tag == DW_TAG_subprogram)
            break;
        line = call_line(unit, &around[i]);
    }
    if (!n_written && line.file)
        write_place(out, NULL, line, 1);
    free(around);
}

void symbols_write_source(const struct sink *out, Dwfl_Module *module, uint64_t address)
{
    Dwarf_Addr bias = 0;
    Dwarf_Die *unit = find_unit(module, address, &bias);
    sink_text(out, "[");
    if (unit)
        write_chain(out, unit, address - bias);
    sink_text(out, "]");
}
