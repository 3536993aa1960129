package tail

import (
	"slices"
	"testing"

	"github.com/tailrace/tailrace/pipeline/event"
	"github.com/tailrace/tailrace/pipeline/frame"
)

// ledgerOf is what a journal knows, and who was said to be absent.
type ledgerOf struct {
	entries []frame.Source
	absent  []string
}

func (l *ledgerOf) Entries() []frame.Source { return l.entries }

func (l *ledgerOf) Find(path string) (found []frame.Source) {
	for _, s := range l.entries {
		if s.Identity.Path == path {
			found = append(found, s)
		}
	}
	return found
}

func (l *ledgerOf) Present(id event.SourceID, present bool) {
	for _, s := range l.entries {
		if s.ID == id && !present {
			l.absent = append(l.absent, s.Identity.Path)
		}
	}
}

// TestOnlyFilesAreMissed: what is told of a container's ends is no file, so it is
// not for the engine to say that it is gone.
func TestOnlyFilesAreMissed(t *testing.T) {
	const container = "shop_web_uid/app"
	known := &ledgerOf{}
	for _, path := range []string{container + "/0", event.TerminationsOf(container), event.TerminationsOf("/var/log")} {
		i := event.Identity{Path: path}
		known.entries = append(known.entries, frame.Source{ID: i.IDOn("node"), Identity: i})
	}
	d := newTenants(t, Limits{})
	d.opts.Positions = known
	d.engine = NewEngine(d.opts)
	for _, l := range d.engine.lanes {
		l.settle()
	}
	slices.Sort(known.absent)
	if want := []string{"/var/log/terminations", container + "/0"}; !slices.Equal(known.absent, want) {
		t.Errorf("absent are %v, want %v", known.absent, want)
	}
}
