#!/bin/bash
# Packs what `make install` installs: build/autopin_VERSION_ARCHITECTURE.deb.
#
# The same sources, compiler and flags give the same bytes: dpkg-deb lets no file be later than SOURCE_DATE_EPOCH, which is the time of the last
# commit unless it is set, or of the changelog where there is no git.
set -eu
cd "$(dirname "$0")/../.."
BUILD=$(realpath "${BUILD:-build}")
umask 022
export LC_ALL=C TZ=UTC

changelog=scripts/debian/changelog
changed=$(sed -n 's/^ -- .*>  //p' $changelog | head -n 1)
export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || date -d "$changed" +%s)}
version=$(sed -n 's/^#define AUTOPIN_VERSION "\(.*\)"$/\1/p' preload/version.h)
[ "$(sed -n '1s/^autopin (\(.*\)) .*/\1/p' $changelog)" = "$version" ] ||
    { echo "$changelog does not begin with version $version, which preload/version.h names" >&2 && exit 1; }
architecture=$(dpkg --print-architecture)
libdir=/usr/lib/$(dpkg-architecture -qDEB_HOST_MULTIARCH 2>/dev/null)
root=$BUILD/deb/root

rm -rf "$BUILD/deb"
mkdir -p "$root/DEBIAN" "$BUILD/deb/debian"
"${MAKE:-make}" --no-print-directory -s install BUILD="$BUILD" DESTDIR="$root" PREFIX=/usr LIBDIR="$libdir"
install -D -m 644 scripts/debian/lintian-overrides "$root/usr/share/lintian/overrides/autopin"

# What Debian asks of binaries and documents.
binaries=()
for file in "$root$libdir/libautopin.so" "$root/usr/bin/autopin" "$root/usr/libexec/autopin/autopin-replay"; do
    [ -e "$file" ] || continue
    strip --strip-unneeded --remove-section=.comment --remove-section=.note "$file"
    binaries+=("$file")
done
find "$root/usr/share/man" "$root/usr/share/doc/autopin/changelog" -type f -exec gzip -9n {} +

# depends: the packages of the libraries that the binaries are linked to
depends() (
    cd "$BUILD/deb"
    printf 'Source: autopin\n\nPackage: autopin\nArchitecture: any\n' >debian/control
    dpkg-shlibdeps -O "${binaries[@]}" | sed -n 's/^shlibs:Depends=//p'
)

# kib: the installed size as Debian counts it: whole KiB of each file, and one for anything else
kib() { find "$root/usr" -printf '%y %s\n' | awk '{ sum += $1 == "f" ? int(($2 + 1023) / 1024) : 1 } END { print sum }'; }

depends=$(depends)
cat >"$root/DEBIAN/control" <<END
Package: autopin
Version: $version
Architecture: $architecture
Maintainer: $(sed -n 's/^ -- \(.*>\)  .*/\1/p' $changelog | head -n 1)
Installed-Size: $(kib)
Depends: $depends, python3
Recommends: libunwind8, python3-matplotlib
Section: utils
Priority: optional
Description: page-locks the hot large buffers of unmodified CUDA programs
 A library for LD_PRELOAD that page-locks the large host buffers which a program
 copies to and from a GPU again and again, so that the copies run at the speed
 of pinned memory.  It keeps to a limit on page-locked memory, leaves everything
 else to the program, and writes a report at exit that says what it did and what
 that saved.
 .
 Where there is no GPU it serves large blocks that a program allocates again and
 again from recycled, page-locked memory, so that they are not faulted in anew.
END
echo 'activate-noawait ldconfig' >"$root/DEBIAN/triggers"
(cd "$root" && find usr -type f -print0 | sort -z | xargs -0 md5sum) >"$root/DEBIAN/md5sums"

package=$BUILD/autopin_${version}_$architecture.deb
dpkg-deb --root-owner-group --threads-max=1 -Zxz --build "$root" "$package" >/dev/null
rm -rf "$BUILD/deb"
echo "$package"
