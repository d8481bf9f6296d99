/* The replay of a recorded trace that could be read: whatever it tells, the policy gets through it within its cap.  It
 * runs in a process of its own, of which the fuzzer sees nothing but the end.
 *
 * fuzz: -max_len=4096 */
#include "policy/replay/read.h"
#include "tests/fuzz/fuzz.h"

enum {
    EVENTS_MOST = 2000
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct recorded recorded;
    struct outcome outcome;
    const int rc = recorded_read(&recorded, data, size);
    if (rc == 0 && recorded.trace.n_events <= EVENTS_MOST) {
        const uint64_t cap = recorded.cap_bytes < 1ull << 46 ? recorded.cap_bytes : 1ull << 46;
        recorded.trace.cap_bytes = cap;
        const int replayed = replay_policy(&recorded.trace, HOW_REAL, &outcome);
        FUZZ_EXPECT(replayed == 0, "the replay ends with %d", replayed);
        FUZZ_EXPECT(outcome.peak_bytes <= cap, "%llu bytes pinned, and the cap is %llu",
                    (unsigned long long)outcome.peak_bytes, (unsigned long long)cap);
    }
    recorded_drop(&recorded);
    return 0;
}
