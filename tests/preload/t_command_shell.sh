#!/bin/bash
# The completion of bash and the man page know what the command knows.
set -u
# In a /dev/shm of its own where that may be: others of this user may have records there.
if [ "${1:-}" != alone ] && unshare -m --propagation private true 2>/dev/null; then
    exec unshare -m --propagation private bash -c 'mount -t tmpfs none /dev/shm && exec "$0" alone' "$0"
fi
failed=0
wrong() { echo "$1" && failed=1; }
PATH=$BUILD:$PATH
cd "$TMP" || exit 1
touch report.json
mkdir bin && printf '#!/bin/sh\n' >bin/zz-program && chmod 755 bin/zz-program
PATH=$PATH:$TMP/bin
# shellcheck source=/dev/null
. "$OLDPWD/scripts/autopin.bash-completion"

# complete_words WORDS...: what is proposed for the last of them, sorted, on one line
complete_words() {
    COMP_WORDS=("$@")
    COMP_CWORD=$(($# - 1))
    COMPREPLY=()
    compopt() { :; }
    _autopin
    printf '%s\n' "${COMPREPLY[@]}" | sort | tr '\n' ' '
}
expect() {
    local should=$1 is
    shift
    is=$(complete_words "$@")
    [ "$is" = "$should" ] || wrong "$*: '$is' instead of '$should'"
}
expect '--help --version config doctor merge report run top tune ' autopin ''
expect 'config ' autopin c
expect '--config --debug-files --explain --help --report --source ' autopin config --
expect '--config ' autopin config --c
expect '--output ' autopin merge --o
expect '--option --output ' autopin run --o
expect '--sites ' autopin report --s
expect '--delay ' autopin top --d
expect ' ' autopin top -d ''
expect 'report.json ' autopin report r
expect 'report.json ' autopin run -c r
expect 'max_pinned= max_pinned_node= max_pressure= max_regions= ' autopin run --option max
expect 'zz-program ' autopin run zz-p
# The processes that top can show are proposed to it.
if records=$(mktemp -d -p /dev/shm); then
    trap 'rm -rf "$records"' EXIT
    export XDG_RUNTIME_DIR=$records
    mkfifo hold
    LD_PRELOAD=$LIB AUTOPIN_REPORT=off /usr/bin/python3 -c 'x = bytearray(8 << 20); open("there", "w"); open("hold").read()' &
    until [ -e there ]; do sleep 0.01; done
    expect "$! " autopin top ''
    : >hold
    wait
    expect ' ' autopin top ''
fi
[ "$(complete_words autopin run --option '' | wc -w)" -eq "$(grep -c '^OPTION(' "$OLDPWD/policy/options.def")" ] || wrong 'options'
offset=
_command_offset() { offset=$1; }
complete_words autopin run -c report.json -- ls '' >/dev/null
COMP_WORDS=(autopin run -c report.json -- ls '') COMP_CWORD=6 && _autopin
[ "$offset" = 5 ] || wrong "the program's own completion begins at '$offset'"

# Every long option of every subcommand is in the man page, and every option of pinning.conf.
cd "$OLDPWD" || exit 1
page=scripts/autopin.1
for name in run config report top merge tune doctor; do
    grep -q "^\.SS $name$" "$page" || wrong "$page: nothing about $name"
    for option in $(autopin $name --help | grep -oE -- '--[a-z]+' | sort -u); do
        grep -q -- "${option//-/\\\\-}" "$page" || wrong "$page: $name $option is missing"
    done
done
[ "$(grep -c '^\.BR [a-z_]* " = ' "$page")" -eq "$(grep -cE '^(OPTION|SITE_KEY)\(' policy/options.def)" ] || wrong "$page: options"
exit $failed
