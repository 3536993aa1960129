#!/usr/bin/env bash
# Builds the Debian package and prints its name: deb.sh [FOLDER], default bin.
# ARCH (amd64) and VERSION (git describe) may be set; BINARY packs a program
# that is built already.
set -euo pipefail
cd "$(dirname "$0")/.."

folder=${1:-bin}
export ARCH=${ARCH:-amd64} BINARY=${BINARY:-}
version=${VERSION:-$(git describe --tags --always --dirty 2>/dev/null || echo dev)}
# Debian's versions begin with a digit, and sort ~ before everything.
case $version in
  v[0-9]*) VERSION=${version#v} ;;
  [0-9]*.*) VERSION=$version ;;
  *) VERSION="0.0.0~git.$version" ;;
esac
export VERSION
# The same commit makes the same package.
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct 2>/dev/null || echo 0)
export SOURCE_DATE_EPOCH

mkdir -p "$folder"
if [[ -z $BINARY ]]; then
  BINARY=bin/tailrace-linux-$ARCH
  CGO_ENABLED=0 GOOS=linux GOARCH=$ARCH go build -buildvcs=false -trimpath -ldflags "-s -w -X main.version=$version" -o "$BINARY" ./cmd/tailrace
fi
target=$folder/tailrace_${VERSION}_$ARCH.deb
"$(scripts/tool.sh nfpm)" package --config deploy/deb/nfpm.yaml --packager deb --target "$target" >&2
echo "$target"
