package pods

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/tailrace/tailrace/internal/tail"
	"github.com/tailrace/tailrace/pipeline/event"
	"github.com/tailrace/tailrace/pipeline/frame"
)

// docker is a node on which Docker runs the containers: the kubelet's tree has
// a link to the file of each.
type docker struct {
	t                *testing.T
	root, containers string
}

func newDocker(t *testing.T) *docker {
	return &docker{t: t, root: tree(t, web+"/web/"), containers: t.TempDir()}
}

// run starts a container: its log is empty, and the kubelet links to it.
func (d *docker) run(restart int, id string) {
	d.must(os.Mkdir(filepath.Join(d.containers, id), 0o755))
	d.must(os.WriteFile(d.file(id), nil, 0o640))
	d.must(os.Symlink(d.file(id), filepath.Join(d.root, web, "web", fmt.Sprint(restart, ".log"))))
}

// log appends what an application wrote, as the json-file driver does.
func (d *docker) log(id string, lines ...string) {
	f, err := os.OpenFile(d.file(id), os.O_APPEND|os.O_WRONLY, 0)
	d.must(err)
	for i, line := range lines {
		_, err = fmt.Fprintf(f, `{"log":"%s","stream":"stdout","time":"2026-03-05T10:11:12.%09dZ"}`+"\n", line, i)
		d.must(err)
	}
	d.must(f.Close())
}

// rotate does what Docker does when a file has reached max-size (moby,
// daemon/logger/loggerutils, rotate).
func (d *docker) rotate(id string, keep int) {
	for n := keep; n > 1; n-- {
		if err := os.Rename(fmt.Sprint(d.file(id), ".", n-1), fmt.Sprint(d.file(id), ".", n)); err != nil && !os.IsNotExist(err) {
			d.t.Fatal(err)
		}
	}
	d.must(os.Rename(d.file(id), d.file(id)+".1"))
	d.must(os.WriteFile(d.file(id), nil, 0o640))
}

func (d *docker) file(id string) string { return filepath.Join(d.containers, id, id+"-json.log") }

func (d *docker) must(err error) {
	d.t.Helper()
	if err != nil {
		d.t.Fatal(err)
	}
}

func (d *docker) receiver() *Receiver {
	return newReceiver(d.t, d.root, func(c *Config, _ *Options) { c.AllowedRoots = []string{d.containers} })
}

func (d *docker) targets(under string) []string {
	var lines []string
	for _, target := range targets(d.t, d.receiver(), under) {
		if rel, err := filepath.Rel(d.containers, target.Path()); err == nil && filepath.IsLocal(rel) {
			target.Name = "containers/" + rel
		}
		lines = append(lines, summaries([]tail.Target{target})[0])
	}
	return lines
}

// The kubelet's link stays the same while Docker rotates what it leads to.
func TestScanFindsWhatDockerRotated(t *testing.T) {
	d := newDocker(t)
	d.run(0, "aaa")
	d.rotate("aaa", 3)
	d.rotate("aaa", 3)
	d.run(1, "bbb")
	for _, name := range []string{"aaa-json.log.x", "aaa-json.log.1.tmp", "config.v2.json", "hostname"} {
		d.must(os.WriteFile(filepath.Join(d.containers, "aaa", name), nil, 0o600))
	}
	want := []string{
		"containers/aaa/aaa-json.log superseded",
		"containers/aaa/aaa-json.log.1 rotated -1 superseded",
		"containers/aaa/aaa-json.log.2 rotated -2 superseded",
		"containers/bbb/bbb-json.log",
	}
	if diff := gocmp.Diff(want, d.targets("")); diff != "" {
		t.Error(diff)
	}
	all := targets(t, d.receiver(), "")
	for _, target := range all[:3] {
		if target.PathIdentity != web+"/web/0" || target.Chain != all[0].Chain {
			t.Errorf("%s: identity %s, chain %s", target.Name, target.PathIdentity, target.Chain)
		}
	}
}

// Docker's directories are watched, and a scan of one finds what the link in
// the kubelet's tree stands for.
func TestDockersDirectoryIsWatched(t *testing.T) {
	d := newDocker(t)
	d.run(0, "aaa")
	r := d.receiver()
	targets(t, r, "")
	if dir := filepath.Join(d.containers, "aaa"); !slices.Contains(r.Watch(), dir) {
		t.Errorf("watched are %v", r.Watch())
	} else if got := targets(t, r, dir); len(got) != 1 || got[0].Name != "aaa/aaa-json.log" {
		t.Errorf("found %v", got)
	}
	d.must(os.Remove(filepath.Join(d.root, web, "web", "0.log")))
	if got := targets(t, r, ""); len(got) != 0 || len(r.links) != 0 {
		t.Errorf("found %v, watched are %v", got, r.Watch())
	}
}

// A link is followed into an allowed root, and nowhere else.
func TestLinksThatAreNotAllowed(t *testing.T) {
	secret := t.TempDir()
	for _, tt := range []struct {
		name, want string
		dest       func(d *docker) string
	}{
		{"elsewhere", "refused: " + reasonLink, func(*docker) string { return secret + "/0.log" }},
		{"a name that begins like an allowed root", "refused: " + reasonLink, func(d *docker) string { return d.containers + "x/0.log" }},
		{"out of the root by dots", "refused: " + reasonLink, func(d *docker) string { return d.containers + "/../secret/0.log" }},
		{"by dots back into the root", "refused: " + reasonLink, func(d *docker) string { return d.containers + "/x/../aaa/aaa-json.log" }},
		{"relative", "refused: " + reasonLink, func(*docker) string { return "1.log" }},
		{"to the root itself", "refused: " + reasonLink, func(d *docker) string { return d.containers + "/" }},
		{"through another link", "refused: a symbolic link is in its path", func(d *docker) string {
			d.must(os.Symlink(secret, d.containers+"/hop"))
			return d.containers + "/hop/0.log"
		}},
		{"to nothing", "", func(d *docker) string { return d.containers + "/gone/gone-json.log" }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := newDocker(t)
			d.must(os.Symlink(tt.dest(d), filepath.Join(d.root, web, "web", "0.log")))
			got := strings.Join(d.targets(""), "\n")
			if tt.want == "" && got != "" || !strings.Contains(got, tt.want) || strings.Count(got, "\n") > 0 {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// agent is a tailing engine over the node, which remembers what was sealed.
type agent struct {
	t      *testing.T
	lane   *tail.Lane
	stop   func()
	sealed map[event.SourceID]frame.Source
	lines  []string
}

func (d *docker) agent(sealed map[event.SourceID]frame.Source) *agent {
	e := tail.NewEngine(tail.Options{
		Node: "node", Providers: []tail.Provider{d.receiver()}, Positions: positions(sealed), Rescan: time.Hour,
	})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- e.Run(ctx) }()
	a := &agent{t: d.t, lane: e.Lane(0), sealed: sealed}
	a.stop = func() {
		cancel()
		d.must(<-done)
	}
	return a
}

// expect waits until lines were read, and no others before them.
func (a *agent) expect(want ...string) {
	a.t.Helper()
	var b event.Batch
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for len(a.lines) < len(want) && ctx.Err() == nil {
		if !a.lane.Read(&b) {
			a.lane.Wait(ctx, time.Time{})
		}
		for i := range b.Records {
			a.lines = append(a.lines, string(b.Bytes(b.Records[i].Line)))
		}
		b.Reset(nil)
	}
	if diff := gocmp.Diff(want, a.lines); diff != "" {
		a.t.Fatal(diff)
	}
	a.lines = nil
}

// seal remembers the states as a frame does.
func (a *agent) seal() {
	for _, s := range a.lane.States(tail.DefaultClass, nil) {
		a.sealed[s.ID] = s
	}
}

type positions map[event.SourceID]frame.Source

func (p positions) Find(identity string) (found []frame.Source) {
	for _, s := range p {
		if s.Identity.Path == identity {
			found = append(found, s)
		}
	}
	return found
}

func (p positions) Entries() (all []frame.Source) {
	for _, s := range p {
		all = append(all, s)
	}
	return all
}

func (positions) Present(event.SourceID, bool) {}

// Every line that goes through Docker's file is read once and in order, while
// Docker rotates it under the kubelet's link, with the agent there and away,
// also one whose pieces a rotation parts.
func TestDockerRotates(t *testing.T) {
	d := newDocker(t)
	d.run(0, "aaa")
	sealed := map[event.SourceID]frame.Source{}
	a := d.agent(sealed)
	d.log("aaa", `one\n`)
	a.expect("one")
	d.log("aaa", `two\n`, "three, ")
	d.rotate("aaa", 5)
	d.log("aaa", `still three\n`, `four\n`)
	a.expect("two", "three, still three", "four")
	d.log("aaa", "five, ")
	d.rotate("aaa", 5)
	d.log("aaa", "still five, ")
	d.rotate("aaa", 5)
	a.seal()
	a.stop()

	d.rotate("aaa", 5)
	d.log("aaa", `five too\n`, `seven\n`)
	a = d.agent(sealed)
	defer a.stop()
	a.expect("five, still five, five too", "seven")
	d.run(1, "bbb")
	d.log("bbb", `eight\n`)
	a.expect("eight")
	d.rotate("bbb", 5)
	d.log("bbb", `nine\n`)
	a.expect("nine")
}
