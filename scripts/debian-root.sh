#!/usr/bin/env bash
# Makes a folder of the smallest system of the machine's own Debian release with
# debootstrap, packs it into .cache/ and prints the tar's name. It needs root,
# and a mirror the first time; apt's mirror and proxy are taken.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { echo "debian-root.sh: $*" >&2; }

release=$(. /etc/os-release && echo "${VERSION_CODENAME:?/etc/os-release names no release}")
packed=$PWD/.cache/debian-root-$release-$(dpkg --print-architecture).tar
[[ -s $packed ]] && { echo "$packed"; exit; }

PATH="$PATH:/usr/sbin"
command -v debootstrap >/dev/null || { say "debootstrap is missing; run scripts/install-test-deps.sh"; exit 1; }
[[ $(id -u) -eq 0 ]] || { say "only root can make $packed: a system's files belong to root"; exit 1; }

# What apt reads through a list of mirrors or a cache on disk, debootstrap
# cannot: it then takes the mirror that it knows for the release itself.
mirror=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' "Codename: $release" 'Component: main' | grep -m1 -E '^https?://' || true)
proxy=$(apt-config shell proxy Acquire::http::Proxy)
eval "$proxy"
[[ -z ${proxy:-} || $proxy == DIRECT ]] || export http_proxy=$proxy

say "making a system of $release"
mkdir -p .cache
making=$(mktemp -d "$PWD/.cache/debian-root.XXXXXX")
trap 'rm -rf "$making"' EXIT
if ! debootstrap --variant=minbase "$release" "$making/root" ${mirror:+"$mirror"} >"$making/log" 2>&1; then
  tail -n 20 "$making/log" "$making/root/debootstrap/debootstrap.log" >&2 || true
  say "debootstrap failed; is the mirror ${mirror:-of $release} reachable?"
  exit 1
fi
rm -rf "$making"/root/var/cache/apt/archives/*.deb "$making"/root/var/lib/apt/lists/*
# Devices cannot be unpacked everywhere.
tar --numeric-owner --exclude='./dev/?*' -C "$making/root" -cf "$making/packed" .
mv -f "$making/packed" "$packed"
echo "$packed"
