"""JAX: NumPy arrays go to the GPU and back."""
import sys

try:
    import jax
    import numpy
except ImportError:
    print("JAX is not installed")
    sys.exit(77)
try:
    device = jax.devices("gpu")[0]
except RuntimeError:
    print("JAX sees no GPU")
    sys.exit(77)

wrong = 0
source = numpy.arange(8 << 20, dtype=numpy.float32)
for i in range(30):
    source = source + 1
    on_device = jax.device_put(source, device)
    on_device.block_until_ready()
    wrong += not numpy.array_equal(numpy.asarray(on_device), source)
print("wrong:", wrong)
sys.exit(wrong != 0)
