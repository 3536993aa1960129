#!/usr/bin/env bash
# Prints where a pinned Go tool is, such as $(scripts/tool.sh helm), after
# building it into .cache/tools when it is not there. The module proxy and its
# checksum database see to it that a version is always the same.
set -euo pipefail
cd "$(dirname "$0")/.."

declare -A packages=(
  [crane]=github.com/google/go-containerregistry/cmd/crane@v0.22.1
  [helm]=helm.sh/helm/v3/cmd/helm@v3.22.0
  [kubeconform]=github.com/yannh/kubeconform/cmd/kubeconform@v0.8.0
  [kustomize]=sigs.k8s.io/kustomize/kustomize/v5@v5.8.2
  [nfpm]=github.com/goreleaser/nfpm/v2/cmd/nfpm@v2.44.2
)

name=${1:?name a tool: ${!packages[*]}}
package=${packages[$name]:-}
[[ -n $package ]] || { echo "tool.sh: no version of $name is pinned here; there are: ${!packages[*]}" >&2; exit 1; }

folder=$PWD/.cache/tools/$name-${package##*@}
if [[ ! -x $folder/$name ]]; then
  echo "tool.sh: building $package" >&2
  mkdir -p "$folder"
  building=$(mktemp -d "$folder/build.XXXXXX")
  trap 'rm -rf "$building"' EXIT
  # Go names a binary after its module when the package is the module's root.
  GOBIN=$building GOFLAGS=-buildvcs=false CGO_ENABLED=0 go install -trimpath -ldflags '-s -w' "$package"
  mv -f "$building"/* "$folder/$name"
fi
echo "$folder/$name"
