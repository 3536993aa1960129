#!/usr/bin/env bash
# Runs go test with the given arguments, shows failures as they come, and ends
# with a summary: counts, what was skipped and why, the slowest packages.
set -euo pipefail
cd "$(dirname "$0")/.."
mkdir -p .cache bin
# As make build builds, which has compiled most of it.
CGO_ENABLED=0 go build -trimpath -o bin/testsummary ./test/cmd/testsummary
set +e
go test -json "$@" </dev/null | bin/testsummary
status=("${PIPESTATUS[@]}")
set -e
((status[0] == 0 && status[1] == 0))
