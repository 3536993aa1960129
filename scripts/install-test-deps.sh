#!/usr/bin/env bash
# Installs what the integration tests need: Debian packages through apt, and
# Elasticsearch through elasticsearch.sh into .cache/, and as root a small Debian
# system. Does nothing for what is
# there already. On a machine that is neither CI nor root's it only says what
# it would install, until it is called with INSTALL=1.
set -euo pipefail
cd "$(dirname "$0")/.."

# program : Debian package that has it
needs=(
  "nginx:nginx-light"
  "jq:jq"
  "zcat:gzip"
  "strace:strace"
  "setpriv:util-linux"
  "unzip:unzip"
  "javac:default-jdk-headless"
  "mvn:maven"
  "dpkg:dpkg"
  "debootstrap:debootstrap"
  "systemd-analyze:systemd"
  "promtool:prometheus"
  "etcd:etcd-server"
  "rabbitmq-server:rabbitmq-server"
  "erl_call:erlang-base"
)

missing=()
for need in "${needs[@]}"; do
  PATH="$PATH:/usr/sbin" command -v "${need%%:*}" >/dev/null || missing+=("${need#*:}")
done

may_install() { [[ -n "${CI:-}" || -n "${INSTALL:-}" || $(id -u) -eq 0 ]]; }

as_root() { if [[ $(id -u) -eq 0 ]]; then "$@"; else sudo -n "$@"; fi; }

# Debian starts the services that it installs, unless policy-rc.d forbids it.
forbid_service_starts() {
  policy=/usr/sbin/policy-rc.d
  [[ -e $policy ]] && return
  printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
  as_root chmod 755 "$policy"
  trap 'as_root rm -f "$policy"' EXIT
}

install_packages() {
  forbid_service_starts
  as_root apt-get update -qq
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

if ((${#missing[@]})); then
  if ! may_install; then
    echo "The integration tests need these Debian packages: ${missing[*]}" >&2
    echo "Install them yourself, or let this script do it: make test INSTALL=1" >&2
    exit 1
  fi
  echo "installing: ${missing[*]}"
  install_packages "${missing[@]}"
fi

scripts/elasticsearch.sh >/dev/null &
scripts/opensearch.sh >/dev/null
wait $!
scripts/kube-apiserver.sh >/dev/null
# Only root can make it, and only root's tests use it.
if [[ $(id -u) -eq 0 ]]; then scripts/debian-root.sh >/dev/null; fi
