#!/bin/bash
# Wrong input: each wrong thing is said once, on stderr, with file, line and reason, and the program's own output and status
# stay what they are.
set -u
end=$BUILD/tests/t_life_end
conf=$TMP/pinning.conf
failed=0
wrong() { echo "$1" && failed=1; }
export AUTOPIN_REPORT=off

# expect NAME MESSAGES PATTERN [VARIABLE=VALUE...]: so many lines on stderr, one of which matches
expect() {
    local name=$1 count=$2 pattern=$3 out status lines
    shift 3
    out=$(timeout 20 env LD_PRELOAD="$LIB" "$@" "$end" exit 2>"$TMP/err")
    status=$?
    [ "$out" = "main ends" ] && [ $status -eq 3 ] || wrong "$name: output '$out', status $status"
    lines=$(grep -c '' "$TMP/err")
    [ "$lines" -eq "$count" ] || wrong "$name: $lines messages instead of $count: $(head -c 600 "$TMP/err")"
    [ -z "$pattern" ] || grep -Eq "^autopin: $pattern" "$TMP/err" || wrong "$name: /$pattern/ is not in: $(head -c 600 "$TMP/err")"
}

# conf_expect NAME TEXT MESSAGES PATTERN: the same with a pinning.conf of that text
conf_expect() {
    printf "$2" >"$conf"
    expect "$1" "$3" "$4" AUTOPIN_CONF="$conf"
}

expect 'no file anywhere' 0 '' HOME="$TMP"
expect 'missing file' 1 "$TMP/none.conf: .*cannot be read \(No such file or directory\)" AUTOPIN_CONF="$TMP/none.conf"
expect 'a folder' 1 "$TMP: .*cannot be read \(Is a directory\)" AUTOPIN_CONF="$TMP"
expect 'the null device' 0 '' AUTOPIN_CONF=/dev/null
expect 'a file that never ends' 1 '/dev/zero: .*larger than expected' AUTOPIN_CONF=/dev/zero
mkfifo "$TMP/fifo"
expect 'a fifo without a writer' 0 '' AUTOPIN_CONF="$TMP/fifo"
head -c 5000000 /dev/zero | tr '\0' '#' >"$TMP/huge.conf"
expect 'a huge file' 1 "$TMP/huge.conf: .*larger than expected" AUTOPIN_CONF="$TMP/huge.conf"
ln -s loop.conf "$TMP/loop.conf"
expect 'a link to itself' 1 "$TMP/loop.conf: .*cannot be read \(Too many levels of symbolic links\)" AUTOPIN_CONF="$TMP/loop.conf"

conf_expect 'empty' '' 0 ''
conf_expect 'right' '[limits]\nmax_pinned = 1G\n[promotion]\npromote = never\n' 0 ''
conf_expect 'unknown option' '[limits]\n# a comment\nmax_pined = 1G\n' 1 "$conf:3: unknown option 'max_pined'.*max_pinned"
conf_expect 'unknown section' '[limit]\nmax_pinned = 1G\n' 1 "$conf:1: unknown section \[limit\].*limits"
conf_expect 'no section' 'max_pinned = 1G\n' 1 "$conf:1: "
conf_expect 'wrong section' '[report]\nmax_pinned = 1G\n' 1 "$conf:2: .*\[limits\]"
conf_expect 'not a size' '[limits]\nmax_pinned = lots\n' 1 "$conf:2: .*max_pinned.*lots"
conf_expect 'no value' '[limits]\nmax_pinned\n' 1 "$conf:2: .*NAME = VALUE"
conf_expect 'out of range' '[limits]\nmin_size = 3\n' 1 "$conf:2: .*64K"
conf_expect 'not of the choices' '[promotion]\nbackend = gpu\n' 1 "$conf:2: .*auto"
conf_expect 'no end of heading' '[limits\nmax_pinned = 1G\n' 1 "$conf:1: "
conf_expect 'two wrong lines' '[limits]\nmax_pinned = x\nmin_size = y\n' 2 "$conf:3: "
conf_expect 'a site without a name' '[site]\npromote = never\n' 1 "$conf:1: "
conf_expect 'no newline at the end' '[limits]\nmax_pinned = -1' 1 "$conf:2: "
conf_expect 'Windows line ends' '[limits]\r\nmax_pinned = 1G\r\n' 0 ''

# A process without a large block has read nothing, and says nothing.
[ -z "$(AUTOPIN_MAXPINNED=1G LD_PRELOAD="$LIB" "$end" exit idle 2>&1 >/dev/null)" ] || wrong 'a misspelt variable, idle'

cp "$LIB" "$conf"
env AUTOPIN_CONF="$conf" LD_PRELOAD="$LIB" timeout 20 "$end" exit >"$TMP/out" 2>"$TMP/err"
[ $? -eq 3 ] && [ "$(cat "$TMP/out")" = "main ends" ] || wrong "a library as pinning.conf: $(head -c 300 "$TMP/err")"
[ "$(wc -l <"$TMP/err")" -le 51 ] || wrong "a library as pinning.conf: $(wc -l <"$TMP/err") lines"
LC_ALL=C grep -q '[^[:print:][:space:]]' "$TMP/err" && wrong "a library as pinning.conf: its bytes go to the terminal"
head -c 60000 /dev/urandom >"$conf"
env AUTOPIN_CONF="$conf" LD_PRELOAD="$LIB" timeout 20 "$end" exit >"$TMP/out" 2>"$TMP/err"
[ $? -eq 3 ] && [ "$(wc -l <"$TMP/err")" -le 51 ] || wrong "random bytes as pinning.conf: $(head -c 300 "$TMP/err")"

expect 'variable: wrong value' 1 'AUTOPIN_MAX_PINNED: .*lots' AUTOPIN_MAX_PINNED=lots
expect 'variable: wrong choice' 1 'AUTOPIN_BACKEND: .*gpu' AUTOPIN_BACKEND=gpu
expect 'variable: empty' 0 '' AUTOPIN_BACKEND=
expect 'variable: blanks' 0 '' AUTOPIN_BACKEND=' mlock '
expect 'variable: misspelt' 1 'AUTOPIN_MAXPINNED: unknown; did you mean AUTOPIN_MAX_PINNED\?' AUTOPIN_MAXPINNED=1G
expect 'variable: of no option' 1 'AUTOPIN_COLOUR: unknown; it is ignored' AUTOPIN_COLOUR=red
expect 'cap 0' 0 '' AUTOPIN_MAX_PINNED=0 AUTOPIN_PROMOTE=always
expect 'cap above RAM' 1 'AUTOPIN_MAX_PINNED: ' AUTOPIN_MAX_PINNED=900T AUTOPIN_PROMOTE=always
expect 'negative' 1 'AUTOPIN_MIN_SIZE: ' AUTOPIN_MIN_SIZE=-5
expect 'overflow' 1 'AUTOPIN_MIN_SIZE: ' AUTOPIN_MIN_SIZE=99999999999999999999
expect 'unreadable switch' 0 '' AUTOPIN_DISABLE=perhaps

reporting='AUTOPIN_PROMOTE=always AUTOPIN_PIN_WAIT=yes AUTOPIN_REPORT_EMPTY=yes'
expect 'report into no folder' 1 "$TMP/none/r.json: the report cannot be written" $reporting AUTOPIN_REPORT="$TMP/none/r.json"
mkdir "$TMP/folder.json"
expect 'report over a folder' 1 "$TMP/folder.json: the report cannot be written" $reporting AUTOPIN_REPORT="$TMP/folder.json"
expect 'report to a fifo without a reader' 1 "$TMP/fifo: the report cannot be written" $reporting AUTOPIN_REPORT="$TMP/fifo"
[ -p "$TMP/fifo" ] || wrong 'a report has replaced a fifo'
if mknod "$TMP/full" c 1 7 2>/dev/null && : 2>/dev/null >>"$TMP/full"; then # a node of our own: /dev's may be destroyed
    expect 'report to a full device' 1 "$TMP/full: the report cannot be written" $reporting AUTOPIN_REPORT="$TMP/full"
    [ -c "$TMP/full" ] || wrong 'a report has replaced a device'
fi
expect 'neither word nor path' 1 'AUTOPIN_REPORT: .*loud' AUTOPIN_REPORT=loud $reporting AUTOPIN_PROMOTE=never AUTOPIN_REPORT_EMPTY=no
exit $failed
