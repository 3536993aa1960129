package doctor

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// limits is a directory like the kernel's.
func limits(t *testing.T, watches, instances string) string {
	t.Helper()
	dir := t.TempDir()
	for name, value := range map[string]string{"max_user_watches": watches, "max_user_instances": instances} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(value+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestWatchesThatDoNotSufficeComeWithTheCure(t *testing.T) {
	for _, tt := range []struct {
		name, watches, instances string
		directories, polled      int
		others                   Uses
		want                     State
	}{
		{"plenty", "8192", "128", 100, 0, Uses{}, OK},
		{"scarce", "8192", "128", 5000, 0, Uses{}, Warning},
		{"too few", "8192", "128", 9000, 0, Uses{}, Wrong},
		{"none left for the agent", "8192", "128", 100, 3, Uses{}, Wrong},
		{"taken by others", "8192", "128", 100, 0, Uses{Watches: 8150}, Wrong},
		{"instances taken by others", "8192", "128", 100, 0, Uses{Instances: 128}, Wrong},
		{"no instance", "8192", "0", 100, 0, Uses{}, Wrong},
		{"unreadable", "many", "128", 100, 0, Uses{}, Warning},
	} {
		f := Watches(limits(t, tt.watches, tt.instances), tt.directories, tt.polled, tt.others)
		if f.State != tt.want || (f.Cure == "") != (tt.want == OK) {
			t.Errorf("%s: %+v", tt.name, f)
		}
	}
}

func TestDiskMustHaveRoomAndBeADisk(t *testing.T) {
	dir := t.TempDir()
	for _, tt := range []struct {
		name  string
		disk  Disk
		check string
		want  State
	}{
		{"not there yet", Disk{Directory: dir + "/a/b"}, "journal", OK},
		{"a file in the way", Disk{Directory: "/proc/version/state"}, "journal", Wrong},
		{"read only", Disk{Directory: "/proc/1"}, "journal", Wrong},
		{"larger than the disk", Disk{Directory: dir, MaxSize: 1 << 60}, "disk", Warning},
		{"nothing may be used", Disk{Directory: dir, MinFree: 100}, "disk", Wrong},
	} {
		found := false
		for _, f := range tt.disk.Check() {
			found = found || f.Check == tt.check && f.State == tt.want
		}
		if !found {
			t.Errorf("%s: %+v", tt.name, tt.disk.Check())
		}
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("it left %v, %v", left, err)
	}
}

func TestDescriptorsAreThoseOfTheAgent(t *testing.T) {
	if f := Descriptors(0, 1); f.State == Wrong && f.Cure == "" {
		t.Errorf("%+v", f)
	}
	if f := Descriptors(os.Getpid(), 1<<40); f.State == OK || !strings.Contains(f.Says, "opened again") && f.State == Warning {
		t.Errorf("more files than descriptors: %+v", f)
	}
	if f := Descriptors(1<<30, 1); f.State != Warning {
		t.Errorf("no such process: %+v", f)
	}
}

func TestOwnerOfTheState(t *testing.T) {
	for _, tt := range []struct {
		before string
		copied time.Time
		want   State
	}{{"", time.Time{}, OK}, {"a", time.Time{}, Warning}, {"", time.Unix(1, 0), Warning}} {
		if f := Owner("b", tt.before, tt.copied); f.State != tt.want || (f.Cure == "") != (tt.want == OK) {
			t.Errorf("%+v: %+v", tt, f)
		}
	}
}

func TestClockThatWasNeverSet(t *testing.T) {
	if f := Clock(time.Unix(0, 0)); f.State != Wrong {
		t.Errorf("%+v", f)
	}
	if f := Clock(earliest.Add(time.Hour)); f.State == Wrong {
		t.Errorf("%+v", f)
	}
}

// The lock tells whether an agent works on the journal, and which.
func TestHolderOfALock(t *testing.T) {
	name := filepath.Join(t.TempDir(), "lock")
	if pid, err := Holder(name); pid != 0 || err != nil {
		t.Errorf("no file: %d, %v", pid, err)
	}
	if err := os.WriteFile(name, []byte("4711\n2026-03-05T10:00:00Z\nnode-1\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if pid, err := Holder(name); pid != 0 || err != nil {
		t.Errorf("not locked: %d, %v", pid, err)
	}
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	if pid, err := Holder(name); pid != 4711 || err != nil {
		t.Errorf("locked: %d, %v", pid, err)
	}
}

func TestAgentIsWellOrIsToBeLookedAfter(t *testing.T) {
	stuck := errors.New("stuck")
	for _, tt := range []struct {
		pid    int
		unwell error
		want   State
	}{{7, nil, OK}, {7, stuck, Wrong}, {0, stuck, Warning}, {0, nil, Wrong}} {
		if f := Agent(tt.pid, "alive", tt.unwell); f.State != tt.want {
			t.Errorf("process %d, %v: %+v", tt.pid, tt.unwell, f)
		}
	}
}

// What is printed obeys nothing that a name says, and is coloured only where
// that is wanted.
func TestPrintIsSafe(t *testing.T) {
	r := NewReport([]Finding{fine("log files", "evil\x1b[2J").or(Warning, "rename\nit")})
	var plain, color bytes.Buffer
	if err := errors.Join(r.Print(&plain, false), r.Print(&color, true)); err != nil {
		t.Fatal(err)
	}
	if got, want := plain.String(), "warning  log files      evil\\x1b[2J\n                         cure: rename\\nit\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if !strings.HasPrefix(color.String(), "\x1b[33mwarning\x1b[0m  log files") || !r.Healthy {
		t.Errorf("%q", color.String())
	}
}
