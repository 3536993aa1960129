package config

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestConfigurationsAreTheSameByWhatTheySay(t *testing.T) {
	load := func(text string) *Config {
		c, err := Load([]string{"yaml:" + text})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	const pipeline = "service: {pipelines: {logs: {receivers: [pods], exporters: [console]}}}"
	is := load("{receivers: {pods: {}}, exporters: {console: {color: never}}, " + pipeline + "}")
	for text, want := range map[string]bool{
		"{exporters: {console: {color: never}}, receivers: {pods: null}, " + pipeline + "}":                 true,
		"{receivers: {pods: {}}, exporters: {console: {color: always}}, " + pipeline + "}":                  false,
		"{receivers: {pods: {}, files: {}}, exporters: {console: {color: never}}, " + pipeline + "}":        false,
		"{receivers: {pods: {}}, exporters: {console: {color: never}}, service: {lanes: 2, pipelines: {}}}": false,
	} {
		other, _, err := resolve([]string{"yaml:" + text})
		if err != nil {
			t.Fatal(err)
		}
		c, _ := decodeAll(other)
		if is.Same(c) != want || c.Same(is) != want {
			t.Errorf("the same as %s: %v, want %v", text, !want, want)
		}
	}
}

func TestFilesAreTheNamedOnesAndThoseInThem(t *testing.T) {
	dir := t.TempDir()
	name, secret := filepath.Join(dir, "a.yaml"), filepath.Join(dir, "key")
	write(t, secret, "hidden")
	write(t, name, "exporters: {console: {color: \"${file:"+secret+"}\", time: \"$${file:/not/one}\"}}\n")
	src, _, err := resolve([]string{name, "yaml: {receivers: {}}"})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := (&Config{src: src}).Files(), []string{name, secret}; !slices.Equal(got, want) {
		t.Errorf("the files are %q, want %q", got, want)
	}
}

func TestMountedFilesHaveAVersionForEachReplacement(t *testing.T) {
	dir := t.TempDir()
	plain, mounted := filepath.Join(dir, "plain.yaml"), filepath.Join(dir, "mount", "sub", "tailrace.yaml")
	if v := Mounted([]string{plain}); v != "" {
		t.Errorf("a file that is not mounted has the version %q", v)
	}
	if err := os.Mkdir(filepath.Join(dir, "mount"), 0o755); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{"": true}
	for _, target := range []string{"..one", "..two"} {
		link := filepath.Join(dir, "mount", dataLink)
		if err := os.Symlink(target, link+".new"); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(link+".new", link); err != nil {
			t.Fatal(err)
		}
		v := Mounted([]string{plain, mounted, mounted})
		if seen[v] {
			t.Errorf("the version %q was seen before", v)
		}
		seen[v] = true
	}
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
