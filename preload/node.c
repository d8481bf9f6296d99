/* Finds the GPU's node by its PCI address, in sysfs.  See node.h. */
#define _GNU_SOURCE
#include "node.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "driver.h"
#include "system.h"

typedef CUresult (*attribute_fn)(int *, CUdevice_attribute, CUdevice);
typedef CUresult (*device_fn)(CUdevice *);

enum {
    DEVICES_MOST = 64,
    NODES_MOST = 64,
    PREFERRED = 1, /* MPOL_PREFERRED of the kernel's interface */
    NO_NODE = -1
};

static int read_number(const char *path)
{
    char text[32];
    size_t len;
    if (system_read_file(path, text, sizeof text - 1, &len))
        return NO_NODE;
    text[len] = 0;
    return (int)strtol(text, NULL, 10);
}

static int node_of_device(CUdevice device)
{
    int domain = 0, bus = 0, slot = 0;
    char path[80];
    if (REAL(EP_cuDeviceGetAttribute, attribute_fn, &bus, CU_DEVICE_ATTRIBUTE_PCI_BUS_ID, device) != CUDA_SUCCESS ||
        REAL(EP_cuDeviceGetAttribute, attribute_fn, &slot, CU_DEVICE_ATTRIBUTE_PCI_DEVICE_ID, device) != CUDA_SUCCESS ||
        REAL(EP_cuDeviceGetAttribute, attribute_fn, &domain, CU_DEVICE_ATTRIBUTE_PCI_DOMAIN_ID, device) != CUDA_SUCCESS)
        return NO_NODE;
    snprintf(path, sizeof path, "/sys/bus/pci/devices/%04x:%02x:%02x.0/numa_node", (unsigned)domain & 0xffff,
             (unsigned)bus & 0xff, (unsigned)slot & 0x1f);
    return read_number(path);
}

void node_prefer(void *mem, size_t bytes)
{
    static _Atomic int known[DEVICES_MOST]; /* node + 2; 0: not asked yet */
    CUdevice device = 0;
    if (REAL(EP_cuCtxGetDevice, device_fn, &device) != CUDA_SUCCESS || device < 0 || device >= DEVICES_MOST)
        return;
    int node = atomic_load(&known[device]) - 2;
    if (node < NO_NODE) {
        node = access("/sys/devices/system/node/node1", F_OK) == 0 ? node_of_device(device) : NO_NODE;
        atomic_store(&known[device], node + 2);
    }
    if (node < 0 || node >= NODES_MOST)
        return;
    const unsigned long mask = 1ul << node;
    (void)syscall(SYS_mbind, mem, bytes, PREFERRED, &mask, NODES_MOST + 1, 0);
}
