package journal

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/tailrace/tailrace/internal/slot"
)

// storeState is what a store keeps beside its bundles, as JSON in a slot.
type storeState struct {
	Version int `json:"version"`
	// Next is the highest number that a bundle had when this was written.
	Next uint64 `json:"next"`
	// Results are what became of bundles, by exporter.
	Results map[string]Result `json:"results"`
	// Intent is what was being done. Whether it was is seen by the bundle, so
	// that a crash neither loses nor doubles the figures.
	Intent *intent `json:"intent,omitempty"`
}

// intent is that the bundle Seq comes to have Left documents, and that the
// others have had Result.
type intent struct {
	Seq      uint64 `json:"seq"`
	Exporter string `json:"exporter"`
	Left     int    `json:"left"`
	Result   Result `json:"result"`
}

const (
	stateName      = "state.slot"
	reserveName    = "reserve"
	storeCapacity  = 8 << 10
	maxBundleBytes = 1 << 30
)

// conclude counts what was intended: it has happened. Nothing need be written
// now, since a start comes to the same conclusion.
func (s *storeState) conclude() {
	r := s.Results[s.Intent.Exporter]
	r.Add(s.Intent.Result)
	s.Results[s.Intent.Exporter] = r
}

// intend writes what is about to be done, durably, and does it. do says
// whether it has happened, which it may have with an error.
func (s *Store) intend(i intent, do func() (done bool, err error)) error {
	// What was done before must be certain: the intent that tells of it is
	// replaced.
	if err := s.syncNames(); err != nil {
		return err
	}
	s.state.Intent = &i
	defer func() { s.state.Intent = nil }()
	if err := s.slot.Write(s.state.encode()); err != nil {
		return err
	}
	if err := s.slot.Sync(); err != nil {
		return err
	}
	done, err := do()
	if done {
		s.state.conclude()
	}
	return err
}

func (s *storeState) encode() []byte {
	s.Version = stateVersion
	b, err := json.Marshal(s)
	if err != nil {
		panic(err) // strings and numbers only: cannot fail
	}
	return b
}

func (s *storeState) parse(b []byte) error {
	if err := parseVersioned(b, s); err != nil {
		return err
	}
	if s.Results == nil {
		return errors.New("it has no results")
	}
	return nil
}

// load reads the state and the bundles.
func (s *Store) load() error {
	if err := s.loadState(); err != nil {
		return err
	}
	l, err := list(s.opts.FS, s.opts.Dir)
	if err != nil {
		return err
	}
	for _, name := range l.stray {
		if err := s.opts.FS.Remove(name); err != nil {
			return err
		}
	}
	for _, seq := range l.segments {
		s.admit(seq)
	}
	return s.reconcile()
}

func (s *Store) loadState() error {
	path := filepath.Join(s.opts.Dir, stateName)
	f, err := slot.Open(s.opts.FS, path)
	if err == nil {
		s.slot = f
		if err = s.state.parse(f.Newest().Payload); err == nil {
			return nil
		}
		f.Close()
		if errors.Is(err, slot.ErrVersion) {
			return fmt.Errorf("%s: %w", path, err)
		}
		err = fmt.Errorf("%w: %w", slot.ErrDamaged, err)
	}
	if !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, slot.ErrDamaged) {
		return err
	}
	if errors.Is(err, slot.ErrDamaged) {
		s.opts.Logger.Error("the figures of a store are lost; what is in it is not", "store", s.opts.Dir, "error", err)
	}
	s.state = storeState{Results: map[string]Result{}}
	s.slot, err = slot.Create(s.opts.FS, path, storeCapacity, s.state.encode())
	return err
}

// admit takes a bundle in. One that is unreadable is left where it is, for a
// person to look at.
func (s *Store) admit(seq uint64) {
	path := segmentPath(s.opts.Dir, seq)
	s.state.Next = max(s.state.Next, seq)
	b, _, err := readBundle(s.opts.FS, path)
	if err != nil {
		s.opts.Logger.Error("a bundle of refused documents is unreadable and left aside", "file", path, "error", err)
		return
	}
	s.bundles = append(s.bundles, b)
	s.used += b.size
}

// reconcile finds out whether what was intended has happened.
func (s *Store) reconcile() error {
	i := s.state.Intent
	if i == nil {
		return nil
	}
	at := s.find(i.Seq)
	if at < 0 && i.Left == 0 || at >= 0 && s.bundles[at].Docs == uint64(i.Left) {
		s.state.conclude()
	}
	s.state.Intent = nil
	if err := s.slot.Write(s.state.encode()); err != nil {
		return err
	}
	return s.slot.Sync()
}

// The reserve is a file that takes what is left of the quota, so that nobody
// else's files can fill it. It shrinks before a bundle is written and grows
// when one goes.

// giveReserve leaves room for bundles of used bytes in all.
func (s *Store) giveReserve(used int64) {
	if s.reserve == nil {
		return
	}
	if err := s.reserve.Truncate(max(0, s.opts.Quota-used)); err != nil {
		s.opts.Logger.Warn("the reserved space of a store cannot be used", "store", s.opts.Dir, "error", err)
	}
}

// holdReserve takes what is left of the quota. Without it the store works as
// long as the disk has room.
func (s *Store) holdReserve() {
	err := s.openReserve()
	if err == nil {
		err = s.reserve.Allocate(max(0, s.opts.Quota-s.used))
	}
	if err != nil {
		s.opts.Logger.Warn("the quota of a store cannot be reserved on disk", "store", s.opts.Dir, "quota", s.opts.Quota, "error", err)
	}
}

func (s *Store) openReserve() (err error) {
	if s.reserve != nil {
		return nil
	}
	s.reserve, err = s.opts.FS.OpenFile(filepath.Join(s.opts.Dir, reserveName), os.O_RDWR|os.O_CREATE, 0o640)
	if err != nil {
		s.reserve = nil
		return err
	}
	return s.reserve.Truncate(max(0, s.opts.Quota-s.used))
}
