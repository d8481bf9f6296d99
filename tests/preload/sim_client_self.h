/* Running the program again, with and without autopin, and comparing what it prints.  Included by sim_client.h. */
#ifndef SIM_CLIENT_SELF_H
#define SIM_CLIENT_SELF_H

/* Runs this program with one argument, preloading `preload` (NULL: nothing), and takes its output and exit status. */
static UNUSED int run_self(const char *preload, const char *argument, const char *setting, char *out, size_t room)
{
    int ends[2], status = 0;
    size_t used = 0;
    SAME(pipe(ends), 0);
    const pid_t child = fork();
    if (child == 0) {
        dup2(ends[1], 1);
        close(ends[0]);
        close(ends[1]);
        if (preload)
            setenv("LD_PRELOAD", preload, 1);
        else
            unsetenv("LD_PRELOAD");
        if (setting)
            putenv((char *)setting);
        execl("/proc/self/exe", "self", argument, (char *)NULL);
        _exit(126);
    }
    CHECK(child > 0);
    close(ends[1]);
    for (ssize_t got; used + 1 < room && (got = read(ends[0], out + used, room - 1 - used)) > 0;)
        used += (size_t)got;
    out[used] = 0;
    close(ends[0]);
    SAME(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

/* Runs itself under autopin as run_self() does, and reads the report of that run as JSON; the last report is kept. */
static UNUSED const char *report_of_self(const char *argument)
{
    static char json[1 << 16], setting[256], out[64];
    char path[200];
    snprintf(path, sizeof path, "%s/report.json", getenv("TMP"));
    snprintf(setting, sizeof setting, "AUTOPIN_REPORT=%s", path);
    SAME(run_self(getenv("LIB"), argument, setting, out, sizeof out), 0);
    FILE *file = fopen(path, "r");
    CHECK(file);
    const size_t bytes = fread(json, 1, sizeof json - 1, file);
    fclose(file);
    CHECK(bytes > 100);
    json[bytes] = 0;
    return json;
}

/* The first line in which two outputs differ is shown; returns whether they are equal. */
static UNUSED int same_output(const char *a, const char *b, const char *what)
{
    const char *line_a = a, *line_b = b;
    if (strcmp(a, b) == 0)
        return 1;
    for (size_t i = 0; a[i] && a[i] == b[i]; i++)
        if (a[i] == '\n') {
            line_a = a + i + 1;
            line_b = b + i + 1;
        }
    fprintf(stderr, "%s: unpinned: %.*s\n%s: autopin:  %.*s\n", what, (int)strcspn(line_a, "\n"), line_a, what,
            (int)strcspn(line_b, "\n"), line_b);
    return 0;
}

#endif
