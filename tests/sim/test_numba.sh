#!/bin/sh
# Runs Debian's numba, a program nobody here wrote, on the simulated driver: copies both ways, a stream, pinned memory.
# usage: test_numba.sh [LIBCUDA]     exit 77: python3-numba is not installed.  Takes no lock.
set -eu
driver=$(realpath "${1:-build/sim/libcuda.so.1}")
python=/usr/bin/python3
"$python" -c 'import numba' 2>/dev/null || { echo "skipped: python3-numba is not installed"; exit 77; }
state=$(mktemp)
trap 'rm -f "$state"' EXIT
SIMCUDA_STATE=$state SIMCUDA_STRICT=1 NUMBA_CUDA_DRIVER=$driver "$python" - <<'PY'
import numpy as np
from numba import cuda

a = np.arange(1 << 20, dtype=np.float32)
d = cuda.to_device(a)
assert (d.copy_to_host() == a).all()

stream = cuda.stream()
p = cuda.pinned_array(1 << 20, dtype=np.float32)
p[:] = a * 2
e = cuda.to_device(p, stream=stream)
q = cuda.pinned_array(1 << 20, dtype=np.float32)
e.copy_to_host(q, stream=stream)
stream.synchronize()
cuda.synchronize()
assert (q == p).all()

b = a.copy()
with cuda.pinned(b):
    f = cuda.to_device(b, stream=stream)
    stream.synchronize()
assert (f.copy_to_host() == b).all()
event = cuda.event()
event.record(stream)
event.synchronize()
print("numba: copies, stream, pinned memory: ok")
PY
simstat=$(dirname "$driver")/simstat
[ -x "$simstat" ] || exit 0
[ "$("$simstat" "$state" violations)" = 0 ]
[ "$("$simstat" "$state" copies_h2d_pinned_async)" -ge 2 ]
