/* Streams that are held up: by a host function or by a kernel, either of which ends when a flag is set.  See facts.h.
 */
#define _GNU_SOURCE
#include "tests/gpu/facts.h"

#include <unistd.h>

#define LIMIT_S 0.4

static const char spin_kernel[] = ".version 6.0\n.target sm_50\n.address_size 64\n"
                                  ".visible .entry spin(.param .u64 flag)\n{\n"
                                  "    .reg .u64 %a;\n    .reg .u32 %v;\n    .reg .pred %p;\n"
                                  "    ld.param.u64 %a, [flag];\n"
                                  "again:\n    ld.volatile.global.u32 %v, [%a];\n    setp.eq.u32 %p, %v, 0;\n"
                                  "    @%p bra again;\n    ret;\n}\n";

CUstream held;
static volatile unsigned *flag; /* in pinned memory: kernels read it too */
static void *spin;

static void hold_host(void *unused)
{
    (void)unused;
    while (!*flag)
        usleep(100);
}

void hold_start(void)
{
    void *module, *allocated;
    if (held)
        return;
    must(cu.stream_create(&held, 1), "cuStreamCreate");
    must(cu.host_alloc(&allocated, 4096, CU_MEMHOSTREGISTER_PORTABLE), "cuMemHostAlloc");
    flag = allocated;
    if (cu.module_load(&module, spin_kernel) == CUDA_SUCCESS)
        must(cu.module_function(&spin, module, "spin"), "cuModuleGetFunction");
    else
        fact("kernels", "this driver loads none; streams are held up by host functions only");
}

int hold_has_kernel(void)
{
    return spin != NULL;
}

void hold(CUstream stream, int kernel)
{
    CUdeviceptr argument = (CUdeviceptr)(uintptr_t)flag;
    void *arguments[] = {&argument};
    *flag = 0;
    if (kernel)
        must(cu.launch(spin, 1, 1, 1, 1, 1, 1, 0, stream, arguments, NULL), "cuLaunchKernel");
    else
        must(cu.launch_host(stream, hold_host, NULL), "cuLaunchHostFunc");
}

void let_go(CUstream stream)
{
    *flag = 1;
    must(cu.stream_sync(stream), "cuStreamSynchronize");
}

double while_held(CUstream stream, int kernel, CUresult (*call)(void *), void *argument, CUresult *result)
{
    hold(stream, kernel);
    struct pending *pending = start_call(call, argument);
    double taken_s = wait_call(pending, LIMIT_S);
    let_go(stream);
    *result = finish_call(pending);
    return taken_s;
}
