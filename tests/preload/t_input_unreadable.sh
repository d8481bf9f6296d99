#!/bin/bash
# Somebody unprivileged: an AUTOPIN_CONF that may not be read is said so once; one in the usual place is passed over in
# silence, as another user's would be; a report into a folder of somebody else's is said so once.
set -u
fail() { echo "$1" && exit 1; }
[ "$(id -u)" -eq 0 ] && command -v setpriv >/dev/null || { echo "only root can become somebody unprivileged" && exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/home/autopin" "$work/closed"
cp "$LIB" "$BUILD/tests/t_life_end" "$work/"
printf '[limits]\nmax_pined = 1\n' | tee "$work/secret.conf" >"$work/home/autopin/pinning.conf"
chmod 755 "$work" "$work/home" "$work/home/autopin" "$work"/{libautopin.so,t_life_end}
chmod 700 "$work/closed" "$work/secret.conf" "$work/home/autopin/pinning.conf"

# as_nobody PATTERN VARIABLES...: one message that matches, or none when the pattern is empty
as_nobody() {
    local pattern=$1 said
    shift
    said=$(env AUTOPIN_PROMOTE=always AUTOPIN_PIN_WAIT=yes AUTOPIN_REPORT=off "$@" LD_PRELOAD="$work/libautopin.so" \
        setpriv --reuid 65534 --regid 65534 --clear-groups "$work/t_life_end" exit 2>&1 >/dev/null)
    [ $? -eq 3 ] || fail "$*: another status: $said"
    if [ -z "$pattern" ]; then
        [ -z "$said" ] || fail "$*: $said"
    else
        [ "$(wc -l <<<"$said")" -eq 1 ] && grep -Eq "^autopin: $pattern" <<<"$said" || fail "$*: '$said' is not /$pattern/"
    fi
}

as_nobody "$work/secret.conf: .*cannot be read \(Permission denied\)" AUTOPIN_CONF="$work/secret.conf"
as_nobody '' XDG_CONFIG_HOME="$work/home"
as_nobody "$work/closed/r.json: the report cannot be written" AUTOPIN_REPORT="$work/closed/r.json"
exit 0
