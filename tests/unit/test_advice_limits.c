/* Advice about limits: what a new one has to hold, and which one it replaces. */
#include <criterion/criterion.h>
#include <string.h>

#include "policy/ledger.h"
#include "tests/unit/fake_prim.h"
#include "tests/unit/report_fixture.h"

Test(advice_limits, a_cap_that_sites_took_from_each_other, .init = fixture_start)
{
    for (unsigned i = 1; i <= 2; i++) {
        struct site *site = fixture_refused(i, REASON_CAP, SEC);
        level_add(&site->pinned_bytes, &site->pinned_bytes_peak, 48 * MIB);
        count_add(&site->pins, 1);
        if (i == 1) {
            count_add(&site->evictions, 1);
            level_sub(&site->pinned_bytes, 48 * MIB);
        }
    }
    ledger_reserve(48 * MIB, 1);
    fixture_write(20);
    fixture_expect_line("max_pinned = 96M", "");
}

Test(advice_limits, says_what_a_limit_stands_in_place_of)
{
    fixture_conf = "[limits]\n\nmax_pinned = 32M\n";
    fixture_start();
    fixture_refused(1, REASON_CAP, SEC);
    fixture_write(20);
    fixture_read_again();
    fixture_expect_line("# in place of max_pinned in line 3 of pinning.conf", "");
    cr_expect(strstr(fixture_text, "line 3 of pinning.conf\nmax_pinned = "));
}
