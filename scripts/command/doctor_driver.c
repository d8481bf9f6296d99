/* Asks the CUDA driver for its version and its devices, in a child: a driver that is broken may crash or never answer.
 * See doctor.h. */
#define _GNU_SOURCE
#include "scripts/command/doctor.h"

#include <dlfcn.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    ANSWER_MS = 10000
};

/* What the child sends.  loaded: dlopen() worked; error: of cuInit(), where that was called. */
struct answer {
    int loaded, error, version, devices;
    char text[256]; /* why it cannot be loaded, or the first device */
};

/* In the child. */
static void ask(struct answer *answer)
{
    void *driver = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
    if (!driver) {
        snprintf(answer->text, sizeof answer->text, "%.250s", dlerror());
        return;
    }
    answer->loaded = 1;
    int (*init)(unsigned) = dlsym(driver, "cuInit");
    int (*version)(int *) = dlsym(driver, "cuDriverGetVersion"), (*count)(int *) = dlsym(driver, "cuDeviceGetCount");
    int (*name)(char *, int, int) = dlsym(driver, "cuDeviceGetName");
    if (!init || !version || !count || !name) {
        answer->error = -1;
        return;
    }
    version(&answer->version);
    answer->error = init(0);
    if (answer->error == 0 && count(&answer->devices) == 0 && answer->devices)
        name(answer->text, sizeof answer->text, 0);
}

static void child(int out)
{
    struct answer answer = {0};
    unsetenv("LD_PRELOAD");
    ask(&answer);
    if (write(out, &answer, sizeof answer) != sizeof answer)
        _exit(1);
    _exit(0);
}

static void say_answer(const struct answer *answer)
{
    const int major = answer->version / 1000, minor = answer->version % 1000 / 10;
    if (!answer->loaded && strstr(answer->text, "No such file"))
        doctor_say(VERDICT_NOTE, "driver", NULL,
                   "there is no libcuda.so.1: without a GPU, autopin locks memory by mlock");
    else if (!answer->loaded)
        doctor_say(VERDICT_CHANGE, "driver", "install the driver anew", "libcuda.so.1 cannot be loaded: %s",
                   answer->text);
    else if (answer->error < 0)
        doctor_say(VERDICT_CHANGE, "driver", "LD_LIBRARY_PATH may lead to a stub",
                   "libcuda.so.1 lacks functions of a driver");
    else if (answer->error)
        doctor_say(VERDICT_CHANGE, "driver",
                   "nvidia-smi says more; is the kernel module loaded, and /dev/nvidia0 yours to open?",
                   "libcuda.so.1 %d.%d cannot start: error %d of cuInit", major, minor, answer->error);
    else if (answer->devices == 0)
        doctor_say(VERDICT_CHANGE, "driver", "look at CUDA_VISIBLE_DEVICES", "libcuda.so.1 %d.%d sees no device", major,
                   minor);
    else
        doctor_say(VERDICT_GOOD, "driver", NULL, "libcuda.so.1 %d.%d, %d device%s: %s", major, minor, answer->devices,
                   answer->devices == 1 ? "" : "s, the first", answer->text);
}

int doctor_look_at_driver(void)
{
    struct answer answer = {0};
    int ends[2], status = 0;
    if (pipe(ends))
        return 0;
    fflush(stdout);
    const pid_t pid = fork();
    if (pid == 0) {
        close(ends[0]);
        child(ends[1]);
    }
    close(ends[1]);
    struct pollfd waiting = {.fd = ends[0], .events = POLLIN};
    const int ready = pid > 0 ? poll(&waiting, 1, ANSWER_MS) : -1;
    const ssize_t got = ready > 0 ? read(ends[0], &answer, sizeof answer) : 0;
    if (pid > 0 && ready == 0)
        kill(pid, SIGKILL);
    if (pid > 0)
        waitpid(pid, &status, 0);
    close(ends[0]);
    answer.text[sizeof answer.text - 1] = 0;
    if (got == (ssize_t)sizeof answer)
        say_answer(&answer);
    else if (ready == 0)
        doctor_say(VERDICT_CHANGE, "driver", "start the machine again; dmesg may say why",
                   "libcuda.so.1 does not answer within %d s", ANSWER_MS / 1000);
    else
        doctor_say(VERDICT_CHANGE, "driver", "install the driver anew",
                   "libcuda.so.1 ends the process that asks it (%s)",
                   WIFSIGNALED(status) ? strsignal(WTERMSIG(status)) : "it exits");
    return answer.devices;
}
