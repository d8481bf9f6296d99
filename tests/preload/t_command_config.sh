#!/bin/bash
# `autopin config` says what the library would read, in its words, and what it prints can be read again.
set -u
autopin=$BUILD/autopin
end=$BUILD/tests/t_life_end
failed=0
wrong() { echo "$1" && failed=1; }

# config EXPECTED-STATUS WORDS...: stdout in $TMP/out, stderr in $TMP/err
config() {
    local expected=$1 status
    shift
    timeout 20 env "$@" >"$TMP/out" 2>"$TMP/err"
    status=$?
    [ $status -eq "$expected" ] || wrong "$*: status $status instead of $expected: $(head -c 300 "$TMP/err")"
}
has() { grep -Eq -- "$1" "$TMP/out" || wrong "/$1/ is not in: $(cat "$TMP/out")"; }

# Every option of the table, and where each value came from.
config 0 "$autopin" config
while read -r name; do has "^$name = .* # default"; done < <(sed -n 's/^OPTION([a-z]*, \([a-z_]*\),.*/\1/p' policy/options.def)
[ "$(grep -c ' # default' "$TMP/out")" -eq "$(grep -c '^OPTION(' policy/options.def)" ] || wrong 'more options than the table has'
[ ! -s "$TMP/err" ] || wrong "defaults: $(cat "$TMP/err")"
printf '# mine\n[limits]\nmin_size = 2M\nmax_regions = 7\n[promotion]\n\nbackend = mlock\n' >"$TMP/my.conf"
for words in "AUTOPIN_CONF=$TMP/my.conf $autopin config" "$autopin config -c $TMP/my.conf"; do
    # shellcheck disable=SC2086 # words
    config 0 AUTOPIN_MAX_REGIONS=9 $words
    has "^min_size = 2M +# $TMP/my.conf:3, default 1M"
    has '^max_regions = 9 +# AUTOPIN_MAX_REGIONS, default 4096'
    has "^backend = mlock +# $TMP/my.conf:7, default auto"
    has '^promote = auto +# default'
done

# What it prints means the same when it is read.
printf '[limits]\nmax_pinned = 1G\n[promotion]\npromote = after=3\n[site one]\nmodule = lib*.so\nmin_size = 3M\n[site two]\nmax_pinned = 5M\n' >"$TMP/sites.conf"
config 0 "$autopin" config -c "$TMP/sites.conf"
sed 's/ *#.*//' "$TMP/out" >"$TMP/values"
cp "$TMP/out" "$TMP/again.conf"
config 0 "$autopin" config -c "$TMP/again.conf"
diff "$TMP/values" <(sed 's/ *#.*//' "$TMP/out") || wrong 'read again, it says something else'

# The library means the same, its percentages included.
AUTOPIN_REPORT_EMPTY=yes AUTOPIN_REPORT=$TMP/r.json LD_PRELOAD=$LIB "$end" exit >/dev/null
cap=$(sed -n 's/^ *"cap_bytes": \([0-9]*\),$/\1/p' "$TMP/r.json")
config 0 "$autopin" config
[ -n "$cap" ] && [ "$(sed -n 's/^max_pinned = \([^ ]*\) .*/\1/p' "$TMP/out" | numfmt --from=iec)" = "$cap" ] ||
    wrong "max_pinned: $(grep max_pinned "$TMP/out"), and the library's $cap"

# Complaints are the library's, word by word.
printf '[limits]\nmax_pined = 1G\nmin_size = 3\n[site x]\nfoo\n' >"$TMP/bad.conf"
for setting in AUTOPIN_MAXPINNED=1 AUTOPIN_BACKEND=gpu AUTOPIN_CONF="$TMP/none.conf" AUTOPIN_CONF="$TMP/bad.conf"; do
    env "$setting" AUTOPIN_REPORT=off LD_PRELOAD="$LIB" "$end" exit 2>"$TMP/said" >/dev/null
    config 1 "$setting" AUTOPIN_REPORT=off "$autopin" config
    [ -s "$TMP/said" ] && diff "$TMP/said" "$TMP/err" || wrong "$setting: not what the library says"
done

# Which section catches a site, and why not those before.
printf '[site small]\nmodule = libfoo*\nmax_size = 8M\n[site deep]\nmodule = liblast*\ndepth = 3\n[site named]\nmodule = libtorch*\nfunction = at::*\npromote = always\n' >"$TMP/rules.conf"
config 0 "$autopin" config -c "$TMP/rules.conf" --explain 'libtorch.so!at::operator+(int)+4M'
has '^\[site small\] .*rules.conf:1\) does not catch it: no frame fits module = libfoo\*'
has '^\[site deep\] .*:4\) does not catch it: no frame up to depth = 3 fits module = liblast\*'
has '^\[site named\] .*:7\) catches it: frame 0, libtorch.so!at::operator\+\(int\), fits module = libtorch\* and function = at::\*'
has '^  promote = always$'
has '^  async = strict \(as for the whole process\)$'
config 0 "$autopin" config -c "$TMP/rules.conf" --explain 'libfoo.so+64M'
has 'small.*64.0 MiB is above max_size = 8M'
has '^no \[site\] section catches it'
config 0 "$autopin" config -c "$TMP/rules.conf" --explain 'libtorch.so!other+64M'
has 'named.*libtorch.so!other fits module = libtorch\*, but no such frame fits function = at::\*'

# The same for a site of a report, by its key: the answer is what the library did.
AUTOPIN_CONF=$TMP/live.conf
export AUTOPIN_CONF
printf '[site never]\nmodule = libnone*\n[site ends]\nmodule = t_life_end\n' >"$AUTOPIN_CONF"
AUTOPIN_REPORT_EMPTY=yes AUTOPIN_REPORT=$TMP/r.json LD_PRELOAD=$LIB "$end" exit >/dev/null
key=$(sed -n 's/.*"key": "\([0-9a-f]*\)".*"rule": "ends".*/\1/p' "$TMP/r.json" | head -n 1)
[ -n "$key" ] || wrong "no site by the rule: $(head -c 2000 "$TMP/r.json")"
config 0 "$autopin" config --explain "$key" -r "$TMP/r.json"
has '^\[site never\].*no frame fits module = libnone\*'
has '^\[site ends\].*catches it: frame [0-9], t_life_end'
config 1 "$autopin" config --explain 0123456789abcdef -r "$TMP/r.json"
grep -q 'lists no site with the key' "$TMP/err" || wrong "a key that is not there: $(cat "$TMP/err")"

config 2 "$autopin" config --explain nonsense
config 2 "$autopin" config --explain 123 -r "$TMP/r.json"
config 2 "$autopin" config -r "$TMP/r.json"
config 2 "$autopin" config word
config 2 "$autopin" config --explian x
[ "$(grep -c '' "$TMP/err")" -eq 1 ] && grep -q 'perhaps --explain' "$TMP/err" || wrong "misspelt: $(cat "$TMP/err")"
config 0 "$autopin" config --help
has '^usage: autopin config'
exit $failed
