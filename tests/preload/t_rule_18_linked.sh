#!/bin/bash
# Rules 5 and 18: a program linked with -lcuda calls exported names.  The _v2 ones are handled, the old 32-bit ones and the
# export tables reach the driver untouched.
set -eu
cat >"$TMP/linked.c" <<'END'
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
int cuInit(unsigned), cuCtxCreate_v2(void **, unsigned, int), cuMemAlloc_v2(unsigned long long *, size_t);
int cuMemcpyHtoD_v2(unsigned long long, const void *, size_t), cuMemcpyDtoH_v2(void *, unsigned long long, size_t);
int cuMemcpyHtoD(unsigned, const void *, unsigned), cuGetExportTable(const void **, const void *);
int main(void)
{
    void *context, *block = malloc(1 << 20), *back = malloc(1 << 20);
    const void *table = NULL;
    unsigned long long device;
    memset(block, 7, 1 << 20);
    int rc = cuInit(0) | cuCtxCreate_v2(&context, 0, 0) | cuMemAlloc_v2(&device, 1 << 20);
    for (int i = 0; i < 3; i++)
        rc |= cuMemcpyHtoD_v2(device, block, 1 << 20) | cuMemcpyDtoH_v2(back, device, 1 << 20);
    printf("%d %d %d %d\n", rc, memcmp(block, back, 1 << 20), cuMemcpyHtoD(0, block, 4), cuGetExportTable(&table, "id"));
    return 0;
}
END
${CC:-cc} -o "$TMP/linked" "$TMP/linked.c" -L"$BUILD/sim" -lcuda
export LD_LIBRARY_PATH=$BUILD/sim SIMCUDA_STRICT=1
plain=$(SIMCUDA_STATE=$TMP/plain "$TMP/linked")
pinned=$(SIMCUDA_STATE=$TMP/pinned AUTOPIN_PROMOTE=always AUTOPIN_PIN_WAIT=yes AUTOPIN_REPORT=off LD_PRELOAD=$LIB "$TMP/linked")
echo "unpinned: $plain; autopin: $pinned"
[ "$plain" = "$pinned" ]
[ "$("$BUILD/sim/simstat" "$TMP/plain" register_calls)" -eq 0 ]
[ "$("$BUILD/sim/simstat" "$TMP/pinned" register_calls)" -eq 2 ]
[ "$("$BUILD/sim/simstat" "$TMP/pinned" call_cuMemcpyHtoD)" -eq 1 ]
[ "$("$BUILD/sim/simstat" "$TMP/pinned" call_cuGetExportTable)" -eq 1 ]
