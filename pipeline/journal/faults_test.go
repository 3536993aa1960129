package journal

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tailrace/tailrace/internal/vfs"
	"github.com/tailrace/tailrace/internal/vfs/crashfs"
)

// once is an error at the n-th call, and none at others.
func once(n int, err error) func() error {
	calls := 0
	return func() error {
		if calls++; calls == n {
			return err
		}
		return nil
	}
}

func TestNothingAcknowledgedIsLostWhenAnyFsyncFails(t *testing.T) {
	for at := 1; at <= 60; at++ {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld()
			fail := once(at, syscall.EIO)
			w.disk.FailSyncs(func(string) error { return fail() })
			if err := w.history(ends{}); err != nil {
				t.Fatalf("fsync %d failed: %v", at, err)
			}
		})
	}
}

func TestNothingAcknowledgedIsLostWhenAnyOperationFails(t *testing.T) {
	n := countOperations(t)
	for _, cause := range []error{syscall.ENOSPC, syscall.EIO} {
		for at := 1; at <= n; at += stride {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				fail := once(at, cause)
				w.mutate = func(vfs.Op) error { return fail() }
				if err := w.history(ends{}); err != nil {
					t.Fatalf("%v at operation %d: %v", cause, at, err)
				}
			})
		}
	}
}

func TestSegmentIsNeverTouchedAgainAfterAFailedFsync(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := crashfs.New()
		failed := false
		var after []string
		j := open(t, Options{Dir: "/logs", FS: vfs.WithHook(disk, func(op vfs.Op) error {
			if failed && strings.HasSuffix(op.Name, "1.ndjson.gz") && op.Kind != vfs.OpRemove {
				after = append(after, op.Name)
			}
			return nil
		})})
		appendAll(t, j, sample{docs: 2, tag: "1", size: 200})
		flush(t, j)
		fail := once(1, syscall.EIO)
		disk.FailSyncs(func(name string) error {
			err := fail()
			failed = failed || err != nil
			return err
		})
		appendAll(t, j, sample{docs: 2, tag: "2", size: 200})
		appendAll(t, j, sample{docs: 2, tag: "3", size: 200})
		flush(t, j)
		if !failed || len(after) > 0 {
			t.Errorf("fsync failed: %v; operations on the segment after it: %q", failed, after)
		}
		j.Close()

		again := open(t, Options{Dir: "/logs", FS: disk.Crash(crashfs.LoseAll, 0)})
		if got := numbers(t, again); got != "1 2 3" {
			t.Errorf("frames after the crash: %s", got)
		}
	})
}

// flush waits until all that was appended is durable.
func flush(t testing.TB, j *Journal) {
	t.Helper()
	if err := j.Flush(context.Background()); err != nil {
		t.Fatal(err)
	}
}

// numbers lists the frames that a Reader sees.
func numbers(t testing.TB, j *Journal) string {
	t.Helper()
	var list []string
	r := NewReader(j.opts.FS, j.opts.Dir)
	segments, err := r.Segments()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range segments {
		_, err := r.Entries(context.Background(), s, 0, func(e *Entry) error {
			list = append(list, fmt.Sprint(e.Seq))
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return strings.Join(list, " ")
}

func TestFullDiskStopsAppendingAndNothingElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := crashfs.New()
		disk.SetLimit(40 << 10)
		j := open(t, Options{Dir: "/logs", FS: disk})
		c, err := j.Cursor("slow", CursorOptions{})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
		defer cancel()
		appended := 0
		for ; appended < 100; appended++ {
			if err := j.Append(ctx, sample{docs: 2, tag: fmt.Sprint(appended), size: 300}.seal()); err != nil {
				break
			}
			short, stop := context.WithTimeout(ctx, time.Minute)
			err := j.Flush(short)
			stop()
			if err != nil {
				break
			}
		}
		if st := j.Stats(); st.Trouble == nil || st.Durable == 0 {
			t.Fatalf("on a full disk the figures are %+v", st)
		}
		disk.SetLimit(1 << 20)
		if err := j.Flush(ctx); err != nil {
			t.Fatalf("after space was freed: %v", err)
		}
		if st := j.Stats(); st.Trouble != nil || st.Durable != uint64(appended+1) {
			t.Errorf("after space was freed the figures are %+v; want %d frames", st, appended+1)
		}
		for want := uint64(1); want <= uint64(appended+1); want++ {
			f, err := c.Next(ctx)
			if err != nil || f.Meta.Seq != want {
				t.Fatalf("Next = %v, %v; want frame %d", f, err, want)
			}
		}
	})
}

func TestOwnIndexNeedsNoDiskToBeRight(t *testing.T) {
	dir := t.TempDir()
	j := open(t, Options{Dir: dir, SegmentSize: 2 << 10})
	for i := range 8 {
		appendAll(t, j, sample{docs: 1, tag: fmt.Sprint(i), size: 900})
		flush(t, j)
	}
	want := numbers(t, j)
	j.Close()
	indexes, err := filepath.Glob(filepath.Join(dir, "*.idx"))
	if err != nil || len(indexes) < 2 {
		t.Fatalf("indexes: %q, %v", indexes, err)
	}
	damageFile(t, indexes[0], 40)
	remove(t, indexes[1])
	again := open(t, Options{Dir: dir})
	if got := numbers(t, again); got != want {
		t.Errorf("frames %s, want %s", got, want)
	}
	if st := again.Stats(); st.Recovery.Rebuilt < 2 || st.Recovery.Damaged != 0 {
		t.Errorf("recovery %+v", st.Recovery)
	}
}
