/* The options of one process: their values, where each came from, and the rules of [site NAME] sections.
 *
 * Owns nothing by itself: the caller keeps struct options (static storage; about 25 KiB).  options_load() is called
 * once at start, by one thread, before anything else of the policy; afterwards the struct is read-only and needs no
 * lock. Everything here may run inside malloc: nothing allocates (the file buffer comes from prim_map()), uses stdio or
 * the locale, or changes errno. */
#ifndef AUTOPIN_OPTIONS_H
#define AUTOPIN_OPTIONS_H

#include <stddef.h>
#include <stdint.h>

#define OPTION_MAX_RULES 64  /* [site NAME] sections in use */
#define OPTION_MAX_TEXT  256 /* bytes of a path with its NUL */
#define OPTION_MAX_GLOB  128 /* bytes of a pattern with its NUL */
#define OPTION_MAX_NAME  48  /* bytes of a site's name with its NUL */
#define OPTION_ANY_DEPTH (-1)

/* Choices of ENUM options.  An option's value is one of the identifiers; the text is what the user writes. */
#define OPTION_BACKEND_LIST(X)                                                                                         \
    X(OPTION_BACKEND_AUTO, "auto")                                                                                     \
    X(OPTION_BACKEND_CUDA, "cuda")                                                                                     \
    X(OPTION_BACKEND_MLOCK, "mlock")                                                                                   \
    X(OPTION_BACKEND_NONE, "none")
#define OPTION_ASYNC_LIST(X)                                                                                           \
    X(OPTION_ASYNC_STRICT, "strict")                                                                                   \
    X(OPTION_ASYNC_RELAXED, "relaxed")
#define OPTION_STAGING_LIST(X)                                                                                         \
    X(OPTION_STAGING_AUTO, "auto")                                                                                     \
    X(OPTION_STAGING_ALWAYS, "always")                                                                                 \
    X(OPTION_STAGING_NEVER, "never")
#define PROMOTE_LIST(X)                                                                                                \
    X(PROMOTE_AUTO, "auto")                                                                                            \
    X(PROMOTE_ALWAYS, "always")                                                                                        \
    X(PROMOTE_NEVER, "never")                                                                                          \
    X(PROMOTE_AFTER, "after=")

#define OPTION_CHOICE_ID(id, text)   id,
#define OPTION_CHOICE_TEXT(id, text) "|" text
#define OPTION_CHOICES(which)        OPTION_##which##_LIST(OPTION_CHOICE_TEXT) /* "|first|second" */

enum option_backend {
    OPTION_BACKEND_LIST(OPTION_CHOICE_ID)
};
enum option_async {
    OPTION_ASYNC_LIST(OPTION_CHOICE_ID)
};
enum option_staging {
    OPTION_STAGING_LIST(OPTION_CHOICE_ID)
};
enum promote_mode {
    PROMOTE_LIST(OPTION_CHOICE_ID)
};

struct promote_rule {
    enum promote_mode mode;
    uint32_t after; /* PROMOTE_AFTER: the copy of the site at which to pin, from 1; else 0 */
};

#define OPTION_FIELD_SIZE(name)     uint64_t name; /* bytes */
#define OPTION_FIELD_SHARE(name)    uint64_t name; /* bytes */
#define OPTION_FIELD_PERCENT(name)  uint64_t name; /* hundredths of a percent; 0: off */
#define OPTION_FIELD_COUNT(name)    uint64_t name;
#define OPTION_FIELD_DURATION(name) uint64_t name; /* nanoseconds */
#define OPTION_FIELD_BOOL(name)     int name;      /* 0 or 1 */
#define OPTION_FIELD_ENUM(name)     int name;      /* OPTION_BACKEND_*, OPTION_ASYNC_*, OPTION_STAGING_* */
#define OPTION_FIELD_DEPTH(name)    int name;      /* frame, or OPTION_ANY_DEPTH */
#define OPTION_FIELD_PROMOTE(name)  struct promote_rule name;
#define OPTION_FIELD_REPORT(name)   char name[OPTION_MAX_TEXT]; /* as written: %p %h %r not yet replaced */
#define OPTION_FIELD_GLOB(name)     char name[OPTION_MAX_GLOB];
#define OPTION_IF_GLOBAL(field)
#define OPTION_IF_SITE(field) field

/* Names each row of options.def: OPTION_max_pinned ..., then SITE_module ... */
enum option_id {
#define OPTION(section, name, ...) OPTION_##name,
#include "options.def"
    OPTION_COUNT,
    OPTION_BEFORE_SITE = OPTION_COUNT - 1, /* so that the site keys count on from OPTION_COUNT */
#define SITE_KEY(name, ...) SITE_##name,
#include "options.def"
    OPTION_ROWS
};

enum option_type {
    OPTION_TYPE_SIZE,
    OPTION_TYPE_SHARE,
    OPTION_TYPE_PERCENT,
    OPTION_TYPE_COUNT,
    OPTION_TYPE_DURATION,
    OPTION_TYPE_BOOL,
    OPTION_TYPE_ENUM,
    OPTION_TYPE_PROMOTE,
    OPTION_TYPE_REPORT,
    OPTION_TYPE_GLOB,
    OPTION_TYPE_DEPTH
};

/* One row of options.def as data. */
struct option_info {
    const char *section; /* "limits" ..., or "site" */
    const char *name;
    const char *fallback;          /* the default, as the user would write it */
    const char *minimum, *maximum; /* "" = none */
    const char *unit;              /* for ENUM "|first|second" */
    const char *help;
    enum option_type type;
    int offset;      /* in struct options; -1: a site key */
    int site_offset; /* in struct site_rule; -1: not allowed there */
};
extern const struct option_info option_table[OPTION_ROWS];

/* One [site NAME] section.  Every field is valid after options_load(): a setting the section does not mention has the
 * value of the option of that name, so that max_pinned of such a rule is the cap of the whole process. */
struct site_rule {
    char name[OPTION_MAX_NAME];
    uint32_t line; /* of the heading in options.file */
    uint64_t set;  /* bit (1 << enum option_id): mentioned in the section */
#define OPTION(section, name, type, fallback, minimum, maximum, unit, scope, help)                                     \
    OPTION_IF_##scope(OPTION_FIELD_##type(name))
#define SITE_KEY(name, type, ...) OPTION_FIELD_##type(name)
#include "options.def"
};

enum option_origin_kind {
    ORIGIN_DEFAULT,
    ORIGIN_FILE,       /* options.file, line */
    ORIGIN_ENVIRONMENT /* AUTOPIN_<NAME> */
};

struct option_origin {
    enum option_origin_kind kind;
    uint32_t line;
};

struct options {
#define OPTION(section, name, type, ...) OPTION_FIELD_##type(name)
#include "options.def"
    struct option_origin origin[OPTION_COUNT];
    char file[OPTION_MAX_TEXT]; /* the pinning.conf that was read; "" = none */
    unsigned n_complaints;      /* all of them, shown or not */
    unsigned n_rules;
    struct site_rule rules[OPTION_MAX_RULES]; /* in the order of the file */
};

/* What loading needs from outside.  None of these may call malloc. */
struct options_source {
    const char *(*get_env)(const char *name); /* NULL when unset */
    /* Reads a whole file.  Errors: -ENOENT and other -errno; -EFBIG when it is longer than cap. */
    int (*read_file)(const char *path, char *buf, size_t cap, size_t *len);
    uint64_t ram_bytes;                            /* 0 = unknown: percentages then count as 0 */
    void (*complain)(int level, const char *line); /* level as prim_log(); line begins with "autopin: ", no newline */
    char *const *environment;                      /* "NAME=VALUE" ..., NULL; may itself be NULL: names go unchecked */
    const char *(*error_text)(int error);          /* what an errno value means */
};

/* Fills *out: defaults, then the first pinning.conf found, then AUTOPIN_<NAME> variables.  Each thing that is wrong is
 * one complaint; the value before it stays and all else is used. Errors: 0, or the number of complaints.  Owns:
 * nothing; *out is the caller's.  Lock: none.  Context: start. */
int options_load(struct options *out, const struct options_source *src);

/* 1 when AUTOPIN_DISABLE asks to stay out of the process altogether.  Context: start. */
int options_disabled(const struct options_source *src);

/* Writes the value that is in force as pinning.conf would state it, cut to cap bytes with its NUL; for `autopin
 * config`. id < OPTION_COUNT.  Context: any. */
void options_format(const struct options *options, enum option_id id, char *out, size_t cap);

struct sink;

/* Writes a pinning.conf that explains itself: every option with help and range, commented out at its default. */
void options_write_example(const struct sink *sink);

#endif
