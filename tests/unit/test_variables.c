/* Tests of the names of AUTOPIN_ variables: which are known, and what is said of the others. */
#include "policy/options.h"
#include "tests/unit/fake_prim.h"

#include <criterion/criterion.h>
#include <ctype.h>
#include <stdio.h>

static struct options options;

TestSuite(variables, .init = fake_reset);

Test(variables, every_variable_that_means_something_is_known)
{
    char name[OPTION_COUNT][64];
    for (int id = 0; id < OPTION_COUNT; id++) {
        fake_reset();
        snprintf(name[id], sizeof(name[id]), "AUTOPIN_%s", option_table[id].name);
        for (char *c = name[id]; *c; c++)
            *c = (char)toupper((unsigned char)*c);
        fake_set_env(name[id], option_table[id].fallback);
        fake_set_env("AUTOPIN_DISABLE", "");
        fake_set_env("AUTOPIN_CONF", "");
        fake_set_env("AUTOPINE_TREE", "1");
        cr_expect_eq(options_load(&options, &fake_source), 0, "%s", fake_log());
        cr_expect_eq(options.origin[id].kind, ORIGIN_ENVIRONMENT, "%s", name[id]);
    }
}

Test(variables, a_misspelt_variable_is_one_complaint)
{
    static const char *const cases[][2] = {
        {"AUTOPIN_MAXPINNED", "autopin: AUTOPIN_MAXPINNED: unknown; did you mean AUTOPIN_MAX_PINNED?\n"},
        {"AUTOPIN_min_size", "autopin: AUTOPIN_min_size: unknown; did you mean AUTOPIN_MIN_SIZE?\n"},
        {"AUTOPIN_DISABLED", "autopin: AUTOPIN_DISABLED: unknown; did you mean AUTOPIN_DISABLE?\n"},
        {"AUTOPIN_CONFIG", "autopin: AUTOPIN_CONFIG: unknown; did you mean AUTOPIN_CONF?\n"},
        {"AUTOPIN_COLOUR", "autopin: AUTOPIN_COLOUR: unknown; it is ignored\n"},
        {"AUTOPIN_", "autopin: AUTOPIN_: unknown; it is ignored\n"},
        {"AUTOPIN_\x1b[1m", "autopin: AUTOPIN_?[1m: unknown; it is ignored\n"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        fake_reset();
        fake_set_env(cases[i][0], "1G");
        cr_expect_eq(options_load(&options, &fake_source), 1);
        cr_expect_str_eq(fake_log(), cases[i][1]);
    }
    fake_reset();
    fake_set_env("AUTOPIN_A_NAME_THAT_IS_LONGER_THAN_ANY_OTHER_THAT_THERE_IS_OR_WILL_EVER_BE", "1");
    cr_expect_eq(options_load(&options, &fake_source), 1);
}
