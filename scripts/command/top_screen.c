/* The terminal: see top_screen.h.  Plain ANSI: home, erase to the end of the line, of the screen. */
#define _GNU_SOURCE
#include "scripts/command/top_screen.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t stopped;
static struct termios kept;
static int has_keys;

static void stop(int number)
{
    (void)number;
    stopped = 1;
}

static void take_keys(void)
{
    if (tcgetattr(STDIN_FILENO, &kept))
        return;
    struct termios raw = kept;
    raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    raw.c_cc[VMIN] = 0;
    raw.c_cc[VTIME] = 0;
    has_keys = tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0;
}

void screen_begin(int drawing)
{
    const struct sigaction act = {.sa_handler = stop};
    sigaction(SIGINT, &act, NULL);
    sigaction(SIGTERM, &act, NULL);
    if (!drawing)
        return;
    sigaction(SIGQUIT, &act, NULL); /* Ctrl-\\ too leaves the terminal as it was */
    if (isatty(STDIN_FILENO))
        take_keys();
    fputs("\033[H\033[J", stdout);
}

void screen_end(void)
{
    if (has_keys)
        tcsetattr(STDIN_FILENO, TCSANOW, &kept);
    has_keys = 0;
}

static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000ull + (uint64_t)now.tv_nsec;
}

/* Whether q was typed; a terminal that is gone has no more keys. */
static int read_key(void)
{
    char key;
    const ssize_t got = read(STDIN_FILENO, &key, 1);
    if (got == 0 || (got < 0 && errno == EIO))
        return 1;
    return got == 1 && (key == 'q' || key == 'Q');
}

int screen_wait(uint64_t ns)
{
    const uint64_t end = now_ns() + ns;
    for (uint64_t now; !stopped && (now = now_ns()) < end;) {
        struct pollfd keys = {STDIN_FILENO, POLLIN, 0};
        const struct timespec left = {(time_t)((end - now) / 1000000000ull), (long)((end - now) % 1000000000ull)};
        if (ppoll(&keys, has_keys, &left, NULL) > 0 && read_key())
            stopped = 1;
    }
    return stopped;
}

static struct winsize screen_size(void)
{
    struct winsize size = {0};
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) || !size.ws_row || !size.ws_col)
        return (struct winsize){.ws_row = 24, .ws_col = 80};
    return size;
}

unsigned screen_rows(void)
{
    return screen_size().ws_row;
}

/* Bytes of a line that make up so many characters at most. */
static size_t cut(const char *line, size_t len, unsigned columns)
{
    size_t at = 0;
    for (unsigned seen = 0; at < len; at++) {
        seen += ((unsigned char)line[at] & 0xc0) != 0x80;
        if (seen > columns)
            break;
    }
    return at;
}

void screen_draw(const char *text)
{
    const struct winsize size = screen_size();
    fputs("\033[H", stdout);
    for (unsigned row = 1; *text && row < size.ws_row; row++) {
        const size_t len = strcspn(text, "\n");
        fwrite(text, 1, cut(text, len, size.ws_col - 1u), stdout);
        fputs("\033[K\n", stdout);
        text += len + (text[len] == '\n');
    }
    fputs("\033[J", stdout);
}
