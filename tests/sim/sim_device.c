/* Owns what the simulated device says of itself.  No lock: it never changes. */
#define _GNU_SOURCE
#include "sim.h"

#include <stdio.h>
#include <string.h>

enum {
    LAST_ATTRIBUTE = 140,
    MAJOR = 9,
    MINOR = 0
};

bool sim_device_known(CUdevice d)
{
    return d >= 0 && d < sim.config.devices;
}

CUresult cuDriverGetVersion(int *out)
{
    ENTER(cuDriverGetVersion, EN_TRIVIAL);
    if (!out)
        return CUDA_ERROR_INVALID_VALUE;
    *out = SIM_DRIVER_VERSION;
    return CUDA_SUCCESS;
}

CUresult cuDeviceGetCount(int *out)
{
    ENTER(cuDeviceGetCount, EN_NOCTX);
    if (!out)
        return CUDA_ERROR_INVALID_VALUE;
    *out = sim.config.devices;
    return CUDA_SUCCESS;
}

CUresult cuDeviceGet(CUdevice *out, int ordinal)
{
    ENTER(cuDeviceGet, EN_NOCTX);
    if (!out)
        return CUDA_ERROR_INVALID_VALUE;
    if (!sim_device_known(ordinal))
        return SIM_ERROR_INVALID_DEVICE;
    *out = ordinal;
    return CUDA_SUCCESS;
}

CUresult cuDeviceGetName(char *name, int bytes, CUdevice d)
{
    ENTER(cuDeviceGetName, EN_NOCTX);
    if (!name || bytes <= 0)
        return CUDA_ERROR_INVALID_VALUE;
    if (!sim_device_known(d))
        return SIM_ERROR_INVALID_DEVICE;
    snprintf(name, (size_t)bytes, "simulated device %d (no GPU)", d);
    return CUDA_SUCCESS;
}

CUresult cuDeviceTotalMem_v2(size_t *out, CUdevice d)
{
    ENTER(cuDeviceTotalMem_v2, EN_NOCTX);
    if (!out)
        return CUDA_ERROR_INVALID_VALUE;
    *out = SIM_DEVICE_MEM_BYTES;
    return sim_device_known(d) ? CUDA_SUCCESS : SIM_ERROR_INVALID_DEVICE;
}

static CUresult uuid(unsigned char *out, CUdevice d)
{
    if (!out)
        return CUDA_ERROR_INVALID_VALUE;
    static const char id[16] = {'s', 'i', 'm', 'u', 'l', 'a', 't', 'e', 'd', '-', 'g', 'p', 'u', '-', '0', '0'};
    memcpy(out, id, sizeof id);
    out[15] = (unsigned char)('0' + d);
    return sim_device_known(d) ? CUDA_SUCCESS : SIM_ERROR_INVALID_DEVICE;
}

CUresult cuDeviceGetUuid(unsigned char *out, CUdevice d)
{
    ENTER(cuDeviceGetUuid, EN_NOCTX);
    return uuid(out, d);
}

CUresult cuDeviceGetUuid_v2(unsigned char *out, CUdevice d)
{
    ENTER(cuDeviceGetUuid_v2, EN_NOCTX);
    return uuid(out, d);
}

CUresult cuDeviceGetPCIBusId(char *out, int bytes, CUdevice d)
{
    ENTER(cuDeviceGetPCIBusId, EN_NOCTX);
    if (!out || bytes < 13)
        return CUDA_ERROR_INVALID_VALUE;
    snprintf(out, (size_t)bytes, "0000:%02x:00.0", d + 1);
    return sim_device_known(d) ? CUDA_SUCCESS : SIM_ERROR_INVALID_DEVICE;
}

CUresult cuDeviceComputeCapability(int *major, int *minor, CUdevice d)
{
    ENTER(cuDeviceComputeCapability, EN_NOCTX);
    if (!major || !minor)
        return CUDA_ERROR_INVALID_VALUE;
    *major = MAJOR;
    *minor = MINOR;
    return sim_device_known(d) ? CUDA_SUCCESS : SIM_ERROR_INVALID_DEVICE;
}

/* Attributes a program is likely to divide by or decide on; the others are 0. */
static int attribute_value(int attribute, CUdevice d)
{
    static const struct {
        short attribute;
        int value;
    } values[] = {
        {1, 1024},  {2, 1024},      {3, 1024},  {4, 64},          {5, 2147483647}, {6, 65535},    {7, 65535},
        {8, 49152}, {9, 65536},     {10, 32},   {11, 2147483647}, {12, 65536},     {13, 1980000}, {14, 512},
        {15, 1},    {16, 132},      {19, 1},    {20, 0},          {31, 1},         {34, 0},       {36, 2619000},
        {37, 5120}, {38, 52428800}, {39, 2048}, {40, 3},          {41, 1},         {75, MAJOR},   {76, MINOR},
        {78, 1},    {83, 1},        {89, 1},    {99, 1},          {113, 1},
    };
    if (attribute == 33) /* PCI bus */
        return d + 1;
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        if (values[i].attribute == attribute)
            return values[i].value;
    return 0;
}

CUresult cuDeviceGetAttribute(int *out, CUdevice_attribute attribute, CUdevice d)
{
    ENTER(cuDeviceGetAttribute, EN_NOCTX);
    if (!out || attribute < 1 || attribute > LAST_ATTRIBUTE)
        return CUDA_ERROR_INVALID_VALUE;
    if (!sim_device_known(d))
        return SIM_ERROR_INVALID_DEVICE;
    if (!sim_config_attribute(attribute, out))
        *out = attribute_value(attribute, d);
    return CUDA_SUCCESS;
}

CUresult cuDeviceCanAccessPeer(int *out, CUdevice d, CUdevice peer)
{
    ENTER(cuDeviceCanAccessPeer, EN_NOCTX);
    if (!out)
        return CUDA_ERROR_INVALID_VALUE;
    *out = d != peer;
    return sim_device_known(d) && sim_device_known(peer) ? CUDA_SUCCESS : SIM_ERROR_INVALID_DEVICE;
}
