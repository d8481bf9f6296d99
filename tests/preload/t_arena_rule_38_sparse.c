/* Large blocks of which little is ever touched cost what they cost alone: nobody fills them with memory to lock it
 * (rule 38). */
#include "t_malloc_help.h"

enum {
    ROUNDS = 40,
    TOUCHED = 16
};

int main(void)
{
    const size_t bytes = 512 * MiB, step = bytes / TOUCHED;
    for (int round = 0; round < ROUNDS; round++) {
        char *ptr = opaque(malloc(bytes));
        CHECK(ptr, "round %d", round);
        for (size_t at = 0; ptr && at < bytes; at += step) {
            CHECK(ptr[at + 100] == 0 || round > 0, "not zero in a fresh process");
            ptr[at + 100] = 1;
        }
        free(ptr);
        sleep_ms(round % 8 ? 0 : 10); /* the worker may do what it likes */
    }
    const long most = proc_number("/proc/self/status", "VmHWM:") / 1024;
    CHECK(most > 0 && most < 64, "%ld MiB were resident at once", most);
    CHECK(vm_lck() < (long)(64 * MiB), "VmLck %ld", vm_lck());
    return check_result();
}
