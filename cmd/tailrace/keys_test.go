package main

import (
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/tailrace/tailrace/pipeline/config"
)

// missingKeys are the keys of config.Keys that the YAML text does not have,
// not even in a comment, as one of two that exclude each other. Components and
// pipelines have names of their own in it, and lists indexes.
func missingKeys(t *testing.T, text []byte) []string {
	t.Helper()
	var root any
	if err := yaml.Unmarshal(text, &root); err != nil {
		t.Fatal(err)
	}
	have := map[string]bool{}
	collectKeys("", root, have)
	var missing []string
	for _, key := range config.Keys(kinds) {
		last := key[strings.LastIndexByte(key, '.')+1:]
		if !have[key] && !strings.Contains(string(text), "# "+last+": ") {
			missing = append(missing, key)
		}
	}
	return missing
}

var (
	componentName = regexp.MustCompile(`^((?:receivers|processors|connectors|exporters)\.[a-z]+)/[^.]+`)
	pipelineName  = regexp.MustCompile(`^service\.pipelines\.[^.]+`)
)

// collectKeys notes every path below v in the form that config.Keys has.
func collectKeys(path string, v any, have map[string]bool) {
	path = componentName.ReplaceAllString(path, "$1")
	path = pipelineName.ReplaceAllString(path, "service.pipelines.NAME")
	have[path] = true
	switch v := v.(type) {
	case map[string]any:
		for k, inner := range v {
			collectKeys(strings.TrimPrefix(path+"."+k, "."), inner, have)
		}
	case []any:
		for _, inner := range v {
			collectKeys(path+"[]", inner, have)
		}
	}
}
