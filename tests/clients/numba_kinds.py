"""Numba's other ways of copying: data types, shapes and orders of arrays, streams, pinned and mapped arrays, and arrays
that the program pins for a while itself.  Prints a checksum for each; works with the simulated driver.

usage: numba_kinds.py [ROUNDS]"""
import sys
import warnings
import zlib

import numpy as np
from numba import cuda

TYPES = ["b1", "i1", "u2", "i4", "i8", "f2", "f4", "f8", "c8", "c16", "M8[s]", np.dtype([("a", "i4"), ("b", "f8", 3)], align=True)]
BYTES = 3 << 20


def made(dtype, seed, bytes_=BYTES):
    array = (np.arange(bytes_ // 8, dtype=np.uint64) * np.uint64(2654435761 + seed)).view(np.uint8)
    dtype = np.dtype(dtype)
    if dtype.kind == "b":
        array &= 1
    return array[:array.size // dtype.itemsize * dtype.itemsize].view(dtype)


def crc(array):
    return zlib.crc32(np.ascontiguousarray(array).view(np.uint8))


def same(what, array, expected):
    assert array.dtype == expected.dtype and array.shape == expected.shape, what
    assert array.tobytes() == expected.tobytes(), what
    return crc(array)


def types(i):
    for dtype in TYPES:
        host = made(dtype, i)
        device = cuda.to_device(host)
        back = np.empty_like(host)
        device.copy_to_host(back)
        yield dtype, same(dtype, back, host)
        device.copy_to_device(made(dtype, i + 1))
        yield dtype, same(dtype, device.copy_to_host(), made(dtype, i + 1))


def shapes(i):
    square = made("f4", i)[:768 * 1024].reshape(768, 1024)
    for name, host in (("C", square), ("F", np.asfortranarray(square)), ("rows", square[100:700]), ("3D", square.reshape(12, 64, 1024))):
        device = cuda.to_device(host)
        yield name, same(name, device.copy_to_host(), host)
        part = device[3:5] if name != "F" else device[:, 3:5]
        yield name + " part", same(name, part.copy_to_host(), host[3:5] if name != "F" else host[:, 3:5])
    on_device = cuda.device_array_like(square)
    on_device.copy_to_device(cuda.to_device(square))
    yield "device to device", same("device", on_device.copy_to_host(), square)


def streams(i):
    """Asynchronous, from memory that the program lets go of at once, and in two streams."""
    two = cuda.stream(), cuda.stream()
    devices = [cuda.to_device(made("i8", i * 10 + k), stream=two[k % 2]) for k in range(6)]
    backs = [np.empty_like(made("i8", 0)) for _ in devices]
    for k, device in enumerate(devices):
        device.copy_to_host(backs[k], stream=two[k % 2])
    for stream in two:
        stream.synchronize()
    for k, back in enumerate(backs):
        yield f"stream {k}", same("stream", back, made("i8", i * 10 + k))
    small = cuda.to_device(made("u2", i, 4096), stream=two[0])
    yield "small", same("small", small.copy_to_host(stream=two[0]), made("u2", i, 4096))


def pinned(i):
    source, stream = made("f8", i), cuda.stream()
    for name, array in (("pinned", cuda.pinned_array(source.shape, source.dtype)), ("mapped", cuda.mapped_array(source.shape, source.dtype))):
        array[:] = source
        if name == "pinned":
            device = cuda.to_device(array, stream=stream)
            array = cuda.pinned_array(source.shape, source.dtype)
            device.copy_to_host(array, stream=stream)
            stream.synchronize()
        yield name, same(name, np.asarray(array).copy(), source)
    mine = source.copy()
    cuda.to_device(mine).copy_to_host(mine)  # autopin may have pinned it by now
    with cuda.pinned(mine):
        device = cuda.to_device(mine, stream=stream)
        mine += 1
        device.copy_to_device(mine, stream=stream)
        stream.synchronize()
    yield "pinned for a while", same("pinned for a while", device.copy_to_host(), source + 1)
    event = cuda.event()
    event.record(stream)
    event.synchronize()


def main():
    warnings.simplefilter("ignore")
    for i in range(int(sys.argv[1]) if len(sys.argv) > 1 else 4):
        for kind in (types, shapes, streams, pinned):
            sums = [f"{name}:{value:08x}" for name, value in kind(i)]
            print(i, kind.__name__, len(sums), f"{zlib.crc32(' '.join(sums).encode()):08x}")


main()
