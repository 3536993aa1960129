package main

import (
	"bytes"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"github.com/tailrace/tailrace/pipeline/config"
)

// TestConfigurationReference holds docs/configuration.md to the program.
func TestConfigurationReference(t *testing.T) {
	const page = "../../docs/configuration.md"
	var out bytes.Buffer
	if err := config.Reference(kinds, &out); err != nil {
		t.Fatal(err)
	}
	if *rewrite {
		if err := os.WriteFile(page, out.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), out.String()); diff != "" {
		t.Errorf("%s is not what the program says; run this test with -rewrite (-page +program):\n%s", page, diff)
	}
}

// TestEveryKeyIsExplained asks of each key a sentence for the reference.
func TestEveryKeyIsExplained(t *testing.T) {
	var out bytes.Buffer
	if err := config.Reference(kinds, &out); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(out.String()) {
		if strings.HasPrefix(line, "| `") && strings.HasSuffix(line, "|  |\n") {
			t.Errorf("a key has no doc tag: %s", line)
		}
	}
}

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
	serviceName   = regexp.MustCompile(`^service\.(pipelines|formats)\.[^.]+`)
)

// collectKeys notes every path below v in the form that config.Keys has.
func collectKeys(path string, v any, have map[string]bool) {
	path = componentName.ReplaceAllString(path, "$1")
	path = serviceName.ReplaceAllString(path, "service.$1.NAME")
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
