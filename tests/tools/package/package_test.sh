#!/bin/bash
# Makes the Debian packages of a finished build twice, compares the bytes, lets lintian look where it is installed, and
# installs, uses, upgrades, removes and purges them on a copy-on-write view of this system. Ends with 77, which is
# skipped, where that view cannot be had.
#
# usage: package_test.sh BUILD WORK SOURCE
set -euo pipefail
build=$1 work=$2 source=$3

fail() {
  printf 'package_test: %s\n' "$*" >&2
  exit 1
}

rm -rf "$work"
mkdir -p "$work/first" "$work/second"
export SOURCE_DATE_EPOCH=1767268800
for time in first second; do
  (cd "$build" && cpack -G DEB -B "$work/$time" >"$work/$time.log" 2>&1) || fail "cpack failed: $(tail -5 "$work/$time.log")"
done
for package in nines libnines0 libnines-dev; do
  file=$(echo "$work"/first/"${package}"_*.deb)
  cmp "$file" "$work/second/$(basename "$file")" || fail "$package is not the same bytes twice"
done

if command -v lintian >/dev/null; then
  # Whoever publishes gives a maintainer; a build that is not for /usr has no folder of the architecture; and cpack writes
  # the calls of ldconfig itself.
  lintian --allow-root --fail-on error,warning \
    --suppress-tags maintscript-calls-ldconfig,bogus-mail-host,bogus-mail-host-in-debian-changelog,pkg-config-unavailable-for-cross-compilation \
    "$work"/first/*.deb || fail "lintian has remarks"
else
  echo "package_test: lintian is not installed and did not look" >&2
fi

cat >"$work/inside.sh" <<'INSIDE'
set -euo pipefail
trap 'echo "package_test: line $LINENO inside failed" >&2' ERR
cd /packages
dpkg -i ./*.deb >install.log 2>&1 || { cat install.log >&2; exit 1; }
ldconfig
nines --version >/dev/null
nines config check /usr/share/doc/nines/examples/nines.yaml
getent passwd nines >/dev/null
test "$(stat -c %U:%a /var/lib/nines)" = nines:750
test -s /usr/share/man/man1/nines.1.gz
test -s /usr/share/man/man5/nines-config.5.gz
test -s /usr/lib/systemd/system/nines.service
test -s /usr/share/bash-completion/completions/nines
# A host is built against the package in one command.
cc hello.c $(pkg-config --cflags --libs nines) -o hello
test "$(./hello /tmp/host-store)" = "1 result, 80112 us, uptime 1.0000"
# What was measured outlives an upgrade, a removal and a purge, and goes when that is said.
nines --db /var/lib/nines/store server add site https://example.org
dpkg -i ./*.deb >upgrade.log 2>&1 || { cat upgrade.log >&2; exit 1; }
nines --db /var/lib/nines/store server list | grep -q site
listed=$(dpkg -L nines libnines0 libnines-dev)
dpkg -r nines >/dev/null
test ! -e /usr/bin/nines
test -d /var/lib/nines/store
dpkg -P nines >purge.log 2>&1
grep -q 'keeps its data' purge.log
test -d /var/lib/nines/store
dpkg -i ./nines_*.deb >/dev/null 2>&1
nines --db /var/lib/nines/store server list | grep -q site
NINES_PURGE_DATA=yes dpkg -P nines >/dev/null 2>&1
test ! -e /var/lib/nines
dpkg -P libnines-dev libnines0 >/dev/null
for path in $listed; do
  test -d "$path" || test ! -e "$path" || { echo "left behind: $path" >&2; exit 1; }
done
INSIDE

view=$(mktemp -d)
trap 'rmdir "$view" 2>/dev/null || true' EXIT
# The mounts are this namespace's own, and end with it.
cat >"$work/outside.sh" <<'OUTSIDE'
set -eu
mount -t tmpfs view "$1" && mkdir "$1/upper" "$1/work" "$1/root" &&
  mount -t overlay view -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" "$1/root" || exit 77
mkdir -p "$1/root/packages" "$1/root/proc" "$1/root/dev"
mount --bind /proc "$1/root/proc"
mount --bind /dev "$1/root/dev"
mount -t tmpfs tmp "$1/root/tmp"
cp "$2"/first/*.deb "$2/inside.sh" "$3/tools/bindings/c/hello.c" "$1/root/packages"
exec chroot "$1/root" /bin/bash /packages/inside.sh
OUTSIDE
if ! unshare --mount true 2>/dev/null; then
  echo "package_test: there is no namespace to install in" >&2
  exit 77
fi
exec unshare --mount sh "$work/outside.sh" "$view" "$work" "$source"
