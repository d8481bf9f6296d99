/* Rule 32 for staged copies: slots count under max_pinned and max_regions at every instant; where there is no room for
 * one, copies go as they are; slots that nobody uses are given back; and the report tells the level.
 *
 * Arguments: the most bytes and regions that may be registered; "plain" where none fits, "idle" where slots go. */
#define _GNU_SOURCE
#include "sim_client_staged.h"

enum {
    BYTES = 8 * MIB,
    COPIES = 24
};

static int work(uint64_t most_bytes, uint64_t most_regions, int plain)
{
    begin_client(100);
    const CUdeviceptr device = device_memory(BYTES);
    CUstream stream = new_stream();
    char *blocks[4], *foreign = mapped(BYTES);
    for (int i = 0; i < 4; i++)
        blocks[i] = malloc(MIB);
    for (int i = 0; i < COPIES; i++) {
        fill(foreign, BYTES, i);
        OK(cu.cuMemcpyHtoDAsync_v2(device, foreign, BYTES, stream));
        memset(foreign, 0, BYTES);
        OK(cu.cuMemcpyDtoHAsync_v2(foreign, device, BYTES, stream));
        HOLDS(foreign, BYTES, i);
        OK(cu.cuMemcpyHtoD_v2(device, blocks[i % 4], MIB)); /* blocks want to be pinned as well */
    }
    OK(cu.cuStreamSynchronize(stream));
    CHECK(sim->registered_bytes_peak <= most_bytes);
    CHECK(sim->regions_peak <= most_regions);
    if (plain)
        SAME(sim->register_calls, 0);
    else
        CHECK(chunks() > 0); /* until blocks took the room of the slots */
    SAME(sim->violations, 0);
    return 0;
}

/* Everything goes, and comes again when it is needed. */
static int idle(void)
{
    begin_client(100);
    const CUdeviceptr device = device_memory(BYTES);
    char *foreign = mapped(BYTES);
    for (int i = 0; i < 3; i++) {
        fill(foreign, BYTES, i);
        CHECK(goes_staged(0, foreign, device, BYTES, NULL));
        DEVICE_HOLDS(device, BYTES, i);
        CHECK(sim->register_calls > 0); /* they may be gone by now */
        while (sim->registered_regions)
            nap_ms(5);
    }
    SAME(sim->register_calls, sim->unregister_calls);
    SAME(sim->violations, 0);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "idle") == 0)
        return idle();
    if (argc > 3)
        return work(strtoull(argv[1], NULL, 10) * MIB, strtoull(argv[2], NULL, 10), strcmp(argv[3], "plain") == 0);
    CHECK(strcmp(argv[1], "report") == 0);
    const char *json = report_of_self("idle");
    CHECK(strstr(json, "\"staging_bytes_peak\": ") && !strstr(json, "\"staging_bytes_peak\": 0"));
    return 0;
}
