#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Installs the Debian packages named in the given lists that are not installed yet; does nothing,
# and needs neither network nor rights, when all are there.
#
#     tools/install-deps.sh build          what a release build needs
#     tools/install-deps.sh build test     that and what the tests need
set -eu

here=$(cd "$(dirname "$0")" && pwd)

if [ $# -eq 0 ]; then
	echo "usage: $0 build|test ..." >&2
	exit 2
fi

missing=
for list in "$@"; do
	file=$here/packages-$list.txt
	if [ ! -r "$file" ]; then
		echo "$0: no list of packages called '$list' ($file)" >&2
		exit 2
	fi
	packages=$(grep -v '^#' "$file")
	for package in $packages; do
		status=$(dpkg-query -W -f '${db:Status-Abbrev}' "$package" 2>/dev/null || true)
		case $status in
		ii*) ;;
		*) missing="$missing $package" ;;
		esac
	done
done
[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null 2>&1; then
	echo "$0: these packages are missing, and this is not a Debian system:$missing" >&2
	exit 1
fi
as_root=
if [ "$(id -u)" -ne 0 ]; then
	if ! command -v sudo >/dev/null 2>&1; then
		echo "$0: run as root, or install sudo, to install:$missing" >&2
		exit 1
	fi
	as_root="sudo"
fi

echo "Installing Debian packages:$missing"
run_apt() {
	# shellcheck disable=SC2086 # as_root is empty or one word
	$as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -o Dpkg::Use-Pty=0 \
		-o DPkg::Lock::Timeout=300 "$@"
}
# A stale package list names versions that the mirror no longer has: update first, then once more
# on failure, because mirrors switch while one is reading.
run_apt update || echo "apt-get update failed; trying with the lists that are here" >&2
# shellcheck disable=SC2086 # a list of package names
if ! run_apt install -y --no-install-recommends $missing; then
	run_apt update
	# shellcheck disable=SC2086
	run_apt install -y --no-install-recommends $missing
fi
