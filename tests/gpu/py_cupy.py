"""CuPy: NumPy arrays go to the GPU and back."""
import sys

try:
    import cupy
    import numpy
except ImportError:
    print("CuPy is not installed")
    sys.exit(77)
try:
    cupy.cuda.runtime.getDeviceCount()
except cupy.cuda.runtime.CUDARuntimeError:
    print("CuPy sees no GPU")
    sys.exit(77)

wrong = 0
source = numpy.arange(8 << 20, dtype=numpy.float64)
output = numpy.empty_like(source)
for i in range(30):
    source += 1
    on_device = cupy.asarray(source)
    on_device.get(out=output)
    wrong += not numpy.array_equal(source, output)
    wrong += not numpy.array_equal(source, cupy.asnumpy(on_device))
print("wrong:", wrong)
sys.exit(wrong != 0)
