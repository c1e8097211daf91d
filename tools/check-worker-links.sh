#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Proves that lazaret-worker, which parses hostile bytes, is not linked with our network, database or
# storage code: none of its symbols carries the prefix of one of those folders, and it needs none of
# their libraries.
#
#     tools/check-worker-links.sh BUILD-DIRECTORY
set -eu

worker=${1:?usage: $0 BUILD-DIRECTORY}/src/cmd/lazaret-worker
if [ ! -x "$worker" ]; then
	echo "$worker: not built" >&2
	exit 1
fi
bad=$(nm --defined-only "$worker" | awk '{ print $3 }' |
	grep -E '^(http|fetch|db|blob|store|registry|api|advisory|assess|scan)_' || true)
libraries=$(readelf -d "$worker" | grep NEEDED | grep -E 'libmicrohttpd|libcurl|libpq' || true)
if [ -n "$bad$libraries" ]; then
	echo "lazaret-worker holds what it must not hold:" >&2
	printf '%s\n' "$bad" "$libraries" >&2
	exit 1
fi
echo "check-worker-links: lazaret-worker holds none of our http, fetch, db, blob, store code"
