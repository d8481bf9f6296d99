"""Copies as Python libraries make them, timed; and a product of matrices through NVBLAS.  Exit 77: it is not here.

usage: py_bench.py torch|cupy|jax|numba|nvblas LABEL [MOST_MIB]      LABEL: plain, autopin, or nvblas_pin for NVBLAS
output: "python LIBRARY LABEL WAY BYTES FIGURE": GB/s, GFLOP/s for NVBLAS; medians"""
import ctypes
import ctypes.util
import glob
import os
import statistics
import sys
import tempfile
import time

MIB = 1 << 20


def absent(what):
    print(f"# python {sys.argv[1]}: {what}")
    sys.exit(77)


def say(way, size, seconds, amount=None):
    print("python", sys.argv[1], sys.argv[2], way, size, f"{(amount or size) / statistics.median(seconds) * 1e-9:.3f}", flush=True)


def timed(act, ready, repeats=9, warm=12):
    """Seconds of each call, `ready` called before the clock starts and before it stops."""
    taken = []
    for i in range(warm + repeats):
        ready()
        start = time.perf_counter()
        act()
        ready()
        if i >= warm:
            taken.append(time.perf_counter() - start)
    return taken


def sizes():
    most = int(sys.argv[3]) if len(sys.argv) > 3 else 256
    return [n * MIB for n in (4, 64, 256) if n <= most]


def bench_torch():
    try:
        import torch
    except ImportError:
        absent("PyTorch is not installed")
    if not torch.cuda.is_available():
        absent("PyTorch sees no GPU")
    ready = torch.cuda.synchronize
    for size in sizes():
        source = torch.ones(size // 4, dtype=torch.float32)
        device = source.cuda()
        say("cuda_reused", size, timed(source.cuda, ready))
        say("cuda_new_each_time", size, timed_new(lambda: torch.ones(size // 4, dtype=torch.float32), lambda t: t.cuda(), ready))
        say("cpu", size, timed(device.cpu, ready))
        if sys.argv[2] == "plain":
            pinned = source.pin_memory()
            say("cuda_of_pin_memory", size, timed(lambda: pinned.cuda(non_blocking=True), ready))
            say("pin_memory_and_cuda", size, timed(lambda: source.pin_memory().cuda(non_blocking=True), ready))


def timed_new(make, act, ready, repeats=9, warm=12):
    """As timed(), with something new to act on each time, whose making is not timed."""
    taken = []
    for i in range(warm + repeats):
        thing = make()
        ready()
        start = time.perf_counter()
        kept = act(thing)
        ready()
        if i >= warm:
            taken.append(time.perf_counter() - start)
        del thing, kept
    return taken


def bench_cupy():
    try:
        import cupy
        import numpy
    except ImportError:
        absent("CuPy is not installed")
    try:
        cupy.cuda.runtime.getDeviceCount()
    except cupy.cuda.runtime.CUDARuntimeError:
        absent("CuPy sees no GPU")
    ready = cupy.cuda.Device().synchronize
    for size in sizes():
        source = numpy.ones(size // 4, dtype=numpy.float32)
        device = cupy.asarray(source)
        say("set_reused", size, timed(lambda: device.set(source), ready))
        say("asarray", size, timed(lambda: cupy.asarray(source), ready))
        say("get_reused", size, timed(lambda: device.get(out=source), ready))
        if sys.argv[2] == "plain":  # its pool of pinned memory
            memory = cupy.cuda.alloc_pinned_memory(size)
            pinned = numpy.frombuffer(memory, numpy.float32, size // 4)
            say("set_of_pinned_pool", size, timed(lambda: device.set(pinned), ready))
            say("get_to_pinned_pool", size, timed(lambda: device.get(out=pinned), ready))


def bench_jax():
    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
    try:
        import jax
        import numpy
    except ImportError:
        absent("JAX is not installed")
    try:
        device = jax.devices("gpu")[0]
    except RuntimeError:
        absent("JAX sees no GPU")
    for size in sizes():
        source = numpy.ones(size // 4, dtype=numpy.float32)
        say("device_put", size, timed(lambda: jax.device_put(source, device).block_until_ready(), lambda: None))
        # An array keeps its copy on the host: a new one each time.
        say("asarray", size, timed_new(lambda: jax.device_put(source, device).block_until_ready(), numpy.asarray, lambda: None))


def bench_numba():
    try:
        import numpy
        from numba import cuda
    except ImportError:
        absent("Numba is not installed")
    if not cuda.is_available():
        absent("Numba sees no GPU")
    for size in sizes():
        source = numpy.ones(size // 4, dtype=numpy.float32)
        device = cuda.device_array(size // 4, dtype=numpy.float32)
        say("to_device", size, timed(lambda: cuda.to_device(source, to=device), cuda.synchronize))
        say("copy_to_host", size, timed(lambda: device.copy_to_host(source), cuda.synchronize))


def find(name):
    places = [f"{folder}/lib{name}.so*" for folder in ("/usr/local/cuda*/lib64", "/usr/lib/x86_64-linux-gnu", "/usr/lib64")]
    places += [f"{folder}/nvidia/*/lib/lib{name}.so*" for folder in sys.path if folder]
    for place in places:
        for path in sorted(glob.glob(place)):
            return path
    return ctypes.util.find_library(name)


def bench_nvblas():
    library, blas = find("nvblas"), find("openblas") or find("blas")
    if not library:
        absent("there is no libnvblas")
    if not blas:
        absent("libnvblas needs a BLAS for the CPU, and there is none")
    with tempfile.NamedTemporaryFile("w", suffix=".conf", delete=False) as conf:
        conf.write(f"NVBLAS_LOGFILE {os.devnull}\nNVBLAS_CPU_BLAS_LIB {blas}\nNVBLAS_GPU_LIST 0\n")
        if sys.argv[2] == "nvblas_pin":
            conf.write("NVBLAS_AUTOPIN_MEM_ENABLED\n")
    os.environ["NVBLAS_CONFIG_FILE"] = conf.name
    libc = ctypes.CDLL(None)
    libc.malloc.restype = ctypes.c_void_p
    libc.malloc.argtypes = [ctypes.c_size_t]
    try:
        for name in ("cublasLt", "cublas"):
            path = find(name)
            if path:
                ctypes.CDLL(path, ctypes.RTLD_GLOBAL)
        dgemm = ctypes.CDLL(library).dgemm_
    except (OSError, AttributeError) as error:
        absent(str(error))
    for n in (2048, 8192) if len(sys.argv) < 4 or int(sys.argv[3]) >= 256 else (1024,):
        a, b, c = (libc.malloc(8 * n * n) for _ in range(3))
        for matrix, byte in ((a, 0), (b, 0), (c, 1)):
            ctypes.memset(matrix, byte, 8 * n * n)
        side, one, zero = ctypes.c_int(n), ctypes.c_double(1), ctypes.c_double(0)
        by = ctypes.byref
        arguments = (b"N", b"N", by(side), by(side), by(side), by(one), ctypes.c_void_p(a), by(side), ctypes.c_void_p(b), by(side),
                     by(zero), ctypes.c_void_p(c), by(side))
        dgemm(*arguments)
        if ctypes.c_double.from_address(c + 8 * n * n - 8).value != 0:
            os.unlink(conf.name)
            absent("NVBLAS does not multiply here")
        say(f"dgemm_{n}", 3 * 8 * n * n, timed(lambda: dgemm(*arguments), lambda: None, 5, 5), 2 * n**3)
    os.unlink(conf.name)


if __name__ == "__main__":
    {"torch": bench_torch, "cupy": bench_cupy, "jax": bench_jax, "numba": bench_numba, "nvblas": bench_nvblas}[sys.argv[1]]()
