#!/bin/bash
# dlopen keeps its caller's RUNPATH; RTLD_DEEPBIND is cleared with one warning, so that the library's free is autopin's.
set -u
fail() { echo "$1" && exit 1; }
mkdir -p "$TMP/deep"
cp "$BUILD/tests/plugin_loader_outer.so" "$TMP/"
cp "$BUILD/tests/plugin_loader_inner.so" "$TMP/deep/libloader_inner.so"
open=$BUILD/tests/t_loader_open

plain=$("$open" "$TMP/plugin_loader_outer.so" 2>&1) || fail "without autopin: $plain"
said=$(AUTOPIN_REPORT=off LD_PRELOAD=$LIB "$open" "$TMP/plugin_loader_outer.so" 2>&1) || fail "with autopin: $said"
[ "$said" = "$plain" ] || fail "'$said' instead of '$plain'"

said=$(AUTOPIN_REPORT=off LD_PRELOAD=$LIB "$open" "$TMP/plugin_loader_outer.so" deep 2>&1) || fail "RTLD_DEEPBIND: $said"
warnings=$(grep -c 'RTLD_DEEPBIND' <<<"$said")
[ "$warnings" -eq 1 ] || fail "$warnings warnings about RTLD_DEEPBIND instead of 1: $said"
grep -q "^autopin: dlopen($TMP/plugin_loader_outer.so): RTLD_DEEPBIND" <<<"$said" || fail "the warning names no file: $said"
