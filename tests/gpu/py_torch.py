"""PyTorch: pageable tensors go to the GPU and back; pin_memory() of a hot tensor must be a new, pinned copy."""
import sys

try:
    import torch
except ImportError:
    print("PyTorch is not installed")
    sys.exit(77)
if not torch.cuda.is_available():
    print("PyTorch sees no GPU")
    sys.exit(77)

wrong = 0
count = 16 << 20
source = torch.arange(count, dtype=torch.float32)
for i in range(30):
    source += 1
    on_device = source.to("cuda", non_blocking=bool(i & 1))
    back = (on_device * 2).to("cpu")
    wrong += not torch.equal(back, source * 2)
# A pageable source may be overwritten as soon as the call has returned, even a non-blocking one.
for i in range(10):
    expected = source.clone()
    on_device = source.to("cuda", non_blocking=True)
    source.fill_(-1.0)
    wrong += not torch.equal(on_device.cpu(), expected)
    source.copy_(expected)
print("pinned before:", source.is_pinned())
pinned = source.pin_memory()
print("pin_memory() copies:", pinned.data_ptr() != source.data_ptr(), "pinned:", pinned.is_pinned())
print("wrong:", wrong)
sys.exit(wrong != 0)
