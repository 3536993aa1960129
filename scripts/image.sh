#!/usr/bin/env bash
# Builds the container image for every architecture without a daemon, as an OCI
# layout, and prints its folder: image.sh [FOLDER], default bin/image. Push it
# with any tool that knows layouts:
#   $(scripts/tool.sh crane) push --index bin/image REGISTRY/tailrace:TAG
set -euo pipefail
cd "$(dirname "$0")/.."

folder=${1:-bin/image}
version=${VERSION:-$(git describe --tags --always --dirty 2>/dev/null || echo dev)}
created=$(git log -1 --format=%ct 2>/dev/null || echo 0)

programs=()
for arch in ${ARCHS:-amd64 arm64}; do
  program=bin/tailrace-linux-$arch
  CGO_ENABLED=0 GOOS=linux GOARCH=$arch go build -buildvcs=false -trimpath -ldflags "-s -w -X main.version=$version" -o "$program" ./cmd/tailrace
  programs+=("$arch=$program")
done
rm -rf "$folder"
GOFLAGS=-buildvcs=false go run ./deploy/image -out "$folder" -version "$version" -created "$created" "${programs[@]}"
echo "$folder"
