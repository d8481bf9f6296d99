/* Large allocations, the first one of all included, on stacks that unwinders find hard: the smallest that a thread may
 * have, a coroutine's, deep recursion, code without unwind tables and with a frame pointer that points nowhere.
 *
 *   t_unwind_odd_stacks small|coroutine|deep|code|all
 *
 * build: -pthread
 */
#include <limits.h>
#include <pthread.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "t_malloc_help.h"

static long done;

static void allocate(void)
{
    char *ptr = malloc(3 * MiB);
    CHECK(ptr, "no memory");
    ptr[MiB] = 1;
    ptr = realloc(ptr, 5 * MiB);
    CHECK(ptr && ptr[MiB] == 1, "realloc");
    free(ptr);
    free(opaque(calloc(3, MiB)));
    done++;
}

static void *in_thread(void *unused)
{
    allocate();
    return unused;
}

static void small(void)
{
    pthread_attr_t attr;
    pthread_t thread;
    pthread_attr_init(&attr);
    CHECK(pthread_attr_setstacksize(&attr, (size_t)sysconf(_SC_THREAD_STACK_MIN)) == 0, "stack size");
    for (int i = 0; i < 5; i++) {
        CHECK(pthread_create(&thread, &attr, in_thread, NULL) == 0, "thread %d", i);
        pthread_join(thread, NULL);
    }
    pthread_attr_destroy(&attr);
}

static ucontext_t outside, inside;

static void in_coroutine(void)
{
    for (int i = 0; i < 3; i++) {
        allocate();
        swapcontext(&inside, &outside);
    }
}

static void coroutine(void)
{
    static char stack[32 << 10] __attribute__((aligned(16)));
    memset(stack, 0x41, sizeof stack);
    getcontext(&inside);
    inside.uc_stack.ss_sp = stack;
    inside.uc_stack.ss_size = sizeof stack;
    inside.uc_link = &outside;
    makecontext(&inside, in_coroutine, 0);
    for (int i = 0; i < 3; i++)
        swapcontext(&outside, &inside);
}

__attribute__((noinline)) static int deep(int depth)
{
    volatile char frame[64] = {0};
    if (depth == 0)
        allocate();
    else
        frame[depth % 64] = (char)deep(depth - 1);
    return frame[0] + 1;
}

/* push %rbp; mov $0x10, %rbp; call *%rdi; pop %rbp; ret */
static void code(void)
{
#if defined(__x86_64__)
    static const unsigned char bytes[] = {0x55, 0x48, 0xC7, 0xC5, 0x10, 0, 0, 0, 0xFF, 0xD7, 0x5D, 0xC3};
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memcpy(page, bytes, sizeof bytes);
    mprotect(page, 4096, PROT_READ | PROT_EXEC);
    void (*call)(void (*)(void));
    memcpy(&call, &page, sizeof call);
    for (int i = 0; i < 3; i++)
        call(allocate);
    munmap(page, 4096);
    allocate();
#else
    allocate();
#endif
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "all";
    const int all = strcmp(what, "all") == 0;
    if (all || strcmp(what, "small") == 0)
        small();
    if (all || strcmp(what, "coroutine") == 0)
        coroutine();
    if (all || strcmp(what, "deep") == 0)
        deep(20000);
    if (all || strcmp(what, "code") == 0)
        code();
    CHECK(done > 0, "nothing was tried");
    return check_result();
}
