/* Source lines for the frames of a report: the child that opens the modules.  See symbols.h.
 *
 * A module is used only when its build-id is the one that the report names; so is a debug file of its own. */
#define _GNU_SOURCE
#include "scripts/command/symbols.h"

#include <elfutils/libdwelf.h>
#include <elfutils/libdwfl.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#ifdef __SANITIZE_ADDRESS__ /* takes more than any limit for itself */
#define MEMORY_LIMITED 0
#else
#define MEMORY_LIMITED 1
#endif

static FILE *answers;
static char *debug_path; /* as libdwfl reads it */
static const char *debug_folders[] = {NULL, "/usr/lib/debug"};

static void put(void *ctx, const char *text, size_t len)
{
    fwrite(text, 1, len, ctx);
}

static void say_note(const char *text)
{
    const struct sink out = {put, answers};
    sink_text(&out, "{\"note\": ");
    sink_json_string(&out, text);
    sink_text(&out, "}\n");
}

/* A file that can be read without waiting for anybody: nothing is opened before it is known to be one.  Errors: -1 and
 * *why. */
static int open_file(const char *path, const char **why)
{
    char again[40];
    struct stat there;
    const int at = open(path, O_PATH | O_CLOEXEC);
    *why = NULL;
    if (at < 0 || fstat(at, &there))
        *why = strerrordesc_np(errno);
    else if (!S_ISREG(there.st_mode))
        *why = "it is no file";
    snprintf(again, sizeof again, "/proc/self/fd/%d", at);
    const int file = *why ? -1 : open(again, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (!*why && file < 0)
        *why = strerrordesc_np(errno);
    if (at >= 0)
        close(at);
    return file;
}

/* The file's build-id in hexadecimal digits; "" when it has none, or is no program or library. */
static void read_build_id(int file, char *out, size_t cap)
{
    Elf *elf = elf_begin(file, ELF_C_READ, NULL);
    Elf64_Half type = ET_NONE;
    const void *id = NULL;
    out[0] = 0;
    if (elf && elf_kind(elf) == ELF_K_ELF && elf64_getehdr(elf))
        type = elf64_getehdr(elf)->e_type;
    const ssize_t len = type == ET_DYN || type == ET_EXEC ? dwelf_elf_gnu_build_id(elf, &id) : -1;
    for (ssize_t i = 0; i < len && (size_t)i * 2 + 3 <= cap; i++)
        snprintf(out + i * 2, cap - (size_t)i * 2, "%02x", ((const unsigned char *)id)[i]);
    elf_end(elf);
}

/* A debug file stands in for a module that is not there any more.  Returns a descriptor, or -1. */
static int open_debug_file(const struct place *place)
{
    char path[4096], id[FRAME_ID_MOST * 2 + 1];
    const char *why;
    for (size_t i = 0; strlen(place->build_id) > 2 && i < sizeof debug_folders / sizeof *debug_folders; i++) {
        if (!debug_folders[i])
            continue;
        snprintf(path, sizeof path, "%.3000s/.build-id/%.2s/%s.debug", debug_folders[i], place->build_id,
                 place->build_id + 2);
        const int file = open_file(path, &why);
        if (file < 0)
            continue;
        read_build_id(file, id, sizeof id);
        if (strcmp(id, place->build_id) == 0)
            return file;
        close(file);
    }
    return -1;
}

/* Errors: -1, and a note has been said. */
static int open_module(const struct place *place)
{
    char id[FRAME_ID_MOST * 2 + 1] = "", note[1000];
    const char *why;
    int file = open_file(place->module, &why);
    if (file >= 0 && place->build_id[0]) {
        read_build_id(file, id, sizeof id);
        if (strcmp(id, place->build_id) == 0)
            return file;
    }
    const int instead = open_debug_file(place);
    if (instead < 0 && file < 0)
        snprintf(note, sizeof note, "%.400s cannot be read (%s): no source lines for it", place->module, why);
    else if (instead < 0 && !place->build_id[0])
        snprintf(note, sizeof note,
                 "%.400s: the report names no build-id for it, so it may have changed: no source lines for it",
                 place->module);
    else if (instead < 0)
        snprintf(note, sizeof note,
                 "%.400s is not the file that ran (build-id %s, and then it was %s): no source lines for it",
                 place->module, id[0] ? id : "none", place->build_id);
    if (instead < 0)
        say_note(note);
    if (file >= 0)
        close(file);
    return instead;
}

/* Answers for the places of one module; returns the first that is of another. */
static size_t answer_module(const struct place *places, size_t from, size_t n)
{
    static const Dwfl_Callbacks callbacks = {.find_elf = dwfl_build_id_find_elf,
                                             .find_debuginfo = dwfl_standard_find_debuginfo,
                                             .section_address = dwfl_offline_section_address,
                                             .debuginfo_path = &debug_path};
    const struct sink out = {put, answers};
    size_t i = from;
    fprintf(answers, "{\"at\": %zu}\n", from);
    fflush(answers);
    const int file = open_module(&places[from]);
    Dwfl *dwfl = file >= 0 ? dwfl_begin(&callbacks) : NULL;
    Dwfl_Module *module = dwfl ? dwfl_report_elf(dwfl, places[from].module, places[from].module, file, 0, true) : NULL;
    if (dwfl)
        dwfl_report_end(dwfl, NULL, NULL);
    for (; i < n && symbols_same_module(&places[from], &places[i]); i++) {
        if (!module || !places[i].offset || (i > from && symbols_same_place(&places[i - 1], &places[i])))
            continue;
        fprintf(answers, "{\"at\": %zu, \"source\": ", i);
        symbols_write_source(&out, module, places[i].offset - 1); /* in the call, not behind it */
        fputs("}\n", answers);
        fflush(answers);
    }
    if (file >= 0 && !module)
        close(file);
    dwfl_end(dwfl);
    return i;
}

void symbols_child(const struct place *places, size_t from, size_t n, const char *debug, int out)
{
    static const struct rlimit no_core = {0, 0}, memory = {(rlim_t)4 << 30, (rlim_t)4 << 30};
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setrlimit(RLIMIT_CORE, &no_core);
    if (MEMORY_LIMITED)
        setrlimit(RLIMIT_DATA, &memory);
    unsetenv("DEBUGINFOD_URLS"); /* nothing is asked of a server */
    debug_folders[0] = debug;
    if (asprintf(&debug_path, ":.debug%s%s:/usr/lib/debug", debug ? ":" : "", debug ? debug : "") < 0)
        _exit(1);
    elf_version(EV_CURRENT);
    answers = fdopen(out, "w");
    while (answers && from < n)
        from = answer_module(places, from, n);
    _exit(!answers || fclose(answers) ? 1 : 0);
}
