package pods

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/tailrace/tailrace/internal/tail"
	"github.com/tailrace/tailrace/internal/tail/confine"
)

const web = "shop_web-7d9f.x_0f0e6f0a-3c0b-4a52-9d3a-2a8f5f6d7c11"

// tree makes files below a root; a name that ends in a slash is a directory.
func tree(t *testing.T, names ...string) string {
	t.Helper()
	root := t.TempDir()
	for _, name := range names {
		path := filepath.Join(root, name)
		dir := filepath.Dir(path)
		if strings.HasSuffix(name, "/") {
			dir = path
		}
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		if dir != path {
			if err := os.WriteFile(path, nil, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	return root
}

func newReceiver(t *testing.T, root string, change func(*Config, *Options)) *Receiver {
	t.Helper()
	cfg, opts := DefaultConfig(), Options{}
	cfg.Root = root
	if change != nil {
		change(&cfg, &opts)
	}
	r, err := New(cfg, opts)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// targets are what a scan finds, in the order of names.
func targets(t *testing.T, r *Receiver, under string) []tail.Target {
	t.Helper()
	var all []tail.Target
	if err := r.Scan(context.Background(), under, func(t tail.Target) { all = append(all, t) }); err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(all, func(a, b tail.Target) int { return cmp.Compare(a.Name, b.Name) })
	return all
}

func summaries(all []tail.Target) []string {
	var lines []string
	for _, t := range all {
		line := t.Name
		switch {
		case t.Refused != "":
			line += " refused: " + t.Refused
		case t.Excluded != "":
			line += " excluded by " + t.Excluded
		case t.Order != tail.Live:
			line += fmt.Sprintf(" rotated %d", t.Order)
		}
		if t.Compressed {
			line += " compressed"
		}
		if t.Superseded {
			line += " superseded"
		}
		lines = append(lines, line)
	}
	return lines
}

func TestScan(t *testing.T) {
	root := tree(t,
		web+"/web/0.log",
		web+"/web/1.log",
		web+"/web/1.log.20260305-101112",
		web+"/web/1.log.20260305-101112.gz",
		web+"/web/1.log.20260305-101112.tmp",
		web+"/web/notes.txt",
		web+"/sidecar/0.log",
		"shop_empty_uid/",
	)
	got := summaries(targets(t, newReceiver(t, root, nil), ""))
	want := []string{
		web + "/sidecar/0.log",
		web + "/web/0.log superseded",
		web + "/web/1.log",
		web + "/web/1.log.20260305-101112 rotated 20260305101112",
		web + "/web/1.log.20260305-101112.gz rotated 20260305101112 compressed",
	}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// Names that the kubelet does not make are not looked into.
func TestScanRefusesHostileNames(t *testing.T) {
	root := tree(t,
		"no-underscores/c/0.log",
		"a_b_c_d/c/0.log",
		"Shop_web_uid/c/0.log",
		"shop_we\x1b[31mb_uid/c/0.log",
		"shop_web_"+strings.Repeat("u", 200)+"/c/0.log",
		"shop_web_uid/-c/0.log",
		"shop_web_uid/"+strings.Repeat("c", 64)+"/0.log",
		"shop_web_uid/c/99999999999999999999.log",
		"shop_web_uid/c/0.log\n",
		"stray.log",
	)
	for _, target := range targets(t, newReceiver(t, root, nil), "") {
		if target.Refused == "" {
			t.Errorf("%q was found", target.Name)
		}
	}
}

// TestADirectoryWithTooManyEntriesIsSaid: what is beyond the limit cannot be
// read, and the other containers can.
func TestADirectoryWithTooManyEntriesIsSaid(t *testing.T) {
	root := tree(t, web+"/app/0.log", web+"/full/")
	for i := range maxEntries + 1 {
		if err := os.Link(filepath.Join(root, web, "app/0.log"), filepath.Join(root, web, "full", fmt.Sprint(i))); err != nil {
			t.Fatal(err)
		}
	}
	var found []string
	err := newReceiver(t, root, nil).Scan(t.Context(), "", func(t tail.Target) { found = append(found, t.Name) })
	var many *confine.TooMany
	if !errors.As(err, &many) || many.Name != filepath.Join(root, web, "full") {
		t.Errorf("got %v", err)
	}
	if !slices.Equal(found, []string{web + "/app/0.log"}) {
		t.Errorf("found %q", found)
	}
}

func TestScanDoesNotFollowLinks(t *testing.T) {
	outside := tree(t, "c/0.log")
	root := tree(t, "shop_web_uid/c/0.log")
	for _, link := range []string{"shop_link_uid", "shop_web_uid/link"} {
		if err := os.Symlink(outside, filepath.Join(root, link)); err != nil {
			t.Fatal(err)
		}
	}
	got := summaries(targets(t, newReceiver(t, root, nil), ""))
	want := []string{
		"shop_link_uid refused: a symbolic link is in its path",
		"shop_web_uid/c/0.log",
		"shop_web_uid/link refused: a symbolic link is in its path",
	}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestIncludeExclude(t *testing.T) {
	for _, tt := range []struct {
		name             string
		include, exclude []string
		want             string
	}{
		{"all", nil, nil, ""},
		{"namespace", []string{"shop"}, nil, ""},
		{"pattern", []string{"sh*/web-*/w?b"}, nil, ""},
		{"another", []string{"kube-system"}, nil, "include: no pattern matches shop/web-1/web"},
		{"one of several", []string{"kube-system", "shop/web-1"}, nil, ""},
		{"excluded", nil, []string{"*/web-1"}, "exclude: */web-1"},
		{"exclude wins", []string{"shop/web-1/web"}, []string{"shop"}, "exclude: shop"},
		{"excludes another container", nil, []string{"*/*/sidecar"}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			root := tree(t, "shop_web-1_uid/web/0.log")
			r := newReceiver(t, root, func(c *Config, _ *Options) { c.Include, c.Exclude = tt.include, tt.exclude })
			if got := targets(t, r, "")[0].Excluded; got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestOwnPodIsExcluded(t *testing.T) {
	root := tree(t, "ops_tailrace-x_uid/tailrace/0.log", "ops_other_uid/c/0.log")
	r := newReceiver(t, root, func(_ *Config, o *Options) { o.OwnNamespace, o.OwnPod = "ops", "tailrace-x" })
	got := summaries(targets(t, r, ""))
	want := []string{
		"ops_other_uid/c/0.log",
		"ops_tailrace-x_uid/tailrace/0.log excluded by exclude: ops/tailrace-x",
	}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// A scan of one directory finds the same as a scan of all does there.
func TestScanBelow(t *testing.T) {
	root := tree(t, web+"/web/0.log", web+"/sidecar/0.log", "ops_other_uid/c/0.log")
	r := newReceiver(t, root, nil)
	for under, want := range map[string]int{
		"":                        3,
		root:                      3,
		root + "/" + web:          2,
		root + "/" + web + "/web": 1,
		root + "/ops_other_uid":   1,
		root + "/gone_gone_gone":  0,
		root + "x":                0,
		"/elsewhere":              0,
	} {
		if got := targets(t, r, under); len(got) != want {
			t.Errorf("%s: found %d, want %d", under, len(got), want)
		}
	}
	want := []string{root, root + "/" + web, root + "/" + web + "/sidecar", root + "/" + web + "/web",
		root + "/ops_other_uid", root + "/ops_other_uid/c"}
	watched := r.Watch()
	slices.Sort(watched)
	slices.Sort(want)
	if diff := gocmp.Diff(want, watched); diff != "" {
		t.Error(diff)
	}
}

// The kubelet makes the root with the first pod.
func TestRootComesLater(t *testing.T) {
	root := filepath.Join(t.TempDir(), "pods")
	r := newReceiver(t, root, nil)
	if got := targets(t, r, ""); len(got) != 0 {
		t.Errorf("found %v", got)
	}
	if err := os.MkdirAll(root+"/shop_web_uid/c", 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(root+"/shop_web_uid/c/0.log", nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if got := targets(t, r, ""); len(got) != 1 {
		t.Errorf("found %v", got)
	}
}

func TestDescribe(t *testing.T) {
	root := tree(t, web+"/web/3.log")
	r := newReceiver(t, root, func(_ *Config, o *Options) { o.Node = `node"1` })
	target := targets(t, r, "")[0]
	src := r.Describe(&target)
	if src.Namespace != "shop" || src.Pod != "web-7d9f.x" || src.PodUID != "0f0e6f0a-3c0b-4a52-9d3a-2a8f5f6d7c11" ||
		src.ContainerName != "web" || src.Restart != 3 || src.Container != web+"/web" {
		t.Errorf("got %+v", src)
	}
	if want := web + "/web/3"; target.PathIdentity != want {
		t.Errorf("path identity %s, want %s", target.PathIdentity, want)
	}
	var got []string
	for _, a := range src.Resource {
		got = append(got, a.Name+"="+a.Value)
	}
	want := []string{
		`service.name="web"`,
		`service.namespace="shop"`,
		`service.instance.id="shop.web-7d9f.x.web"`,
		`k8s.namespace.name="shop"`,
		`k8s.pod.name="web-7d9f.x"`,
		`k8s.pod.uid="0f0e6f0a-3c0b-4a52-9d3a-2a8f5f6d7c11"`,
		`k8s.container.name="web"`,
		`k8s.container.restart_count=3`,
		`k8s.node.name="node\"1"`,
	}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestStartAt(t *testing.T) {
	now := time.Date(2026, 3, 5, 10, 11, 12, 0, time.UTC)
	for s, want := range map[string]tail.Start{
		"beginning":            {},
		"end":                  {End: true},
		"2h":                   {Since: now.Add(-2 * time.Hour)},
		"2026-03-05T10:00:00Z": {Since: now.Add(-11*time.Minute - 12*time.Second)},
	} {
		r := newReceiver(t, tree(t, "shop_web_uid/c/0.log"), func(c *Config, o *Options) { c.StartAt, o.Now = s, now })
		if got := targets(t, r, "")[0].Start; got != want {
			t.Errorf("%s: got %v, want %v", s, got, want)
		}
	}
}

func TestValidate(t *testing.T) {
	for want, change := range map[string]func(*Config){
		"root: \"pods\" is no absolute path":        func(c *Config) { c.Root = "pods" },
		"allowed_roots: \"x\" is no absolute path":  func(c *Config) { c.AllowedRoots = []string{"/y", "x"} },
		"start_at: \"yesterday\" is no place":       func(c *Config) { c.StartAt = "yesterday" },
		"start_at: \"-2h\" is no place":             func(c *Config) { c.StartAt = "-2h" },
		"include: \"a/b/c/d\": write namespace":     func(c *Config) { c.Include = []string{"a/b/c/d"} },
		"exclude: \"[a\" is no pattern":             func(c *Config) { c.Exclude = []string{"[a"} },
		"exclude: \"\": write namespace, namespace": func(c *Config) { c.Exclude = []string{""} },
	} {
		cfg := DefaultConfig()
		if err := cfg.Validate(); err != nil {
			t.Fatalf("the default configuration: %v", err)
		}
		change(&cfg)
		if err := cfg.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}
