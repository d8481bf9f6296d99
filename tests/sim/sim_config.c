/* Owns the reading of the environment: rates, devices, strictness, device attributes.
 *
 * Takes no lock: read once, in the constructor. */
#define _GNU_SOURCE
#include "sim.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
    MAX_ATTRIBUTES = 16
};
static struct {
    int attribute, value;
} attributes[MAX_ATTRIBUTES];
static int attribute_count;

static double number(const char *name, double standard)
{
    const char *text = getenv(name);
    if (!text || !*text)
        return standard;
    char *end;
    errno = 0;
    double v = strtod(text, &end);
    if (errno || *end || !(v >= 0)) {
        sim_say("%s=%s is not a number >= 0; using %g", name, text, standard);
        return standard;
    }
    return v;
}

static void load_attributes(void)
{
    const char *at = getenv("SIMCUDA_ATTR");
    while (at && *at && attribute_count < MAX_ATTRIBUTES) {
        char *end;
        long attribute = strtol(at, &end, 10);
        if (end == at || *end != '=') {
            sim_say("SIMCUDA_ATTR: expected ATTRIBUTE=VALUE at \"%s\"", at);
            return;
        }
        at = end + 1;
        long value = strtol(at, &end, 10);
        if (end == at || (*end && *end != ',')) {
            sim_say("SIMCUDA_ATTR: expected ATTRIBUTE=VALUE at \"%s\"", at);
            return;
        }
        attributes[attribute_count].attribute = (int)attribute;
        attributes[attribute_count++].value = (int)value;
        at = *end ? end + 1 : end;
    }
}

bool sim_config_attribute(int attribute, int *value)
{
    for (int i = 0; i < attribute_count; i++) {
        if (attributes[i].attribute == attribute) {
            *value = attributes[i].value;
            return true;
        }
    }
    return false;
}

void sim_config_load(struct sim_config *c)
{
    c->pageable_bytes_per_ns = number("SIMCUDA_PAGEABLE_GBPS", 0); /* 1 GB/s = 1 byte per ns */
    c->pinned_bytes_per_ns = number("SIMCUDA_PINNED_GBPS", 0);
    c->latency_ns = (uint64_t)(number("SIMCUDA_LATENCY_US", 0) * 1e3);
    c->register_ns_per_byte = number("SIMCUDA_REGISTER_US_PER_MIB", 0) * 1e3 / (1 << 20);
    c->move_data = number("SIMCUDA_DATA", 1) != 0;
    c->strict = number("SIMCUDA_STRICT", 0) != 0;
    double devices = number("SIMCUDA_DEVICES", 1);
    c->devices = devices > SIM_MAX_DEVICES ? SIM_MAX_DEVICES : (int)devices;
    load_attributes();
}
