#!/bin/bash
# preload/cuda_min.h against the toolkit's own cuda.h: every constant, type and field, by value, size and offset.
#
# Two programs print the same facts, one from each header; they must print the same.  The names of constants and types
# are read out of cuda_min.h itself, and a struct of it without rows here is a failure, so nothing escapes.
# Needs cuda.h of 12.8 or later, under $CUDA_HOME/include or /usr/local/cuda/include; skipped without.
set -u
TMP=${TMP:-$(mktemp -d)}
min=preload/cuda_min.h

for folder in "${CUDA_HOME:-}" /usr/local/cuda; do
    [ -n "$folder" ] && [ -f "$folder/include/cuda.h" ] && include=$folder/include && break
done
[ -n "${include:-}" ] || { echo "no cuda.h here" && exit 77; }
version=$(sed -n 's/^#define CUDA_VERSION \([0-9]*\)$/\1/p' "$include/cuda.h")
[ "${version:-0}" -ge 12080 ] || { echo "cuda.h ${version:-of an unknown version} is older than 12080" && exit 77; }

# struct in cuda_min.h, type in cuda.h, then the fields: ours=theirs, or one name for both.
structs='
cu_memcpy2d CUDA_MEMCPY2D src_x=srcXInBytes src_y=srcY src_type=srcMemoryType src_host=srcHost src_device=srcDevice src_array=srcArray src_pitch=srcPitch dst_x=dstXInBytes dst_y=dstY dst_type=dstMemoryType dst_host=dstHost dst_device=dstDevice dst_array=dstArray dst_pitch=dstPitch width=WidthInBytes height=Height
cu_memcpy3d CUDA_MEMCPY3D src_x=srcXInBytes src_y=srcY src_z=srcZ src_lod=srcLOD src_type=srcMemoryType src_host=srcHost src_device=srcDevice src_array=srcArray src_context=reserved0 src_pitch=srcPitch src_height=srcHeight dst_x=dstXInBytes dst_y=dstY dst_z=dstZ dst_lod=dstLOD dst_type=dstMemoryType dst_host=dstHost dst_device=dstDevice dst_array=dstArray dst_context=reserved1 dst_pitch=dstPitch dst_height=dstHeight width=WidthInBytes height=Height depth=Depth
cu_memcpy3d CUDA_MEMCPY3D_PEER src_x=srcXInBytes src_y=srcY src_z=srcZ src_lod=srcLOD src_type=srcMemoryType src_host=srcHost src_device=srcDevice src_array=srcArray src_context=srcContext src_pitch=srcPitch src_height=srcHeight dst_x=dstXInBytes dst_y=dstY dst_z=dstZ dst_lod=dstLOD dst_type=dstMemoryType dst_host=dstHost dst_device=dstDevice dst_array=dstArray dst_context=dstContext dst_pitch=dstPitch dst_height=dstHeight width=WidthInBytes height=Height depth=Depth
cu_mem_location CUmemLocation type id
cu_memcpy_attributes CUmemcpyAttributes src_access_order=srcAccessOrder src_hint=srcLocHint dst_hint=dstLocHint flags
cu_operand3d CUmemcpy3DOperand type op.ptr.ptr op.ptr.row_length=op.ptr.rowLength op.ptr.layer_height=op.ptr.layerHeight op.ptr.hint=op.ptr.locHint op.array.array op.array.x=op.array.offset.x op.array.y=op.array.offset.y op.array.z=op.array.offset.z
cu_batch_op3d CUDA_MEMCPY3D_BATCH_OP src dst width=extent.width height=extent.height depth=extent.depth src_access_order=srcAccessOrder flags
cu_graph_node_params CUgraphNodeParams type reserved0 u.reserved1=reserved1 u.memcpy.flags=memcpy.flags u.memcpy.reserved=memcpy.reserved u.memcpy.ctx=memcpy.copyCtx u.memcpy.copy=memcpy.copyParams reserved2
'

constants=$(sed -nE 's/^    (CU[A-Z0-9_]*) = .*/\1/p; s/^#define (CU_[A-Z0-9_]*) .*/\1/p' $min)
types=$(sed -nE 's/^typedef .*[ *]([A-Za-z0-9_]+);$/\1/p' $min)
status=0
while read -r name; do
    grep -q "^$name " <<<"$structs" || { echo "$name has no rows in this test" && status=1; }
done < <(sed -nE 's/^struct ([a-z0-9_]+) \{$/\1/p' $min)
if [ "$(wc -w <<<"$constants")" -lt 30 ] || [ "$(wc -w <<<"$types")" -lt 10 ]; then
    echo "$min was not understood"
    exit 1
fi

# facts HEADER SIDE: prints a program; SIDE 1 is ours, 2 theirs
facts() {
    local name ours theirs field type fields
    printf '#include <stddef.h>\n#include <stdint.h>\n#include <stdio.h>\n#include "%s"\nint main(void)\n{\n' "$1"
    for name in $constants; do printf 'printf("%s = %%lld\\n", (long long)%s);\n' "$name" "$name"; done
    for name in $types; do printf 'printf("%s: %%zu bytes\\n", sizeof(%s));\n' "$name" "$name"; done
    while read -r ours theirs fields; do
        [ -n "$ours" ] || continue
        if [ "$2" -eq 1 ]; then type="struct $ours"; else type=$theirs; fi
        printf 'printf("%s: %%zu bytes\\n", sizeof(%s));\n' "$theirs" "$type"
        for field in $fields; do
            if [ "$2" -eq 1 ]; then name=${field%%=*}; else name=${field#*=}; fi
            printf '{ %s *at = NULL; printf("%s.%s: at %%zu, %%zu bytes\\n", offsetof(%s, %s), sizeof at->%s); }\n' \
                "$type" "$theirs" "${field#*=}" "$type" "$name" "$name"
        done
    done <<<"$structs"
    printf 'return 0;\n}\n'
}

facts "$PWD/$min" 1 >"$TMP/ours.c"
facts "$include/cuda.h" 2 >"$TMP/theirs.c"
for side in ours theirs; do
    ${CC:-gcc} -w -o "$TMP/$side" "$TMP/$side.c" || exit 1
    "$TMP/$side" >"$TMP/$side.txt" || exit 1
done
if ! diff "$TMP/ours.txt" "$TMP/theirs.txt"; then
    echo "left: $min, right: cuda.h $version"
    status=1
fi
[ "$status" -ne 0 ] || echo "$(wc -l <"$TMP/ours.txt") facts agree with cuda.h $version"
exit "$status"
