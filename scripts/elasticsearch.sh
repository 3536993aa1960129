#!/usr/bin/env bash
# Installs the Elasticsearch that the integration tests talk to and prints its
# folder. It is the real server as Elastic publishes it for integration tests on
# Maven Central (x-pack core and security, but no ILM, no ingest pipelines),
# pinned and checked, unpacked into .cache/. Maven and Java come from Debian
# when they are missing: as root in CI, or with INSTALL=1.
set -euo pipefail
cd "$(dirname "$0")/.."

version=8.19.8
sha256=8d943e94cef02cbceb6e39cd00175bb04e5f882fa32783a473880b8691a54376
group=org.elasticsearch.distribution.integ-test-zip
home="$PWD/.cache/elasticsearch-$version"
zip="$HOME/.m2/repository/${group//./\/}/elasticsearch/$version/elasticsearch-$version.zip"

say() { echo "elasticsearch.sh: $*" >&2; }

check() { echo "$sha256  $zip" | sha256sum --check --status; }

missing() {
  local need
  for need in java:default-jre-headless unzip:unzip "$@"; do
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
  say "downloading Elasticsearch $version (97 MB) from Maven Central"
  mvn -q dependency:get -Dtransitive=false \
    -Dartifact="$group:elasticsearch:$version:zip" >&2
  check || { say "$zip does not have the pinned checksum; remove it and try again"; exit 1; }
}

install_packages
if [[ ! -x $home/bin/elasticsearch ]]; then
  [[ -f $zip ]] && check || download
  mkdir -p .cache
  unpacked=$(mktemp -d .cache/elasticsearch.XXXXXX)
  trap 'rm -rf "$unpacked"' EXIT
  unzip -q "$zip" -d "$unpacked"
  # Servers run as another user than root and read their files from here.
  chmod -R a+rX "$unpacked"
  mv -T "$unpacked/elasticsearch-$version" "$home" || [[ -x $home/bin/elasticsearch ]]
fi
echo "$home"
