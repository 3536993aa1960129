package journal

import (
	"fmt"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tailrace/tailrace/internal/vfs/crashfs"
	"github.com/tailrace/tailrace/internal/vfs/errfs"
)

// troubles are what a disk can have for a while.
var troubles = map[string]errfs.Fault{
	"the disk is full":             errfs.Full(),
	"the disk is read-only":        errfs.ReadOnly(),
	"nothing can be read":          {Calls: []errfs.Call{errfs.Read, errfs.OpenRead, errfs.List, errfs.Stat}, Err: syscall.EIO},
	"every call fails":             {Err: syscall.EIO},
	"writes are short, once":       {Calls: []errfs.Call{errfs.Extend}, Times: 1, Err: syscall.ENOSPC, Short: true},
	"renames fail on a full disk":  {Calls: []errfs.Call{errfs.Rename}, Err: syscall.ENOSPC},
	"directories cannot be synced": {Calls: []errfs.Call{errfs.SyncDir}, Err: syscall.EIO},
	"nothing can be opened":        {Calls: []errfs.Call{errfs.OpenRead, errfs.OpenWrite, errfs.Create}, Err: syscall.EMFILE},
	"an fsync takes half a minute": {Calls: []errfs.Call{errfs.Sync}, Name: segmentSuffix, Times: 1, Stall: 30 * time.Second},
	"one call fails":               {Times: 1, Err: syscall.EIO},
}

// endure lives through a fault that lasts a minute, without a restart, and
// then loses power. It says how many calls the fault hit.
func (w *world) endure(fault errfs.Fault) (fired int, err error) {
	disk := errfs.New(w.disk)
	trouble := disk.Inject(fault)
	end := time.AfterFunc(time.Minute, trouble.End)
	defer end.Stop()
	l := &life{world: w, fs: disk, patient: true}
	if err := l.start(); err != nil {
		return trouble.Fired(), fmt.Errorf("it does not start: %w, %w", err, l.broken)
	}
	for i := range script {
		if err := l.step(i); err != nil {
			return trouble.Fired(), fmt.Errorf("it does not go on: %w", err)
		}
	}
	if why := l.journal.Stats().Trouble; why != nil {
		l.fail("after it is over the journal is still in trouble: %v", why)
	}
	l.journal.Close()
	l.checkpoint.Close()
	w.disk = w.disk.Crash(crashfs.LoseAll, 0)
	if l.broken == nil {
		l.broken = w.live(0, 2)
	}
	return trouble.Fired(), l.broken
}

// TestJournalRecoversByItselfWhenTheDiskDoes begins each trouble at each call
// of an agent's life.
func TestJournalRecoversByItselfWhenTheDiskDoes(t *testing.T) {
	for name, fault := range troubles {
		t.Run(name, func(t *testing.T) {
			hits := 0
			for fired := true; fired; fault.After += stride {
				synctest.Test(t, func(t *testing.T) {
					n, err := newWorld().endure(fault)
					if err != nil {
						t.Fatalf("after %d calls: %v", fault.After, err)
					}
					fired = n > 0
					hits += n
				})
				if t.Failed() {
					return
				}
			}
			if hits == 0 {
				t.Error("the fault never hit a call")
			}
		})
	}
}

// TestStoreRecoversByItselfWhenTheDiskDoes lets one call after the other of a
// store's life fail, some times in a row, and then loses power.
func TestStoreRecoversByItselfWhenTheDiskDoes(t *testing.T) {
	for name, fault := range map[string]errfs.Fault{
		"any call fails":              {Times: 1, Err: syscall.EIO},
		"several calls fail":          {Times: 9, Err: syscall.EIO},
		"the disk is full":            {Calls: errfs.Needing(), Times: 9, Err: syscall.ENOSPC, Short: true},
		"the disk is read-only":       {Calls: errfs.Changing(), Times: 9, Err: syscall.EROFS},
		"renames fail on a full disk": {Calls: []errfs.Call{errfs.Rename}, Times: 2, Err: syscall.ENOSPC},
	} {
		t.Run(name, func(t *testing.T) {
			for hit := true; hit; fault.After++ {
				disk := crashfs.New()
				fsys := errfs.New(disk)
				trouble := fsys.Inject(fault)
				l := newStoreLife()
				l.tries = 100
				if err := l.run(fsys); err != nil {
					t.Fatalf("after %d calls: it does not go on: %v", fault.After, err)
				}
				if err := l.judge(disk.Crash(crashfs.LoseAll, 0)); err != nil {
					t.Fatalf("after %d calls: %v", fault.After, err)
				}
				hit = trouble.Fired() > 0
			}
			if fault.After < 2 {
				t.Error("the fault never hit a call")
			}
		})
	}
}

// A disk that does not answer is told of while it does not, with what to look
// at, and no more when it does.
func TestStallIsToldOfWhileItLasts(t *testing.T) {
	for name, call := range map[string]errfs.Fault{
		"an fsync of a segment": {Calls: []errfs.Call{errfs.Sync}, Name: segmentSuffix},
		"a write":               {Calls: []errfs.Call{errfs.Extend}, Name: segmentSuffix},
		"a cursor's fsync":      {Calls: []errfs.Call{errfs.Sync}, Name: cursorSuffix},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { tellsOfStall(t, call) })
		})
	}
}

func tellsOfStall(t *testing.T, call errfs.Fault) {
	disk := errfs.New(crashfs.New())
	j, err := Open(Options{Dir: "/logs", FS: disk})
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	c, err := j.Cursor("x", CursorOptions{StartAtBeginning: true})
	if err != nil {
		t.Fatal(err)
	}
	pass := func() {
		f, err := c.Next(t.Context())
		if err == nil {
			err = c.Advance(f, Result{})
		}
		if err != nil {
			t.Error(err)
		}
	}
	appendAll(t, j, sample{docs: 1, tag: "synced"}, sample{docs: 1, tag: "not synced"})
	pass()
	pass()
	time.Sleep(2 * syncInterval)
	call.Times, call.Stall = 1, 30*time.Second
	hit := disk.Inject(call)
	appendAll(t, j, sample{docs: 1, tag: "late"})
	synctest.Wait()
	if hit.Fired() == 0 {
		t.Fatal("the disk does not stall")
	}
	begun := time.Now()
	for _, look := range []struct {
		after time.Duration
		want  string
	}{
		{4 * time.Second, ""}, {10 * time.Second, "the disk has not answered for 10s; see whether this disk"}, {31 * time.Second, ""},
	} {
		time.Sleep(look.after - time.Since(begun))
		said := ""
		if err := j.Stats().Trouble; err != nil {
			said = err.Error() + "; " + Cure(err)
		}
		if !strings.HasPrefix(said, look.want) || look.want == "" && said != "" {
			t.Errorf("after %s it says %q", look.after, said)
		}
	}
}
