/* For tests of staged copies: every shape of entry point that can be staged, and what the simulated driver has counted.
 * A chunk of a staged copy is an asynchronous copy of pinned memory there; nothing else in these tests is. */
#ifndef SIM_CLIENT_STAGED_H
#define SIM_CLIENT_STAGED_H

#include "sim_client.h"

enum {
    SLOT = 2 * MIB,
    SHAPES = 16
};

/* By the bits of its number: 1 to the host, 2 asynchronous, 4 any direction, 8 the per-thread default stream's. */
static UNUSED int to_host(int shape)
{
    return shape & 1;
}
static UNUSED int is_async(int shape)
{
    return shape & 2;
}

static UNUSED CUresult copy_sync(int shape, char *host, CUdeviceptr device, size_t bytes)
{
    const CUdeviceptr at = (CUdeviceptr)(uintptr_t)host;
    switch (shape) {
    case 0:
        return cu.cuMemcpyHtoD_v2(device, host, bytes);
    case 1:
        return cu.cuMemcpyDtoH_v2(host, device, bytes);
    case 4:
        return cu.cuMemcpy(device, at, bytes);
    case 5:
        return cu.cuMemcpy(at, device, bytes);
    case 8:
        return cu.cuMemcpyHtoD_v2_ptds(device, host, bytes);
    case 9:
        return cu.cuMemcpyDtoH_v2_ptds(host, device, bytes);
    case 12:
        return cu.cuMemcpy_ptds(device, at, bytes);
    default:
        return cu.cuMemcpy_ptds(at, device, bytes);
    }
}

static UNUSED CUresult copy_async(int shape, char *host, CUdeviceptr device, size_t bytes, CUstream stream)
{
    const CUdeviceptr at = (CUdeviceptr)(uintptr_t)host;
    switch (shape & ~2) {
    case 0:
        return cu.cuMemcpyHtoDAsync_v2(device, host, bytes, stream);
    case 1:
        return cu.cuMemcpyDtoHAsync_v2(host, device, bytes, stream);
    case 4:
        return cu.cuMemcpyAsync(device, at, bytes, stream);
    case 5:
        return cu.cuMemcpyAsync(at, device, bytes, stream);
    case 8:
        return cu.cuMemcpyHtoDAsync_v2_ptsz(device, host, bytes, stream);
    case 9:
        return cu.cuMemcpyDtoHAsync_v2_ptsz(host, device, bytes, stream);
    case 12:
        return cu.cuMemcpyAsync_ptsz(device, at, bytes, stream);
    default:
        return cu.cuMemcpyAsync_ptsz(at, device, bytes, stream);
    }
}

static UNUSED CUresult copy_shape(int shape, char *host, CUdeviceptr device, size_t bytes, CUstream stream)
{
    return is_async(shape) ? copy_async(shape, host, device, bytes, stream) : copy_sync(shape, host, device, bytes);
}

static UNUSED uint64_t chunks_of(enum sim_dir dir)
{
    return sim->copies[dir][1][1];
}
static UNUSED uint64_t chunks(void)
{
    return chunks_of(SIM_H2D) + chunks_of(SIM_D2H);
}
static UNUSED uint64_t plain_copies(void)
{
    return sim->copies[SIM_H2D][0][0] + sim->copies[SIM_H2D][0][1] + sim->copies[SIM_D2H][0][0] +
           sim->copies[SIM_D2H][0][1];
}

/* Copies the whole, and says whether all of it was staged. */
static UNUSED int goes_staged(int shape, char *host, CUdeviceptr device, size_t bytes, CUstream stream)
{
    const uint64_t staged = chunks(), plain = plain_copies();
    OK(copy_shape(shape, host, device, bytes, stream));
    return chunks() > staged && plain_copies() == plain;
}

static UNUSED char *mapped(size_t bytes)
{
    char *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(at != MAP_FAILED);
    return at;
}

static UNUSED char *mapped_file(size_t bytes, int flags)
{
    const int fd = memfd_create("staged", MFD_CLOEXEC);
    CHECK(fd >= 0);
    SAME(ftruncate(fd, (off_t)bytes), 0);
    char *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, flags, fd, 0);
    CHECK(at != MAP_FAILED);
    close(fd);
    return at;
}

/* A figure of the report: "WAY":{"copies":N of the direction. */
static UNUSED unsigned long reported(const char *json, const char *direction, const char *way)
{
    char wanted[64];
    const char *at = strstr(json, direction);
    CHECK(at);
    snprintf(wanted, sizeof wanted, "\"%s\": {\"copies\": ", way);
    at = strstr(at, wanted);
    CHECK(at);
    return strtoul(at + strlen(wanted), NULL, 10);
}

#endif
