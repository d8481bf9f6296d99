/* What autopin may not leave in a process (rule 35): a descriptor, a changed errno, a signal handler, a signal mask, a
 * thread that would take the program's signals.  The first half is the same with and without it. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>

#include "t_malloc_help.h"

static void large(void)
{
    for (int i = 0; i < 8; i++)
        free(memset(malloc(4 * MiB), i, 4 * MiB));
    sleep_ms(30);
}

/* The descriptors open now, each with its file; a runner may have left some of its own. */
struct open_files {
    dev_t device[100];
    ino_t inode[100];
    int first; /* the number that a file opened now gets */
};

static struct open_files open_files(void)
{
    struct open_files files;
    memset(&files, 0, sizeof files);
    files.first = open("/dev/null", O_RDONLY);
    close(files.first);
    for (int fd = 0; fd < 100; fd++) {
        struct stat file;
        if (fstat(fd, &file) == 0) {
            files.device[fd] = file.st_dev;
            files.inode[fd] = file.st_ino;
        }
    }
    return files;
}

static int equal(const struct open_files *a, const struct open_files *b)
{
    return a->first == b->first && memcmp(a->device, b->device, sizeof a->device) == 0 &&
           memcmp(a->inode, b->inode, sizeof a->inode) == 0;
}

/* Before long: autopin's worker may just be reading how much memory there is. */
static void same_descriptors(const struct open_files *before)
{
    struct open_files now = open_files();
    for (int i = 0; i < 200 && !equal(&now, before); i++) {
        sleep_ms(10);
        now = open_files();
    }
    for (int fd = 0; fd < 100; fd++)
        CHECK(now.device[fd] == before->device[fd] && now.inode[fd] == before->inode[fd], "descriptor %d was %s", fd,
              before->inode[fd] ? "something else" : "closed");
    CHECK(now.first == before->first, "a new file is descriptor %d, and was %d", now.first, before->first);
}

static void *in_thread(void *unused)
{
    large();
    return unused;
}

/* A program that closes everything, as daemons do, and opens files of its own: nobody else reads, writes or closes
 * them. */
static void close_everything(void)
{
    char path[] = "/tmp/t_life_XXXXXX";
    struct stat file, again;
    pthread_t thread; /* on another stack, which an unwinder has not seen yet */
    for (int fd = 3; fd < 100; fd++)
        close(fd);
    const int first = mkstemp(path);
    unlink(path);
    CHECK(write(first, "the program's", 13) == 13 && lseek(first, 0, SEEK_SET) == 0, "errno %d", errno);
    CHECK(fstat(first, &file) == 0, "errno %d", errno);
    for (int fd = first + 1; fd < first + 10; fd++)
        CHECK(dup(first) == fd, "another number");
    CHECK(pthread_create(&thread, NULL, in_thread, NULL) == 0, "no thread");
    pthread_join(thread, NULL);
    large();
    for (int fd = first; fd < first + 10; fd++)
        CHECK(fstat(fd, &again) == 0 && again.st_ino == file.st_ino, "descriptor %d is no longer the program's", fd);
    CHECK(again.st_size == 13, "the program's file has %ld bytes instead of 13", (long)again.st_size);
    CHECK(lseek(first, 0, SEEK_CUR) == 0, "the program's file was read");
}

static void kept_errno(void)
{
    for (int value = 0; value < 200; value += 7) {
        errno = value;
        char *ptr = opaque(malloc(3 * MiB + (size_t)value));
        CHECK(errno == value, "malloc: %d became %d", value, errno);
        ptr = opaque(realloc(ptr, 5 * MiB));
        CHECK(errno == value, "realloc: %d became %d", value, errno);
        free(ptr);
        CHECK(errno == value, "free: %d became %d", value, errno);
        ptr = opaque(calloc(3, MiB));
        free(opaque(ptr));
        CHECK(errno == value, "calloc, free: %d became %d", value, errno);
    }
}

static void handlers(void)
{
    sigset_t mask, pending;
    for (int signal = 1; signal < NSIG; signal++) {
        struct sigaction action;
        if (signal == SIGKILL || signal == SIGSTOP || sigaction(signal, NULL, &action))
            continue;
        CHECK(action.sa_handler == SIG_DFL || action.sa_handler == SIG_IGN, "signal %d has a handler", signal);
    }
    CHECK(sigprocmask(SIG_SETMASK, NULL, &mask) == 0 && sigisemptyset(&mask), "signals are blocked");
    CHECK(sigpending(&pending) == 0 && sigisemptyset(&pending), "signals are pending");
    struct stat here;
    CHECK(stat("/proc/self/cwd/.", &here) == 0, "the folder has changed");
}

static unsigned long status_field(const char *text, const char *name, int base)
{
    const char *at = strstr(text, name);
    return at ? strtoul(at + strlen(name), NULL, base) : 0;
}

/* The threads besides this one: all their signals are blocked.  Returns their number. */
static int other_threads(void)
{
    /* SIGKILL, SIGSTOP and glibc's own two cannot be blocked */
    const unsigned long all = ~(1ul << (SIGKILL - 1) | 1ul << (SIGSTOP - 1) | 3ul << 31);
    char path[300], text[4096];
    int others = 0;
    DIR *tasks = opendir("/proc/self/task");
    for (struct dirent *task; tasks && (task = readdir(tasks));) {
        if (task->d_name[0] == '.' || atoi(task->d_name) == getpid())
            continue;
        snprintf(path, sizeof path, "/proc/self/task/%s/status", task->d_name);
        const int fd = open(path, O_RDONLY);
        const ssize_t got = fd < 0 ? 0 : read(fd, text, sizeof text - 1);
        if (fd >= 0)
            close(fd);
        if (got <= 0)
            continue; /* it has ended */
        text[got] = 0;
        if (status_field(text, "\nThreads:", 10) == 0)
            continue; /* it is ending: the kernel has no signals of it to show (fs/proc/array.c: task_sig()) */
        const unsigned long blocked = status_field(text, "\nSigBlk:", 16);
        CHECK((blocked & all) == all, "thread %s: SigBlk %lx", task->d_name, blocked);
        others++;
    }
    if (tasks)
        closedir(tasks);
    return others;
}

int main(int argc, char **argv)
{
    int seen = 0;
    const struct open_files before = open_files();
    for (int i = 0; i < 20; i++) {
        free(opaque(malloc(2 * MiB + (size_t)i * 70000)));
        seen += other_threads();
    }
    large();
    same_descriptors(&before);
    seen += other_threads();
    kept_errno();
    handlers();
    same_descriptors(&before);
    close_everything();
    if (argc > 1 && strcmp(argv[1], "threads") == 0)
        CHECK(seen > 0, "autopin has no thread: this run proves less than it says");
    return check_result();
}
