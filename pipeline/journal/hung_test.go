package journal

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tailrace/tailrace/internal/vfs"
	"github.com/tailrace/tailrace/internal/vfs/crashfs"
)

// hanging is a disk on which, once it is armed, one fsync hangs.
type hanging struct {
	vfs.FS
	armed atomic.Bool
	// began is closed when the fsync hangs, and goOn to let it return.
	began, goOn chan struct{}
}

// hangOn makes an fsync hang of a file with a part in its name.
func hangOn(part string) *hanging {
	h := &hanging{began: make(chan struct{}), goOn: make(chan struct{})}
	h.FS = vfs.WithHook(crashfs.New(), func(op vfs.Op) error {
		if op.Kind == vfs.OpSync && strings.Contains(op.Name, part) && h.armed.Swap(false) {
			close(h.began)
			<-h.goOn
		}
		return nil
	})
	return h
}

// answers fails the test unless ask returns while the fsync hangs.
func (h *hanging) answers(t *testing.T, ask func()) {
	t.Helper()
	<-h.began
	done := make(chan struct{})
	go func() {
		ask()
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(time.Minute):
		t.Error("the figures wait for the disk")
	}
	close(h.goOn)
	<-done
}

// What an exporter has done is told while the fsync of its position hangs, with
// what it has just done included.
func TestFiguresOfACursorDoNotWaitForItsFsync(t *testing.T) {
	h := hangOn(cursorSuffix)
	j := open(t, Options{FS: h.FS, Dir: "/logs"})
	c, err := j.Cursor("x", CursorOptions{})
	if err != nil {
		t.Fatal(err)
	}
	appendAll(t, j, sample{docs: 2, tag: "a"})
	f, err := c.Next(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	h.armed.Store(true)
	advanced := make(chan error, 1)
	go func() { advanced <- c.Advance(f, Result{Delivered: 2}) }()
	h.answers(t, func() {
		if st := j.Stats(); st.Cursors[0].Result.Delivered != 2 || st.Cursors[0].Pending.Frames != 0 {
			t.Errorf("%+v", st.Cursors)
		}
	})
	if err := <-advanced; err != nil {
		t.Error(err)
	}
}

func TestFiguresOfAStoreDoNotWaitForItsFsync(t *testing.T) {
	h := hangOn(segmentSuffix)
	s, err := OpenStore(StoreOptions{FS: h.FS, Dir: "/park", Quota: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	h.armed.Store(true)
	done := make(chan error, 1)
	go func() { done <- s.Put(context.Background(), []Refused{refused("one", 1, "a")}) }()
	h.answers(t, func() {
		if st := s.Stats(); len(st) != 0 {
			t.Errorf("told before it is durable: %+v", st)
		}
	})
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if st := s.Stats(); len(st) != 1 || st[0].Docs != 1 {
		t.Errorf("%+v", st)
	}
}
