package checkpoint

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/tailrace/tailrace/internal/vfs/crashfs"
)

// run lets an agent run that saves every minute.
func run(t *testing.T, s *Store, d time.Duration) {
	t.Helper()
	for range d / time.Minute {
		time.Sleep(time.Minute)
		save(t, s)
	}
}

func TestAClockThatIsSetForgetsNoPosition(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, crashfs.New())
		for i, jump := range []time.Duration{0, 48 * time.Hour, -96 * time.Hour} {
			m := meta(uint64(i+1), uint32(i+1), 1)
			m.JournalTime += int64(jump)
			m.Sources[0].Final = true
			s.Apply(m)
			run(t, s, 5*time.Minute)
		}
		if got := paths(s); got != "1 2 3" {
			t.Errorf("after a clock went two days ahead and four back: %s, want all", got)
		}
		run(t, s, 25*time.Hour)
		if got := paths(s); got != "" {
			t.Errorf("a day later: %s, want nothing", got)
		}
	})
}

func TestTimeThatTheAgentHasNotSeenIsNoAbsence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, crashfs.New())
		s.Apply(meta(1, 1, 1))
		s.Present(meta(0, 1, 0).Sources[0].ID, false)
		time.Sleep(25 * time.Hour) // stopped
		save(t, s)
		if got := paths(s); got != "1" {
			t.Errorf("after a day without a look: %q, want 1", got)
		}
	})
}

func TestAbsenceGoesOnAfterARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := crashfs.New()
		s := open(t, disk)
		s.Apply(meta(1, 1, 1))
		s.Present(meta(0, 1, 0).Sources[0].ID, false)
		run(t, s, 13*time.Hour)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(48 * time.Hour) // not running
		s = open(t, disk)
		run(t, s, 10*time.Hour)
		if got := paths(s); got != "1" {
			t.Errorf("after 23 hours: %q, want 1", got)
		}
		run(t, s, 3*time.Hour)
		if got := paths(s); got != "" {
			t.Errorf("after 26 hours, of which the restart may have forgotten one: %q, want nothing", got)
		}
	})
}
