package files

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/tailrace/tailrace/internal/tail"
)

// tree makes files below a root.
func tree(t *testing.T, names ...string) string {
	t.Helper()
	root := t.TempDir()
	for _, name := range names {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func newReceiver(t *testing.T, root string, include ...string) *Receiver {
	t.Helper()
	cfg := DefaultConfig()
	for _, p := range include {
		cfg.Include = append(cfg.Include, filepath.Join(root, p))
	}
	r, err := New(cfg, Options{Host: "edge-1"})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// found says what a scan finds: the file, its chain, and its place in it.
func found(t *testing.T, r *Receiver, root, under string) []string {
	t.Helper()
	var all []tail.Target
	if err := r.Scan(context.Background(), under, func(t tail.Target) { all = append(all, t) }); err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(all, func(a, b tail.Target) int {
		return cmp.Or(cmp.Compare(a.Chain, b.Chain), cmp.Compare(a.Order, b.Order), cmp.Compare(a.Name, b.Name))
	})
	var lines []string
	for _, target := range all {
		lines = append(lines, strings.ReplaceAll(describe(&target), root+"/", ""))
	}
	return lines
}

func describe(t *tail.Target) string {
	line := t.Path()
	if t.Order != tail.Live {
		line += fmt.Sprintf(" of %s %d", t.Chain, t.Order)
	}
	if t.Compressed {
		line += " compressed"
	}
	if t.OnlyKnown {
		line += " only known"
	}
	switch {
	case t.Excluded != "":
		line += " excluded: " + t.Excluded
	case t.Refused != "":
		line += " refused: " + t.Refused
	}
	return line
}

func TestScan(t *testing.T) {
	for _, tt := range []struct {
		name    string
		files   []string
		include []string
		want    []string
	}{
		{"one file", []string{"a.log", "b.log"}, []string{"a.log"}, []string{"a.log"}},
		{"a pattern", []string{"a.log", "b.log", "c.txt"}, []string{"*.log"}, []string{"a.log", "b.log"}},
		{"two patterns, once each", []string{"a.log", "b.log"}, []string{"a*", "*.log"}, []string{"a.log", "b.log"}},
		{"a pattern of directories", []string{"x/logs/a.log", "y/logs/a.log", "y/a.log"}, []string{"*/logs/*.log"},
			[]string{"x/logs/a.log", "y/logs/a.log"}},
		{"what was rotated away", []string{"a.log", "a.log.1", "a.log.2", "a.log.3.gz"}, []string{"*.log"},
			[]string{"a.log.3.gz of a.log -3 compressed only known", "a.log.2 of a.log -2 only known",
				"a.log.1 of a.log -1 only known", "a.log"}},
		{"while it is compressed", []string{"a.log", "a.log.1", "a.log.1.gz"}, []string{"*.log"},
			[]string{"a.log.1 of a.log -1 only known", "a.log.1.gz of a.log -1 compressed only known", "a.log"}},
		{"rotated by date", []string{"a.log", "a.log-20260303.gz", "a.log-20260304", "a.log-20260305"}, []string{"*.log"},
			[]string{"a.log-20260303.gz of a.log 202603030000000000 compressed only known",
				"a.log-20260304 of a.log 202603040000000000 only known",
				"a.log-20260305 of a.log 202603050000000000 only known", "a.log"}},
		{"rotated files that the pattern names", []string{"a.log", "a.log.1", "a.log.2.gz"}, []string{"a.log*"},
			[]string{"a.log.2.gz of a.log -2 compressed", "a.log.1 of a.log -1", "a.log"}},
		{"compressed by others", []string{"a.log", "a.log.1.xz"}, []string{"a.log*"},
			[]string{"a.log", "a.log.1.xz excluded: of compressed files only those of gzip are read, not .xz"}},
		{"compressed ones alone", []string{"old.gz"}, []string{"*.gz"}, []string{"old.gz compressed"}},
		{"rotated files while the live one is replaced", []string{"a.log.1", "a.log.2"}, []string{"a.log*"},
			[]string{"a.log.2 of a.log -2", "a.log.1 of a.log -1"}},
		{"a number that is no rotation", []string{"worker.1", "worker.2"}, []string{"worker.*"},
			[]string{"worker.1", "worker.2"}},
		{"nothing there", nil, []string{"no/such/*.log"}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			root := tree(t, tt.files...)
			got := found(t, newReceiver(t, root, tt.include...), root, "")
			if diff := gocmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestExclude(t *testing.T) {
	root := tree(t, "a.log", "b.log")
	r := newReceiver(t, root, "*.log")
	r.cfg.Exclude = []string{root + "/b*"}
	want := []string{"a.log", "b.log excluded: exclude: b*"}
	if diff := gocmp.Diff(want, found(t, r, root, "")); diff != "" {
		t.Error(diff)
	}
}

// Links in place of directories are not followed out of the directory that
// the pattern's fixed beginning names.
func TestScanDoesNotFollowLinks(t *testing.T) {
	outside := tree(t, "secret.log")
	root := tree(t, "x/a.log")
	if err := os.Symlink(outside, root+"/y"); err != nil {
		t.Fatal(err)
	}
	want := []string{"x/a.log"}
	if diff := gocmp.Diff(want, found(t, newReceiver(t, root, "*/*.log"), root, "")); diff != "" {
		t.Error(diff)
	}
}

// Docker's own directories, on a host without the kubelet.
func TestDockerDirectories(t *testing.T) {
	root := tree(t, "aaa/aaa-json.log", "aaa/aaa-json.log.1", "aaa/config.v2.json")
	r := newReceiver(t, root, "*/*-json.log")
	r.cfg.Decoder = "container"
	want := []string{"aaa/aaa-json.log.1 of aaa/aaa-json.log -1 only known", "aaa/aaa-json.log"}
	if diff := gocmp.Diff(want, found(t, r, root, "")); diff != "" {
		t.Error(diff)
	}
	err := r.Scan(context.Background(), "", func(target tail.Target) {
		if target.Decoder != tail.Container {
			t.Errorf("%s: decoder %d", target.Name, target.Decoder)
		}
	})
	if err != nil {
		t.Error(err)
	}
}

func TestScanBelow(t *testing.T) {
	root := tree(t, "x/logs/a.log", "y/logs/a.log")
	r := newReceiver(t, root, "*/logs/*.log")
	for under, want := range map[string]int{
		"": 2, root: 2, root + "/x": 1, root + "/x/logs": 1, root + "/z": 0, "/elsewhere": 0,
	} {
		if got := found(t, r, root, under); len(got) != want {
			t.Errorf("%s: found %v, want %d", under, got, want)
		}
	}
	watched := r.Watch()
	slices.Sort(watched)
	want := []string{root, root + "/x/logs", root + "/y/logs"}
	if diff := gocmp.Diff(want, watched); diff != "" {
		t.Error(diff)
	}
}

func TestDescribe(t *testing.T) {
	root := tree(t, "a.log", "a.log.1")
	r := newReceiver(t, root, "*.log")
	var targets []tail.Target
	if err := r.Scan(context.Background(), "", func(t tail.Target) { targets = append(targets, t) }); err != nil {
		t.Fatal(err)
	}
	for i := range targets {
		src := r.Describe(&targets[i])
		got := src.Attributes[0].Name + "=" + src.Attributes[0].Value + " " + src.Resource[0].Name + "=" + src.Resource[0].Value
		// A rotated file's lines keep the name that they were written under.
		if want := `log.file.path="` + root + `/a.log" host.name="edge-1"`; got != want {
			t.Errorf("%s: got %s, want %s", targets[i].Name, got, want)
		}
		if src.Format != "auto" || src.Container != root+"/a.log" || targets[i].PathIdentity != root {
			t.Errorf("got %+v, identity %s", src, targets[i].PathIdentity)
		}
	}
}

func TestValidate(t *testing.T) {
	for want, change := range map[string]func(*Config){
		"include: no files":                         func(c *Config) { c.Include = nil },
		"include: \"logs/*.log\" is no absolute":    func(c *Config) { c.Include = []string{"logs/*.log"} },
		"include: \"/var/log/\" is a directory":     func(c *Config) { c.Include = []string{"/var/log/"} },
		"include: \"/a/**/b.log\": ** is not known": func(c *Config) { c.Include = []string{"/a/**/b.log"} },
		"exclude: \"/a[\" is no pattern":            func(c *Config) { c.Exclude = []string{"/a["} },
		"decoder: \"docker\" is not known":          func(c *Config) { c.Decoder = "docker" },
		"start_at: \"now\" is no place":             func(c *Config) { c.StartAt = "now" },
	} {
		cfg := DefaultConfig()
		cfg.Include = []string{"/var/log/nginx/*.log"}
		if err := cfg.Validate(); err != nil {
			t.Fatalf("a good configuration: %v", err)
		}
		change(&cfg)
		if err := cfg.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}
