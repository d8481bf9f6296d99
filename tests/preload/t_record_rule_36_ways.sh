#!/bin/bash
# rules 36 and 28: which ends leave a record, and whose it is.  Those that autopin sees coming leave none; a crash, and an
# end or exec by a plain system call, do.  Forked children have their own, however they were made, or none where they can
# have no memory; vfork() and spawned ones leave their parent's alone.
# timeout 120
set -u
XDG_RUNTIME_DIR=$(mktemp -d -p /dev/shm) || { echo 'there is no /dev/shm' && exit 77; }
export XDG_RUNTIME_DIR
trap 'rm -rf "$XDG_RUNTIME_DIR"' EXIT
failed=0
for way in normal _exit abort segv raw-exit exec raw-exec fork clone poor borrow many threads; do
    /usr/bin/python3 tests/preload/record_check.py $way || { echo "$way" && failed=1; }
    rm -f "$XDG_RUNTIME_DIR"/autopin/*
done
AUTOPIN_RECORD=no /usr/bin/python3 tests/preload/record_check.py normal || failed=1
[ ! -e "$XDG_RUNTIME_DIR/autopin" ] || rmdir "$XDG_RUNTIME_DIR/autopin"
AUTOPIN_RECORD=no LD_PRELOAD=$LIB "$BUILD/tests/t_record_work" segv "$TMP/counts" 2>/dev/null
[ ! -e "$XDG_RUNTIME_DIR/autopin" ] || { echo 'a record that was not wanted' && failed=1; }
exit $failed
