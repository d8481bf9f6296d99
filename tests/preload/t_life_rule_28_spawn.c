/* posix_spawn, vfork, system and popen beside locked blocks: the children run, and nothing changes in the parent (rule
 * 28). */
#define _GNU_SOURCE
#include <errno.h>
#include <spawn.h>
#include <sys/wait.h>

#include "t_malloc_help.h"

extern char **environ;
static const size_t BYTES = 4 * MiB;

static void expect_status(int status, int expected, const char *what)
{
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == expected, "%s: status %#x", what, status);
}

static void spawn(void)
{
    pid_t pid;
    int status = 0;
    CHECK(posix_spawnp(&pid, "sh", NULL, NULL, (char *[]){"sh", "-c", "exit 5", NULL}, environ) == 0, "%d", errno);
    waitpid(pid, &status, 0);
    expect_status(status, 5, "posix_spawnp");
    CHECK(posix_spawn(&pid, "/no/such/file", NULL, NULL, (char *[]){"x", NULL}, environ) == ENOENT, "not found");
}

static void with_vfork(void)
{
    int status = 0;
    pid_t pid = vfork();
    if (pid == 0) {
        execl("/bin/sh", "sh", "-c", "exit 6", (char *)NULL);
        _exit(127);
    }
    waitpid(pid, &status, 0);
    expect_status(status, 6, "vfork and execl");
    pid = vfork();
    if (pid == 0) {
        execlp("no-such-program", "x", (char *)NULL);
        _exit(errno == ENOENT ? 9 : 10);
    }
    waitpid(pid, &status, 0);
    expect_status(status, 9, "vfork and an execlp that fails");
    pid = vfork();
    if (pid == 0)
        _exit(3);
    waitpid(pid, &status, 0);
    expect_status(status, 3, "vfork and _exit");
}

/* A child that does nothing has nothing to report (looked for by t_life_rule_28_reports.sh). */
static void idle_child(void)
{
    int status = 0;
    fflush(stdout);
    const pid_t pid = fork();
    if (pid == 0)
        exit(4);
    waitpid(pid, &status, 0);
    expect_status(status, 4, "fork and exit");
}

static void with_shell(void)
{
    char line[64] = "";
    expect_status(system("exit 8"), 8, "system");
    FILE *pipe = popen("echo from the child", "r");
    CHECK(pipe && fgets(line, sizeof line, pipe), "popen");
    CHECK(strcmp(line, "from the child\n") == 0, "popen: %s", line);
    if (pipe)
        expect_status(pclose(pipe), 0, "pclose");
}

int main(void)
{
    char *kept = malloc(BYTES);
    pattern_put(kept, BYTES, 1);
    free(memset(malloc(BYTES), 1, BYTES)); /* one, so that nothing is left to lock once it is */
    const long locked = vm_lck_becomes((long)BYTES, 1l << 40);
    CHECK(locked >= (long)BYTES, "%ld bytes are locked: this proves nothing", locked);
    for (int round = 0; round < 3; round++) {
        spawn();
        with_vfork();
        idle_child();
        with_shell();
    }
    CHECK(vm_lck() == locked, "%ld bytes were locked before, %ld are now", locked, vm_lck());
    CHECK(pattern_holds(kept, BYTES, BYTES, 1), "the parent's block");
    free(kept);
    puts("done");
    return check_result();
}
