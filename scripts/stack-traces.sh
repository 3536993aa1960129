#!/usr/bin/env bash
# Writes the traces in internal/tail/multiline/testdata that real programs wrote,
# by those in its folder programs: stack-traces.sh [NAME…], as in NAME.txt; all of
# them without one. The version of the program stands in each file's first line.
# What each line is to the record before it is filled in by go test -update, and
# checked by eye: ">" begins a record, "|" goes on with it.
# Needs python3 (3.11 or newer), node, java, go, rustc, ruby and php, npm for Ruby 3.4
# and PHP 8.5 as WebAssembly, and pip and mcs (Debian's mono-mcs) for .NET; leaves out
# what is missing.
set -uo pipefail
cd "$(dirname "$0")/../internal/tail/multiline/testdata"
out=$PWD programs=$PWD/programs wanted=" $* "
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp"
ulimit -c 0

# record NAME VERSION COMMAND...: what the command writes, both streams in one.
record() {
  local name=$1 version=$2; shift 2
  [[ $wanted == *[!\ ]* && $wanted != *" $name "* ]] && return
  { echo "# $version"; timeout 20 "$@" 2>&1 | sed -e "s#$tmp#/app#g" -e "s#$programs#/app#g" -e "s#$HOME/.pyenv/versions/[^/]*#/usr#g" -e 's/^/> /'; } > "$out/$name.txt"
}
has() { command -v "$1" >/dev/null || { echo "$1 is missing" >&2; false; }; }

if has python3; then
  v=$(python3 --version)
  record python "$v" python3 "$programs/boom.py"
  record python-syntax "$v" python3 "$programs/boom.py" syntax
  record python-groups "$v" python3 "$programs/groups.py"
fi
if has node; then
  v="Node.js $(node --version)"
  record node "$v" node "$programs/boom.js"
  record node-string "$v" node "$programs/boom.js" string
  record node-reject "$v" node "$programs/boom.js" reject
  record node-aggregate "$v" node "$programs/aggregate.js"
fi
if has javac; then
  v=$(java -version 2>&1 | head -1)
  javac -d . "$programs/"*.java
  record java "$v" java -cp . Boom
  record java-circular "$v" java -cp . Circular
fi
if has go; then
  cp "$programs/boom.go.txt" main.go && go mod init boom 2>/dev/null && CGO_ENABLED=0 go build -o boom main.go
  for how in panic nil error deadlock overflow map quit serve; do
    GOTRACEBACK=all record "go-$how" "$(go version)" ./boom "$how"
  done
  GOTRACEBACK=crash record go-crash "$(go version)" ./boom panic
  cp "$programs/repanic.go.txt" main.go && CGO_ENABLED=0 go build -o repanic main.go
  record go-repanic "$(go version)" ./repanic panic
  record go-mutex "$(go version)" ./repanic mutex
fi
if has rustc; then
  rustc -g -o boom-rs "$programs/boom.rs" 2>/dev/null
  record rust "$(rustc --version)" ./boom-rs
  RUST_BACKTRACE=1 record rust-backtrace "$(rustc --version)" ./boom-rs
fi
if has ruby; then record ruby "$(ruby --version)" ruby "$programs/boom.rb"; fi
if has php; then record php "$(php --version | head -1)" php "$programs/boom.php"; fi
if has npm && npm install --silent --prefix . @ruby/3.4-wasm-wasi@2.10.1 @ruby/wasm-wasi@2.10.1 @php-wasm/cli@3.1.56; then
  cp "$programs/ruby-wasm.mjs" .
  record ruby34 "Ruby 3.4 (@ruby/3.4-wasm-wasi 2.10.1)" \
    node --no-warnings ruby-wasm.mjs node_modules/@ruby/3.4-wasm-wasi/dist/ruby+stdlib.wasm "$programs" boom.rb
  php="node node_modules/@php-wasm/cli/main.js"
  record php85 "$($php --version | head -1)" $php "$programs/boom.php"
fi
if has mcs && pip download --quiet --no-deps --dest . dotnetcore2==3.1.23; then
  unzip -q dotnetcore2-*.whl
  core=(dotnetcore2/bin/shared/Microsoft.NETCore.App/*)
  mcs -nostdlib -noconfig -r:"$core/System.Private.CoreLib.dll" -r:"$core/System.Runtime.dll" \
    -r:"$core/System.Runtime.Extensions.dll" -r:"$core/System.Console.dll" -out:boom.dll "$programs/Boom.cs"
  echo '{"runtimeOptions": {"framework": {"name": "Microsoft.NETCore.App", "version": "3.1.23"}}}' > boom.runtimeconfig.json
  chmod +x dotnetcore2/bin/dotnet
  DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1 record dotnet-core ".NET Core 3.1.23" dotnetcore2/bin/dotnet exec boom.dll
fi
