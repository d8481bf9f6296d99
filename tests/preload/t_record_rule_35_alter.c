/* rule 35: a record alters nothing for the program: no descriptor is left open, errno stays, and a program that changes
 * its root or its user, or that has no place for a record, goes on as before while its record would grow. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
    THREADS = 48,
    BYTES = 2 << 20,
    KEPT = 77
};

#define CHECK(x)                                                                                                       \
    do {                                                                                                               \
        if (!(x)) {                                                                                                    \
            printf("%s:%d: %s\n", __FILE__, __LINE__, #x);                                                             \
            exit(1);                                                                                                   \
        }                                                                                                              \
    } while (0)

static pthread_barrier_t together; /* so that each thread has counters of its own */

static int open_descriptors(void)
{
    int n = 0;
    for (int fd = 0; fd < 256; fd++)
        n += fcntl(fd, F_GETFD) >= 0;
    return n;
}

static void allocate(void)
{
    errno = KEPT;
    char *block = malloc(BYTES);
    CHECK(block && errno == KEPT);
    block[0] = 1;
    free(block);
    CHECK(errno == KEPT);
}

static void *allocate_together(void *arg)
{
    (void)arg;
    allocate();
    pthread_barrier_wait(&together);
    return NULL;
}

/* Whether what is counted lies in a file. */
static int has_record(void)
{
    char line[512];
    int found = 0;
    FILE *maps = fopen("/proc/self/maps", "re");
    CHECK(maps);
    while (fgets(line, sizeof line, maps))
        found |= strstr(line, "/autopin/") != NULL || strstr(line, "/dev/shm/autopin-") != NULL;
    fclose(maps);
    return found;
}

/* Takes both places away; in a namespace of its own. */
static int hide_places(int read_only)
{
    unsetenv("XDG_RUNTIME_DIR");
    return unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
           mount("none", read_only ? "/dev/shm" : "/dev", "tmpfs", read_only ? MS_RDONLY : 0, NULL);
}

static int change(const char *what)
{
    if (strcmp(what, "chroot") == 0)
        return chroot(getenv("TMP")) || chdir("/");
    if (strcmp(what, "setuid") == 0)
        return setgid(12345) || setuid(12345);
    if (strcmp(what, "descriptors") == 0) /* no more than there are */
        return setrlimit(RLIMIT_NOFILE, &(struct rlimit){3, 3});
    return 0;
}

int main(int argc, char **argv)
{
    const char *what = argc == 2 ? argv[1] : "nothing";
    pthread_t thread[THREADS];
    const int hidden = strcmp(what, "missing") == 0 || strcmp(what, "read-only") == 0;
    if (hidden && hide_places(what[0] == 'r')) {
        puts("no namespace can be made here");
        return 77;
    }
    const int before = open_descriptors();
    allocate();
    CHECK(has_record() == !hidden);
    CHECK(open_descriptors() == before);
    if (change(what)) {
        puts("that takes a privilege");
        return 77;
    }
    pthread_barrier_init(&together, NULL, THREADS);
    for (int i = 0; i < THREADS; i++)
        CHECK(pthread_create(&thread[i], NULL, allocate_together, NULL) == 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(thread[i], NULL);
    CHECK(open_descriptors() == before);
    return 0;
}
