/* Text out, piece by piece: where reports go, and how figures look in them.
 *
 * Owns nothing; takes no lock.  Callers: the report writers, at exit.  Nothing here allocates, uses stdio files, the
 * locale or floating point, or changes errno. */
#ifndef AUTOPIN_SINK_H
#define AUTOPIN_SINK_H

#include <stddef.h>
#include <stdint.h>

struct sink {
    void (*put)(void *ctx, const char *text, size_t len);
    void *ctx;
};

/* A figure ready to be printed. */
struct quantity {
    char text[48];
};

struct quantity quantity_bytes(uint64_t bytes);                   /* "1.50 GiB" */
struct quantity quantity_time(uint64_t ns);                       /* "12.3 ms" */
struct quantity quantity_rate(uint64_t bytes, uint64_t ns);       /* "24.3 GB/s"; "-" when ns is 0 */
struct quantity quantity_net(uint64_t gain_ns, uint64_t cost_ns); /* gain - cost as a time, with its sign */
struct quantity quantity_count(uint64_t n, const char *thing);    /* "1 copy", "2 copies"; thing: at most 26 bytes */

/* Bytes per second; 0 when ns is 0. */
uint64_t rate_per_second(uint64_t bytes, uint64_t ns);

void sink_text(const struct sink *out, const char *text);

/* Integers and short strings only; cut to 511 bytes. */
void sink_printf(const struct sink *out, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Text for a terminal: what is not printable UTF-8 becomes `?`; what is longer than most_bytes ends in "...". */
void sink_clean(const struct sink *out, const char *text, size_t most_bytes);

/* A JSON string with its quotes: what is not UTF-8 becomes U+FFFD. */
void sink_json_string(const struct sink *out, const char *text);

/* The inside of a JSON string. */
void sink_json_escape(const struct sink *out, const char *text, size_t len);

#endif
