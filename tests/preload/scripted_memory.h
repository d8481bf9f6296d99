/* What plugin_scripted_memory.so is to show in place of the kernel's files.  After sim_client.h. */
#ifndef SCRIPTED_MEMORY_H
#define SCRIPTED_MEMORY_H

#include <sys/stat.h>

/* Puts a file where plugin_scripted_memory.so looks for it, in one step. */
static void put(const char *path, const char *text)
{
    char name[512], fresh[520];
    snprintf(name, sizeof name, "%s%s", getenv("SCRIPTED"), path);
    for (char *at = name + 1; (at = strchr(at, '/')); *at++ = '/') {
        *at = 0;
        (void)mkdir(name, 0700);
    }
    snprintf(fresh, sizeof fresh, "%s.new", name);
    FILE *file = fopen(fresh, "w");
    CHECK(file);
    fputs(text, file);
    fclose(file);
    SAME(rename(fresh, name), 0);
}

static void available(long kib)
{
    char text[128];
    snprintf(text, sizeof text, "MemTotal: %d kB\nMemFree: 1 kB\nMemAvailable: %ld kB\n", 16 << 20, kib);
    put("/proc/meminfo", text);
}

static void pressure(const char *path, const char *some, const char *full)
{
    char text[256];
    snprintf(text, sizeof text,
             "some avg10=%s avg60=0.00 avg300=0.00 total=0\nfull avg10=%s avg60=0.00 avg300=0.00 total=0\n", some,
             full);
    put(path, text);
}

#endif
