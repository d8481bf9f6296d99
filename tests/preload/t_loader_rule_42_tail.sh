#!/bin/bash
# No call is made by a jump where autopin looks for what comes next: dlsym(RTLD_NEXT, ...) in tail position would take
# ld.so for its caller, and crash (rule 42).
set -u
object=$BUILD/obj/preload/next.c.o
command -v objdump >/dev/null || { echo "objdump is not installed" && exit 77; }
[ "$(uname -m)" = x86_64 ] || { echo "knows the jumps of x86-64 only" && exit 77; }
[ -f "$object" ] || { echo "$object is not there" && exit 77; }
status=0
objdump -dr "$object" | grep -q 'call' || { echo "objdump shows no call" && status=1; }
jumps=$(objdump -dr "$object" | grep -E '\bjmp +\*')
[ -z "$jumps" ] || { echo "$object was built with sibling calls:" && echo "$jumps" && status=1; }
jumps=$(objdump -d "$LIB" | grep -E '\bjmp +[0-9a-f]+ <dlv?sym@plt>')
[ -z "$jumps" ] || { echo "a tail call in $LIB:" && echo "$jumps" && status=1; }
exit "$status"
