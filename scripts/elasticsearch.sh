#!/usr/bin/env bash
# Installs the two Elasticsearch servers that the integration tests talk to, the
# last 8.x and a 9.x, and prints their folders; with versions as arguments only
# those. They are the real server as Elastic publishes it for integration tests
# on Maven Central (x-pack core and security, but no ILM, no ingest pipelines),
# pinned and checked, unpacked into .cache/. Maven and Java come from Debian
# when they are missing: as root in CI, or with INSTALL=1. 8.x runs on Java 17,
# 9.x needs 21 or newer, which the tests look for in /usr/lib/jvm.
set -euo pipefail
cd "$(dirname "$0")/.."

declare -A sha256=(
  [8.19.8]=8d943e94cef02cbceb6e39cd00175bb04e5f882fa32783a473880b8691a54376
  [9.5.3]=bec49f3b8d00e75c8d1cec85c35298635ec9fbd3ae80ef5aeb6bc05abdb3db2d
)
group=org.elasticsearch.distribution.integ-test-zip

say() { echo "elasticsearch.sh: $*" >&2; }

zip_of() { echo "$HOME/.m2/repository/${group//./\/}/elasticsearch/$1/elasticsearch-$1.zip"; }

check() { echo "${sha256[$1]}  $(zip_of "$1")" | sha256sum --check --status; }

missing() {
  local need
  for need in javac:default-jdk-headless unzip:unzip "$@"; do
    command -v "${need%%:*}" >/dev/null || echo "${need#*:}"
  done
}

# install_packages installs what the named programs need, if it may.
install_packages() {
  local packages
  mapfile -t packages < <(missing "$@")
  ((${#packages[@]})) || return 0
  if [[ -z "${CI:-}${INSTALL:-}" || $(id -u) -ne 0 ]]; then
    say "missing Debian packages: ${packages[*]}"
    say "install them, or run this as root with INSTALL=1"
    exit 1
  fi
  apt-get update -qq >&2
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${packages[@]}" >&2
}

download() {
  install_packages mvn:maven
  say "downloading Elasticsearch $1 (about 100 MB) from Maven Central"
  mvn -q dependency:get -Dtransitive=false -Dartifact="$group:elasticsearch:$1:zip" >&2
  check "$1" || { say "$(zip_of "$1") does not have the pinned checksum; remove it and try again"; exit 1; }
}

# unpack puts version $1 into folder $2, whole or not at all.
unpack() {
  mkdir -p .cache
  unpacked=$(mktemp -d .cache/elasticsearch.XXXXXX)
  trap 'rm -rf "$unpacked"' EXIT
  unzip -q "$(zip_of "$1")" -d "$unpacked"
  # Servers run as another user than root and read their files from here.
  chmod -R a+rX "$unpacked"
  mv -T "$unpacked/elasticsearch-$1" "$2" || [[ -x $2/bin/elasticsearch ]]
  rm -rf "$unpacked"
}

install_packages
(($#)) || set -- 8.19.8 9.5.3
for version in "$@"; do
  [[ -n ${sha256[$version]:-} ]] || { say "no checksum for version $version is pinned here"; exit 1; }
  home="$PWD/.cache/elasticsearch-$version"
  if [[ ! -x $home/bin/elasticsearch ]]; then
    { [[ -f $(zip_of "$version") ]] && check "$version"; } || download "$version"
    unpack "$version" "$home"
  fi
  echo "$home"
done
