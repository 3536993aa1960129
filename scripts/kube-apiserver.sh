#!/usr/bin/env bash
# Builds the kube-apiserver that the integration tests talk to and prints its
# path: the real server from Kubernetes' own source, through the Go module proxy
# and pinned by the checksums in test/kube-apiserver/go.sum. The first build
# takes some seven minutes of a CPU; the result is kept in .cache/ until the
# module changes. Its etcd is Debian's etcd-server.
set -euo pipefail
cd "$(dirname "$0")/.."

module=test/kube-apiserver
version=$(awk '$1 == "k8s.io/kubernetes" {print $2}' "$module/go.mod")
sum=$(cat "$module/go.mod" "$module/go.sum" "$0" | sha256sum | cut -c1-12)
server="$PWD/.cache/kube-apiserver-$version-$sum"

say() { echo "kube-apiserver.sh: $*" >&2; }

if [[ ! -x $server ]]; then
  mkdir -p .cache
  building=$(mktemp .cache/kube-apiserver.XXXXXX)
  trap 'rm -f "$building"' EXIT
  say "building kube-apiserver $version from source; this takes minutes, once"
  # The server says which version it is by what the linker puts into it.
  stamp="-s -w -X k8s.io/component-base/version.gitVersion=$version"
  stamp+=" -X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=${version:3:2}"
  CGO_ENABLED=0 GOFLAGS=-mod=readonly go build -C "$module" -buildvcs=false -trimpath -ldflags "$stamp" \
    -o "../../$building" k8s.io/kubernetes/cmd/kube-apiserver >&2 ||
    { say "the build failed; it needs Go and a module proxy that can be reached (see go env GOPROXY)"; exit 1; }
  # mktemp makes a file that its owner may read and write.
  chmod 755 "$building"
  mv "$building" "$server"
fi
echo "$server"
