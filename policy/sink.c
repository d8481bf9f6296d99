/* Text out and the look of figures: see sink.h.  Pure functions over the caller's memory; no lock. */
#include "sink.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

__extension__ typedef unsigned __int128 wide;

struct unit {
    uint64_t factor; /* of the unit itself */
    const char *name;
};

static const struct unit byte_units[] = {
    {1, "B"}, {1ull << 10, "KiB"}, {1ull << 20, "MiB"}, {1ull << 30, "GiB"}, {1ull << 40, "TiB"}, {1ull << 50, "PiB"}};
static const struct unit time_units[] = {{1, "ns"}, {1000, "us"}, {1000000, "ms"}, {1000000000, "s"}};
static const struct unit rate_units[] = {
    {1, "B/s"}, {1000, "kB/s"}, {1000000, "MB/s"}, {1000000000, "GB/s"}, {1000000000000, "TB/s"}};
#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static uint64_t rounded(uint64_t value, uint64_t scale, uint64_t factor)
{
    return (uint64_t)(((wide)value * scale + factor / 2) / factor);
}

/* Three figures that matter, and the unit that makes this possible. */
static struct quantity quantity(uint64_t value, const struct unit *units, size_t n_units)
{
    struct quantity out;
    size_t i = 0;
    while (i + 1 < n_units && rounded(value, 1, units[i].factor) >= units[i + 1].factor / units[i].factor)
        i++;
    const uint64_t factor = units[i].factor, hundredths = rounded(value, 100, factor),
                   tenths = rounded(value, 10, factor);
    if (factor == 1 || tenths >= 1000)
        snprintf(out.text, sizeof out.text, "%llu %s", (unsigned long long)rounded(value, 1, factor), units[i].name);
    else if (hundredths >= 1000)
        snprintf(out.text, sizeof out.text, "%llu.%llu %s", (unsigned long long)tenths / 10,
                 (unsigned long long)tenths % 10, units[i].name);
    else
        snprintf(out.text, sizeof out.text, "%llu.%02llu %s", (unsigned long long)hundredths / 100,
                 (unsigned long long)hundredths % 100, units[i].name);
    return out;
}

struct quantity quantity_bytes(uint64_t bytes)
{
    return quantity(bytes, byte_units, COUNT_OF(byte_units));
}

struct quantity quantity_time(uint64_t ns)
{
    return quantity(ns, time_units, COUNT_OF(time_units));
}

uint64_t rate_per_second(uint64_t bytes, uint64_t ns)
{
    const wide rate = ns ? (wide)bytes * 1000000000 / ns : 0;
    return rate > UINT64_MAX ? UINT64_MAX : (uint64_t)rate;
}

struct quantity quantity_rate(uint64_t bytes, uint64_t ns)
{
    if (ns == 0)
        return (struct quantity){"-"};
    return quantity(rate_per_second(bytes, ns), rate_units, COUNT_OF(rate_units));
}

struct quantity quantity_net(uint64_t gain_ns, uint64_t cost_ns)
{
    if (gain_ns >= cost_ns)
        return quantity_time(gain_ns - cost_ns);
    struct quantity size = quantity_time(cost_ns - gain_ns), out = {"-"};
    memcpy(out.text + 1, size.text, sizeof size.text - 1);
    out.text[sizeof out.text - 1] = 0;
    return out;
}

struct quantity quantity_count(uint64_t n, const char *thing)
{
    struct quantity out;
    const size_t len = strlen(thing);
    const int y = len && thing[len - 1] == 'y';
    const char *ending = n == 1 ? "" : y ? "ies" : "s";
    snprintf(out.text, sizeof out.text, "%llu %.*s%s", (unsigned long long)n, (int)(len - (y && n != 1)), thing,
             ending);
    return out;
}

void sink_text(const struct sink *out, const char *text)
{
    out->put(out->ctx, text, strlen(text));
}

void sink_printf(const struct sink *out, const char *fmt, ...)
{
    char text[512];
    const int saved = errno;
    va_list args;
    va_start(args, fmt);
    const int len = vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    errno = saved;
    if (len > 0)
        out->put(out->ctx, text, (size_t)len < sizeof text ? (size_t)len : sizeof text - 1);
}

/* Bytes of the UTF-8 character at text; 0 when there is none. */
static size_t utf8_bytes(const unsigned char *text, size_t len)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    const size_t bytes = text[0] < 0x80       ? 1
                         : text[0] >> 5 == 6  ? 2
                         : text[0] >> 4 == 14 ? 3
                         : text[0] >> 3 == 30 ? 4
                                              : 0;
    if (bytes == 0 || bytes > len)
        return 0;
    uint32_t code = bytes == 1 ? text[0] : text[0] & (0x7Fu >> bytes);
    for (size_t i = 1; i < bytes; i++) {
        if (text[i] >> 6 != 2)
            return 0;
        code = code << 6 | (text[i] & 0x3Fu);
    }
    return code < least[bytes] || code > 0x10FFFF || code >> 11 == 0x1B ? 0 : bytes;
}

/* C0 and C1 controls and DEL. */
static int is_control(const unsigned char *at, size_t bytes)
{
    return bytes == 1 ? *at < ' ' || *at == 127 : bytes == 2 && at[0] == 0xC2 && at[1] < 0xA0;
}

void sink_clean(const struct sink *out, const char *text, size_t most_bytes)
{
    const unsigned char *at = (const unsigned char *)text;
    const size_t len = strlen(text);
    const size_t room = len <= most_bytes ? len : most_bytes > 3 ? most_bytes - 3 : 0;
    for (size_t i = 0, bytes; i < room; i += bytes ? bytes : 1) {
        bytes = utf8_bytes(at + i, len - i);
        if (i + bytes > room)
            break;
        if (bytes == 0 || is_control(at + i, bytes))
            out->put(out->ctx, "?", 1);
        else
            out->put(out->ctx, text + i, bytes);
    }
    if (room < len)
        sink_text(out, "...");
}

static void escape_one(const struct sink *out, unsigned char c)
{
    static const char from[] = "\"\\\b\f\n\r\t", to[] = "\"\\bfnrt";
    const char *found = c ? strchr(from, c) : NULL;
    if (found)
        sink_printf(out, "\\%c", to[found - from]);
    else
        sink_printf(out, "\\u%04x", c);
}

void sink_json_escape(const struct sink *out, const char *text, size_t len)
{
    size_t plain = 0; /* where the run began that can go out as it is */
    for (size_t i = 0; i < len;) {
        const size_t bytes = utf8_bytes((const unsigned char *)text + i, len - i);
        const unsigned char c = (unsigned char)text[i];
        if (bytes > 1 || (bytes == 1 && c >= ' ' && c != '"' && c != '\\' && c != 127)) {
            i += bytes;
            continue;
        }
        if (i > plain)
            out->put(out->ctx, text + plain, i - plain);
        if (bytes == 0)
            sink_text(out, "\\ufffd");
        else
            escape_one(out, c);
        plain = ++i;
    }
    if (len > plain)
        out->put(out->ctx, text + plain, len - plain);
}

void sink_json_string(const struct sink *out, const char *text)
{
    sink_text(out, "\"");
    sink_json_escape(out, text, strlen(text));
    sink_text(out, "\"");
}
