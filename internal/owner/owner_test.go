package owner

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/tailrace/tailrace/internal/slot"
	"github.com/tailrace/tailrace/internal/vfs"
	"github.com/tailrace/tailrace/internal/vfs/crashfs"
)

var now = time.Unix(1_700_000_000, 0)

func take(t *testing.T, dir, node string) Finding {
	t.Helper()
	f, err := Take(vfs.OS{}, dir, node, now)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestADirectoryKeepsItsOwner(t *testing.T) {
	dir := t.TempDir()
	if f := take(t, dir, "a"); !f.New || f.NewCopy || f.NewNode {
		t.Errorf("a new directory: %+v", f)
	}
	for range 3 {
		if f := take(t, dir, "a"); f.New || f.NewCopy || f.NewNode || f.Behind(now) || f.JustMoved(now) {
			t.Errorf("the same directory: %+v", f)
		}
	}
	moved := dir + "-elsewhere"
	if err := os.Rename(dir, moved); err != nil {
		t.Fatal(err)
	}
	if f := take(t, moved, "a"); f.NewCopy {
		t.Errorf("under another name: %+v", f)
	}
}

// Who receives frames tells them apart by the id and their numbers.
func TestADirectoryHasAnIDThatNoOtherHas(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	first := take(t, dir, "a").ID
	if again := take(t, dir, "a").ID; len(first) != 32 || again != first {
		t.Errorf("first %q, then %q", first, again)
	}
	shell(t, `cp -a "$1" "$2"`, dir, dir+"-2")
	copied := take(t, dir+"-2", "a").ID
	moved := take(t, dir, "b").ID
	if copied == first || moved == first || moved == copied || take(t, dir, "b").ID != moved {
		t.Errorf("the original has %q, its copy %q, after a change of node %q", first, copied, moved)
	}
}

func TestADirectoryOfAnOlderVersionGetsAnID(t *testing.T) {
	dir := t.TempDir()
	found := take(t, dir, "a")
	f, _, err := open(vfs.OS{}, dir)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	found.ID = ""
	if err := found.store(vfs.OS{}, dir, f); err != nil {
		t.Fatal(err)
	}
	first := take(t, dir, "a")
	if first.ID == "" || first.NewCopy || take(t, dir, "a").ID != first.ID {
		t.Errorf("%+v", first)
	}
}

// However a directory is copied or restored, it is noticed at the first start,
// and for a day what it says may be behind.
func TestACopyIsNoticedOnce(t *testing.T) {
	for how, command := range map[string]string{
		"copied":                     `cp -r "$1" "$2"`,
		"copied with its times":      `cp -a "$1" "$2"`,
		"in place of the old one":    `cp -a "$1" "$1.bak" && rm -r "$1" && mv "$1.bak" "$2"`,
		"over the files of the old":  `cp -a "$1" "$1.bak" && cp -a "$1.bak/." "$1/" && mv "$1" "$2"`,
		"from an archive":            `tar -C "$1" -cf "$1.tar" . && mkdir "$2" && tar -C "$2" -xpf "$1.tar"`,
		"in part: without its mark":  `cp -a "$1" "$2" && rm "$2/owner.mark"`,
		"with a note that is broken": `cp -a "$1" "$2" && printf x | dd of="$2/owner.slot" bs=1 seek=40 conv=notrunc 2>/dev/null`,
	} {
		t.Run(how, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "state")
			if err := os.Mkdir(dir, 0o700); err != nil {
				t.Fatal(err)
			}
			take(t, dir, "a")
			shell(t, command, dir, dir+"-2")
			if f, err := Look(vfs.ReadOnly(vfs.OS{}), dir+"-2", "a", now); err != nil || !f.NewCopy {
				t.Errorf("looked at: %+v, %v", f, err)
			}
			if f := take(t, dir+"-2", "a"); !f.NewCopy || f.Copies != 1 || !f.Behind(now) {
				t.Errorf("at the first start: %+v", f)
			}
			f := take(t, dir+"-2", "a")
			if f.NewCopy || f.Copies != 1 || !f.Behind(now.Add(23*time.Hour)) || f.Behind(now.Add(25*time.Hour)) {
				t.Errorf("at the second: %+v", f)
			}
		})
	}
}

func shell(t *testing.T, command string, args ...string) {
	t.Helper()
	out, err := exec.Command("sh", append([]string{"-ec", command, "sh"}, args...)...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", command, err, out)
	}
}

func TestAnotherNodesDirectoryIsNoticedOnce(t *testing.T) {
	dir := t.TempDir()
	take(t, dir, "a")
	if f := take(t, dir, "b"); !f.NewNode || f.Before != "a" || f.Node != "b" || f.Moves != 1 || f.NewCopy || !f.JustMoved(now) {
		t.Errorf("at the first start: %+v", f)
	}
	if f := take(t, dir, "b"); f.NewNode || f.Before != "a" || f.Node != "b" || f.Moves != 1 {
		t.Errorf("at the second: %+v", f)
	}
}

func TestChangeTimesOfSecondsAreEnough(t *testing.T) {
	for _, c := range []struct {
		noted, found int64
		want         bool
	}{{1_500_000_001, 1_500_000_001, true}, {1_500_000_001, 1_000_000_000, true}, {1_500_000_001, 2_000_000_000, false}, {1_500_000_001, 1_500_000_002, false}} {
		if got := same(c.noted, c.found); got != c.want {
			t.Errorf("%d and %d: %v", c.noted, c.found, got)
		}
	}
}

func TestALaterVersionIsRefused(t *testing.T) {
	dir := t.TempDir()
	f, err := slot.Create(vfs.OS{}, filepath.Join(dir, FileName), capacity, []byte(`{"version":2,"node":["a"]}`))
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
	if _, err := Take(vfs.OS{}, dir, "a", now); !errors.Is(err, slot.ErrVersion) {
		t.Errorf("Take = %v", err)
	}
}

// A first start that loses power anywhere leaves a directory that is taken for
// new or for its own, and never for a copy.
func TestPowerLossAtTheFirstStartMakesNoCopy(t *testing.T) {
	for at := 1; at < 20; at++ {
		disk, n := crashfs.New(), 0
		if err := disk.MkdirAll("/state", 0o700); err != nil {
			t.Fatal(err)
		}
		fsys := vfs.WithHook(disk, func(vfs.Op) error {
			if n++; n == at {
				disk.Kill()
			}
			return nil
		})
		if _, err := Take(fsys, "/state", "a", now); err == nil && n < at && at < 8 {
			t.Fatalf("power was not lost within %d operations", n)
		}
		left := disk.Crash(crashfs.LoseAll, uint64(at))
		f, err := Take(left, "/state", "a", now)
		if err != nil && !errors.Is(err, fs.ErrNotExist) || f.NewCopy {
			t.Errorf("power lost at operation %d: %+v, %v", at, f, err)
		}
	}
}
