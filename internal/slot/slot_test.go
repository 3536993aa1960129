package slot

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/tailrace/tailrace/internal/vfs"
	"github.com/tailrace/tailrace/internal/vfs/crashfs"
)

const name = "/file.slot"

func create(t *testing.T, fsys vfs.FS, value string) *File {
	t.Helper()
	f, err := Create(fsys, name, 100, []byte(value))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func reopen(t *testing.T, fsys vfs.FS) *File {
	t.Helper()
	f, err := Open(fsys, name)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func write(t *testing.T, f *File, value string, sync bool) {
	t.Helper()
	if err := f.Write([]byte(value)); err != nil {
		t.Fatal(err)
	}
	if sync {
		if err := f.Sync(); err != nil {
			t.Fatal(err)
		}
	}
}

// values are a file's, newest first.
func values(f *File) string {
	return fmt.Sprintf("%s@%d %s@%d", f.Newest().Payload, f.Newest().Generation, f.Older().Payload, f.Older().Generation)
}

func TestMissingFile(t *testing.T) {
	if _, err := Open(crashfs.New(), name); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Open = %v", err)
	}
}

func TestTheLastSyncedValueSurvivesPowerLoss(t *testing.T) {
	disk := crashfs.New()
	f := create(t, disk, "one")
	write(t, f, "two", true)
	write(t, f, "three", true)
	write(t, f, "four", false)
	write(t, f, "five", false)
	if got := values(reopen(t, disk.Crash(crashfs.LoseAll, 0))); got != "three@3 two@2" {
		t.Errorf("after power loss: %s", got)
	}
}

func TestTheLastWrittenValueSurvivesAKill(t *testing.T) {
	disk := crashfs.New()
	f := create(t, disk, "one")
	write(t, f, "two", true)
	write(t, f, "three", false)
	write(t, f, "four", false)
	killed := disk.Crash(crashfs.LoseNothing, 0)
	if got := values(reopen(t, killed)); got != "four@4 two@2" {
		t.Errorf("after a kill: %s", got)
	}
	// Opening has made it durable.
	if got := values(reopen(t, killed.Crash(crashfs.LoseAll, 0))); got != "four@4 two@2" {
		t.Errorf("after a kill, a start and power loss: %s", got)
	}
}

func TestAFileThatOutgrowsItsSlotsKeepsBothValues(t *testing.T) {
	disk := crashfs.New()
	f := create(t, disk, "small")
	large := strings.Repeat("x", 10_000)
	write(t, f, large, true)
	f = reopen(t, disk.Crash(crashfs.LoseAll, 0))
	if string(f.Newest().Payload) != large || string(f.Older().Payload) != "small" {
		t.Errorf("values of %d and %d bytes", len(f.Newest().Payload), len(f.Older().Payload))
	}
}

func TestWritingNeedsNoSpace(t *testing.T) {
	disk := crashfs.New()
	f := create(t, disk, "one")
	disk.SetLimit(1)
	for range 5 {
		write(t, f, strings.Repeat("y", 100), true)
	}
}

func TestDamagedSlots(t *testing.T) {
	for _, c := range []struct {
		name    string
		damaged []int64
		want    string
	}{
		{"the newest value", []int64{headerSize}, "two@2 @0"},
		{"the older value", []int64{align + headerSize}, "three@3 @0"},
		{"both", []int64{headerSize, align + headerSize}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			disk := crashfs.New()
			f := create(t, disk, "one")
			write(t, f, "two", true)
			write(t, f, "three", true)
			for _, at := range c.damaged {
				disk.Corrupt(name, at, 0x10)
			}
			f, err := Open(disk, name)
			if c.want == "" {
				if !errors.Is(err, ErrDamaged) {
					t.Errorf("Open = %v, want ErrDamaged", err)
				}
				return
			}
			if err != nil || values(f) != c.want {
				t.Fatalf("%s, %v; want %s", values(f), err, c.want)
			}
			write(t, f, "four", true)
			if got := string(reopen(t, disk).Newest().Payload); got != "four" {
				t.Errorf("after writing again: %s", got)
			}
		})
	}
}

func TestAfterAFailedSyncANewFileIsMade(t *testing.T) {
	disk := crashfs.New()
	f := create(t, disk, "one")
	disk.FailSyncs(func(string) error { return syscall.EIO })
	if err := f.Write([]byte("two")); err != nil {
		t.Fatal(err)
	}
	if err := f.Sync(); !errors.Is(err, syscall.EIO) {
		t.Fatalf("Sync = %v", err)
	}
	disk.FailSyncs(nil)
	if err := f.Sync(); err != nil {
		t.Fatal(err)
	}
	if got := values(reopen(t, disk.Crash(crashfs.LoseAll, 0))); got != "two@2 one@1" {
		t.Errorf("after the second sync and power loss: %s", got)
	}
}

// TestPowerLossAtEveryOperation writes and syncs numbers, loses power, and
// wants a number that is at least the last synced one.
func TestPowerLossAtEveryOperation(t *testing.T) {
	for _, loss := range []crashfs.Loss{crashfs.LoseAll, crashfs.LoseSome, crashfs.KeepHeads} {
		for at := 1; at < 80; at++ {
			disk := crashfs.New()
			synced, written := numbersUntil(disk, at)
			f, err := Open(disk.Crash(loss, uint64(at)), name)
			if synced == 0 {
				continue
			}
			if err != nil {
				t.Fatalf("loss %d at operation %d, after %d was synced: %v", loss, at, synced, err)
			}
			if got := len(f.Newest().Payload); got < synced || got > written {
				t.Errorf("loss %d at operation %d: value %d; %d was synced and %d written", loss, at, got, synced, written)
			}
		}
	}
}

// numbersUntil writes payloads of growing length until the disk goes.
func numbersUntil(disk *crashfs.FS, at int) (synced, written int) {
	n := 0
	fsys := vfs.WithHook(disk, func(vfs.Op) error {
		if n++; n == at {
			disk.Kill()
		}
		return nil
	})
	f, err := Create(fsys, name, 1, []byte{0})
	if err != nil {
		return 0, 0
	}
	for written = 1; ; {
		synced = written
		for range 2 {
			written += 700
			if f.Write(make([]byte, written)) != nil {
				return synced, written
			}
		}
		if f.Sync() != nil {
			return synced, written
		}
	}
}

func FuzzDecode(f *testing.F) {
	good := encode(nil, Value{Payload: []byte("payload"), Generation: 3})
	f.Add(good)
	f.Add(good[:headerSize])
	f.Add(make([]byte, align))
	f.Fuzz(func(t *testing.T, b []byte) {
		v, err := decode(b)
		if err != nil {
			return
		}
		again, err := decode(encode(nil, v))
		if err != nil || again.Generation != v.Generation || string(again.Payload) != string(v.Payload) {
			t.Errorf("%+v came back as %+v, %v", v, again, err)
		}
	})
}

func TestOnTheRealDisk(t *testing.T) {
	path := t.TempDir() + name
	f, err := Create(vfs.OS{}, path, 100, []byte("one"))
	if err != nil {
		t.Fatal(err)
	}
	write(t, f, "two", true)
	f.Close()
	if f, err = Open(vfs.OS{}, path); err != nil || values(f) != "two@2 one@1" {
		t.Errorf("%s, %v", values(f), err)
	}
	f.Close()
	if st, err := os.Stat(path); err != nil || st.Size() != 2*align {
		t.Errorf("the file has %d bytes, %v", st.Size(), err)
	}
}
