#!/bin/bash
# A request for more memory than the machine could ever give is answered as it would be without autopin (rule 35).
set -u
overcommit=$(cat /proc/sys/vm/overcommit_memory)
[ "$overcommit" -ne 1 ] || { echo 'vm.overcommit_memory is 1: the kernel refuses nothing' && exit 77; }
ask=$BUILD/tests/t_arena_overcommit
failed=0
plain=$("$ask") || exit 1
grep -q '^malloc: NULL, errno 12$' <<<"$plain" || { echo "without autopin it is given: $plain" && exit 1; }
for setting in AUTOPIN_REPORT=off AUTOPIN_BACKEND=none AUTOPIN_PROMOTE=always; do
    said=$(env AUTOPIN_REPORT=off "$setting" LD_PRELOAD="$LIB" "$ask") || failed=1
    [ "$said" = "$plain" ] || { diff <(echo "$plain") <(echo "$said"); failed=1; }
done
exit $failed
