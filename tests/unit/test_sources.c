/* Tests of options_load() as a whole: which source wins, the generated example, and files that are not files at all. */
#include "policy/conf.h"
#include "tests/unit/fake_prim.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct options options;

TestSuite(sources, .init = fake_reset);

static void set_file(const char *path, const char *text)
{
    fake_set_file(path, text, strlen(text), 0);
}

static uint64_t regions(void)
{
    options_load(&options, &fake_source);
    return options.max_regions;
}

/* Puts all four files in place, then takes the names away one by one. */
Test(sources, the_first_file_found_is_read)
{
    static const char *const names[] = {"AUTOPIN_CONF", "XDG_CONFIG_HOME", "HOME"};
    static const char *const values[] = {"named.conf", "/xdg", "/home/me"};
    static const char *const paths[] = {"named.conf", "/xdg/autopin/pinning.conf",
                                        "/home/me/.config/autopin/pinning.conf", "/etc/autopin/pinning.conf"};
    for (unsigned first = 0; first < 4; first++) {
        fake_reset();
        for (unsigned i = first; i < 3; i++)
            fake_set_env(names[i], values[i]);
        set_file(paths[0], "[limits]\nmax_regions = 10");
        set_file(paths[1], "[limits]\nmax_regions = 11");
        set_file(paths[2], "[limits]\nmax_regions = 12");
        set_file(paths[3], "[limits]\nmax_regions = 13");
        cr_expect_eq(regions(), 10 + first);
        cr_expect_str_eq(options.file, paths[first]);
        cr_expect_eq(options.n_complaints, 0);
    }
}

Test(sources, only_one_file_is_read)
{
    fake_set_env("HOME", "/home/me");
    set_file("/home/me/.config/autopin/pinning.conf", "[limits]\nmin_size = 2M");
    set_file("/etc/autopin/pinning.conf", "[limits]\nmax_regions = 13");
    cr_expect_eq(regions(), 4096);
    cr_expect_eq(options.min_size, 2 << 20);
}

Test(sources, relative_or_empty_directories_are_ignored)
{
    fake_set_env("XDG_CONFIG_HOME", "xdg");
    fake_set_env("HOME", "");
    fake_set_env("AUTOPIN_CONF", "");
    set_file("xdg/autopin/pinning.conf", "[limits]\nmax_regions = 11");
    set_file("/.config/autopin/pinning.conf", "[limits]\nmax_regions = 12");
    cr_expect_eq(regions(), 4096);
    cr_expect_eq(options.n_complaints, 0);
}

Test(sources, a_relative_directory_leaves_home)
{
    fake_set_env("XDG_CONFIG_HOME", "xdg");
    fake_set_env("HOME", "/home/me");
    set_file("/home/me/.config/autopin/pinning.conf", "[limits]\nmax_regions = 12");
    cr_expect_eq(regions(), 12);
}

Test(sources, a_named_file_that_is_missing_is_one_complaint)
{
    fake_set_env("AUTOPIN_CONF", "gone.conf");
    set_file("/etc/autopin/pinning.conf", "[limits]\nmax_regions = 13");
    cr_expect_eq(regions(), 13);
    cr_expect_eq(options.n_complaints, 1);
    cr_expect(
        fake_logged("autopin: gone.conf: cannot be read (no such file), expected the file that AUTOPIN_CONF names; "),
        "%s", fake_log());
}

Test(sources, default_places_may_be_missing_or_closed)
{
    static const struct {
        int err;
        unsigned complaints;
    } cases[] = {{-ENOENT, 0}, {-ENOTDIR, 0}, {-EACCES, 0}, {-EIO, 1}, {-EFBIG, 1}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        fake_reset();
        fake_set_file("/etc/autopin/pinning.conf", NULL, 0, cases[i].err);
        cr_expect_eq(regions(), 4096);
        cr_expect_eq(options.n_complaints, cases[i].complaints, "%d: %s", cases[i].err, fake_log());
        if (cases[i].err == -EIO)
            cr_expect(fake_logged("cannot be read (another error)"), "%s", fake_log());
    }
}

Test(sources, the_environment_overrides_the_file)
{
    set_file("/etc/autopin/pinning.conf", "[limits]\nmax_regions = 13\nmin_size = 2M\n[report]\nverbosity = 3\n");
    fake_set_env("AUTOPIN_MAX_REGIONS", " 14 ");
    fake_set_env("AUTOPIN_MIN_SIZE", "many");
    fake_set_env("AUTOPIN_VERBOSITY", "");
    cr_expect_eq(regions(), 14);
    cr_expect_eq(options.min_size, 2 << 20);
    cr_expect_eq(options.verbosity, 3);
    cr_expect_str_eq(fake_log(),
                     "autopin: AUTOPIN_MIN_SIZE: min_size = 'many' is not understood, expected a size such as "
                     "512M or 4GiB, from 64K to 1G; the value of /etc/autopin/pinning.conf:3 stays\n");
    cr_expect_eq(options.origin[OPTION_max_regions].kind, ORIGIN_ENVIRONMENT);
    cr_expect_eq(options.origin[OPTION_min_size].kind, ORIGIN_FILE);
    cr_expect_eq(options.origin[OPTION_min_size].line, 3);
    cr_expect_eq(options.origin[OPTION_backend].kind, ORIGIN_DEFAULT);
}

Test(sources, the_cap_and_ram)
{
    fake_set_env("AUTOPIN_MAX_PINNED", "65G");
    cr_expect_eq(options_load(&options, &fake_source), 1);
    cr_expect_eq(options.max_pinned, 64ull << 30);
    cr_expect(fake_logged("max_pinned = '65G' is more than this machine has, expected at most 100% of RAM"));
    fake_reset();
    fake_set_env("AUTOPIN_MAX_PINNED", "0");
    cr_expect_eq(options_load(&options, &fake_source), 0);
    cr_expect_eq(options.max_pinned, 0);
}

Test(sources, ram_of_unknown_size)
{
    fake_source.ram_bytes = 0;
    fake_set_env("AUTOPIN_MAX_PINNED", "5T");
    fake_set_env("AUTOPIN_MIN_FREE", "10%");
    cr_expect_eq(options_load(&options, &fake_source), 3, "two defaults and a variable: %s", fake_log());
    cr_expect_eq(options.max_pinned, 5ull << 40);
    cr_expect_eq(options.min_free, 0);
}

Test(sources, files_may_be_of_some_size)
{
    char *text = malloc(CONF_MAX_BYTES + 1);
    memset(text, '\n', CONF_MAX_BYTES + 1);
    cr_expect_eq(fake_load(&options, text, CONF_MAX_BYTES), 0, "%s", fake_log());
    fake_reset();
    set_file("/etc/autopin/pinning.conf", "[limits]\nmax_regions = 13");
    cr_expect_eq(fake_load(&options, text, CONF_MAX_BYTES + 1), 1);
    cr_expect_eq(options.max_regions, 4096, "a file that is too large is still the one that was meant");
    cr_expect(fake_logged("test.conf: the file is larger than expected, at most 1048576 bytes"), "%s", fake_log());
    fake_reset();
    fake.map_fails = 1;
    cr_expect_eq(fake_load(&options, text, 1), 1);
    cr_expect(fake_logged("no memory to read it"));
    cr_expect_eq(options.max_regions, 4096);
    free(text);
}

Test(sources, errno_is_left_alone)
{
    static const char bad[] = "[limits]\nmax_pinned = 1e999\nx\n[site a]\n";
    errno = 4711;
    fake_load(&options, bad, sizeof(bad) - 1);
    options_disabled(&fake_source);
    cr_expect_eq(errno, 4711);
}

/* Takes the '#' away before lines that look like settings: "#name = value" or, with lead, "#   name = value". */
static void uncomment(char *text, const char *lead)
{
    size_t len = strlen(lead);
    for (char *line = text; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (!strncmp(line, lead, len) && line[len] != ' ' && line[len] != '\n')
            memset(line, ' ', len);
    }
}

Test(sources, the_example_states_the_defaults)
{
    static char text[1 << 16];
    options_write_example(&fake_sink);
    strcpy(text, fake_log());
    fake_reset();
    cr_assert_eq(fake_load(&options, text, strlen(text)), 0, "%s", fake_log());
    for (int id = 0; id < OPTION_COUNT; id++)
        cr_expect_eq(options.origin[id].kind, ORIGIN_DEFAULT);

    static struct options all;
    uncomment(text, "#");
    fake_reset();
    cr_assert_eq(fake_load(&all, text, strlen(text)), 0, "%s", fake_log());
    cr_assert_eq(all.n_rules, 1);
    cr_expect_str_eq(all.rules[0].name, "NAME");
    for (int id = 0; id < OPTION_COUNT; id++) {
        cr_expect_eq(all.origin[id].kind, ORIGIN_FILE, "%s is not in the example", option_table[id].name);
        all.origin[id] = options.origin[id];
    }
    for (int id = OPTION_COUNT; id < OPTION_ROWS; id++)
        cr_expect(all.rules[0].set & 1ull << id, "%s is not in the example", option_table[id].name);
    cr_expect(!memcmp(&all, &options, offsetof(struct options, file)), "the example differs from the defaults");
}

Test(sources, the_example_of_a_site_works)
{
    static char text[1 << 16];
    options_write_example(&fake_sink);
    strcpy(text, fake_log());
    char *intro = strstr(text, "#   [site weights]");
    cr_assert_not_null(intro);
    uncomment(intro, "#   ");
    fake_reset();
    cr_assert_eq(fake_load(&options, text, strlen(text)), 0, "%s", fake_log());
    cr_assert_eq(options.n_rules, 1);
    cr_expect_str_eq(options.rules[0].name, "weights");
    cr_expect_eq(options.rules[0].promote.mode, PROMOTE_ALWAYS);
    cr_expect_eq(options.rules[0].min_size, 64 << 20);
}

static uint64_t next(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

/* Words of the notation, cut and mixed with any bytes, so that every part of the reader is reached. */
static size_t garbage(uint64_t *seed, char *out, size_t cap)
{
    static const char *const words[] = {
        "[limits]", "[site a]",     "[report]", "[site",  "]",      "\n",    "\r\n", " = ",      ":",         "#",
        ";",        "max_pinned",   "promote",  "after=", "module", "depth", "100%", "9",        "1.5",       "GiB",
        "ms",       "\xef\xbb\xbf", "\xc3\xa4", "*",      "[!a-",   " ",     "\t",   "min_size", "report = /"};
    size_t len = 0, goal = next(seed) % cap;
    while (len < goal) {
        if (next(seed) % 4 == 0) {
            out[len++] = (char)next(seed);
            continue;
        }
        const char *word = words[next(seed) % (sizeof(words) / sizeof(*words))];
        for (size_t i = 0; word[i] && len < goal; i++)
            out[len++] = word[i];
    }
    return len;
}

Test(sources, garbage_is_survived, .timeout = 60)
{
    const char *rounds = getenv("AUTOPIN_TEST_ROUNDS");
    uint64_t seed = 20240229;
    for (long i = 0; i < (rounds ? atol(rounds) : 3000); i++) {
        size_t cap = 1 + next(&seed) % 5000, len;
        char *text = malloc(cap); /* of the exact size, for the sanitizer */
        len = garbage(&seed, text, cap);
        fake_reset();
        int n = fake_load(&options, text, len);
        free(text);
        cr_assert_leq(options.n_rules, OPTION_MAX_RULES);
        cr_assert_leq(fake_log_lines(), CONF_MAX_COMPLAINTS + 1);
        cr_assert_leq((int)fake_log_lines(), n);
        cr_assert_leq(options.max_pinned, 64ull << 30);
        for (const char *c = fake_log(); *c; c++)
            cr_assert(*c == '\n' || ((unsigned char)*c >= ' ' && *c != 127), "control characters in a complaint");
    }
}
