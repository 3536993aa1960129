package checkpoint

import (
	"testing"
	"time"

	"github.com/tailrace/tailrace/internal/vfs"
	"github.com/tailrace/tailrace/internal/vfs/crashfs"
)

// While positions are saved to a disk that hangs, frames are applied and
// everybody is told of them; the next Save contains them.
func TestSavingHoldsUpNobody(t *testing.T) {
	disk := crashfs.New()
	began, goOn := make(chan struct{}), make(chan struct{})
	hung := false
	fsys := vfs.WithHook(disk, func(op vfs.Op) error {
		if op.Kind == vfs.OpSync && !hung {
			hung = true
			close(began)
			<-goOn
		}
		return nil
	})
	s := open(t, fsys)
	s.Apply(meta(1, 1, 10))
	saved := make(chan error, 1)
	go func() {
		_, err := s.Save()
		saved <- err
	}()
	<-began
	done := make(chan struct{})
	go func() {
		s.Apply(meta(2, 2, 20))
		if s.Total().Lines != 4 || len(s.All()) != 2 || s.Seq() != 2 {
			t.Errorf("%d lines of %d files", s.Total().Lines, len(s.All()))
		}
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(time.Minute):
		t.Error("the positions wait for the disk")
	}
	close(goOn)
	<-done
	if err := <-saved; err != nil {
		t.Fatal(err)
	}
	if got := open(t, disk.Left(crashfs.LoseAll, 0)).Seq(); got != 1 {
		t.Errorf("saved up to frame %d", got)
	}
	save(t, s)
	if got := open(t, disk.Left(crashfs.LoseAll, 0)).Seq(); got != 2 {
		t.Errorf("then up to frame %d", got)
	}
}
