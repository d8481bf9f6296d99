/* /proc/PID/stat, by which the processes of a node know each other (preload/node_table.c): names of programs may hold
 * anything.
 *
 * fuzz: -max_len=1100 */
#include "policy/prim.h"
#include "tests/fuzz/fuzz.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "preload/aside.h"
#include "preload/system.h"

static const uint8_t *text;
static size_t text_len;

int system_read_file(const char *path, char *buf, size_t cap, size_t *len)
{
    (void)path;
    *len = text_len < cap ? text_len : cap;
    memcpy(buf, text, *len);
    fuzz_forbid(NULL, NULL);
    return text_len > cap ? -EFBIG : 0;
}

void aside_run(void (*job)(void *), void *arg)
{
    job(arg);
}

int system_uncancellable(void)
{
    return 0;
}

void system_cancellable(int before)
{
    (void)before;
}

const char *system_error_text(int error)
{
    (void)error;
    return "an error";
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    text = data;
    text_len = size;
    const uint64_t name = prim_process();
    FUZZ_EXPECT(name != 0 && (name & ((1u << 22) - 1)) == (uint64_t)getpid(), "%llx", (unsigned long long)name);
    const int lives = prim_process_lives(name), zombie = size && (memchr(data, 'Z', size) || memchr(data, 'X', size));
    FUZZ_EXPECT(lives || zombie || size > 1000, "a process that asks does not live");
    FUZZ_EXPECT(!prim_process_lives(0), "nobody lives");
    (void)prim_process_lives(name ^ 1ull << 40);
    return 0;
}
