#!/usr/bin/env bash
# Makes JSON schemas for kubeconform, of the API that Kubernetes and the
# Prometheus operator publish in their modules, and prints their folder. Strict:
# a field that the API does not know is an error.
set -euo pipefail
cd "$(dirname "$0")/.."

kubernetes=v1.34.1
operator=v0.85.0
folder=$PWD/.cache/kube-schemas-$kubernetes-$operator
[[ -d $folder ]] && { echo "$folder"; exit; }

# module NAME@VERSION prints the folder of a module's files.
module() { (cd / && GOFLAGS=-mod=mod go mod download -json "$1") | jq -er .Dir; }

echo "kube-schemas.sh: making schemas of Kubernetes $kubernetes" >&2
mkdir -p .cache
making=$(mktemp -d .cache/kube-schemas.XXXXXX)
trap 'rm -rf "$making"' EXIT

# In the published schema, quantities and int-or-strings are called strings.
strict='
  def closed: walk(if type == "object" and (.properties | type) == "object" and (has("additionalProperties") | not)
                      and (.["x-kubernetes-preserve-unknown-fields"] | not)
                   then . + {additionalProperties: false} else . end);
  def loose: walk(if type == "object" and (.format == "int-or-string" or .["x-kubernetes-int-or-string"] == true)
                  then {type: ["string", "integer"]} else . end);
  closed | loose'
swagger=$(module k8s.io/kubernetes@$kubernetes)/api/openapi-spec/swagger.json
jq "$strict | {definitions: (.definitions
    | .[\"io.k8s.apimachinery.pkg.api.resource.Quantity\"] = {type: [\"string\", \"number\"]})}" "$swagger" >"$making/definitions.json"
jq -r '.definitions | to_entries[] | .key as $name | .value["x-kubernetes-group-version-kind"] // [] | .[]
    | [(.kind + (if .group == "" then "" else "-" + (.group | split(".")[0]) end) + "-" + .version | ascii_downcase), $name] | @tsv' \
  "$making/definitions.json" | while IFS=$'\t' read -r file name; do
  printf '{"$ref": "definitions.json#/definitions/%s"}\n' "$name" >"$making/$file.json"
done

crds=$(module github.com/prometheus-operator/prometheus-operator@$operator)/jsonnet/prometheus-operator
for kind in podmonitor prometheusrule; do
  jq "$strict"' | .spec.versions[0].schema.openAPIV3Schema | .properties.metadata = {type: "object"}' \
    "$crds/${kind}s-crd.json" >"$making/$kind-monitoring-v1.json"
done
chmod 755 "$making"
mv -T "$making" "$folder" 2>/dev/null || [[ -d $folder ]]
echo "$folder"
