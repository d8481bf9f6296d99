/* Rule 38 for staged copies: where the driver's own way is faster, staging is given up; where it is slower, it is used;
 * and each is tried again now and then.  Counts of modelled copies, not times.
 *
 * Argument: the way that the most have to go. */
#define _GNU_SOURCE
#include "sim_client_staged.h"

enum {
    BYTES = 8 * MIB,
    COPIES = 60
};

int main(int argc, char **argv)
{
    int staged[2] = {0, 0};
    begin_client(100);
    CHECK(argc > 1);
    const int wanted = strcmp(argv[1], "staged") == 0;
    const CUdeviceptr device = device_memory(BYTES);
    char *host = mapped(BYTES);
    memset(host, 1, BYTES);
    for (int i = 0; i < COPIES; i++)
        for (int dir = 0; dir < 2; dir++)
            staged[dir] += goes_staged(dir, host, device, BYTES, NULL);
    printf("staged: %d to the device, %d to the host, of %d\n", staged[0], staged[1], COPIES);
    for (int dir = 0; dir < 2; dir++) {
        CHECK((wanted ? staged[dir] : COPIES - staged[dir]) >= COPIES * 2 / 3);
        CHECK(staged[dir] >= 3 && staged[dir] < COPIES); /* either has been measured */
    }
    return 0;
}
