// Package checkpoint is a cache of how far each source was read. The journal
// is the truth: the store keeps what its frames said up to a number, and is
// rolled forward at start from the frames behind it.
package checkpoint

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/tailrace/tailrace/internal/slot"
	"github.com/tailrace/tailrace/internal/vfs"
	"github.com/tailrace/tailrace/pipeline/event"
	"github.com/tailrace/tailrace/pipeline/frame"
)

// FileName is the store's in its directory, unless Options.Name is another.
const FileName = "sources.slot"

const (
	// forgetAfter is how long the entry of a file is kept that is final or
	// absent, in time that a running agent has seen pass.
	forgetAfter = 24 * time.Hour
	// maxEntries bounds the store; beyond it the entries that were absent for
	// longest go first.
	maxEntries = 100_000
	// firstCapacity is room for some hundred sources; the file grows.
	firstCapacity = 64 << 10
)

// Entry is what is known of a source. Its Counts are cumulative.
type Entry struct {
	frame.Source
	// LastSeen is the journal time of the last frame that contains the source,
	// ns since the Unix epoch.
	LastSeen int64
	// Absent is for how long the file has been final or reported absent, ns;
	// 0 while it is there.
	Absent int64
}

// errRemoved is why a store is empty though the journal is not new.
var errRemoved = errors.New("the file was removed")

// Store holds the entries. All methods may be called from any goroutine.
type Store struct {
	fsys vfs.FS
	log  *slog.Logger
	path string

	// saving guards what belongs to the file, and is held while a disk takes
	// its time over that. It comes before mu, which guards the rest and is held
	// for moments only.
	saving sync.Mutex
	slot   *slot.File
	// saved are the numbers that the older and the newer generation cover.
	saved [2]uint64
	// buf is what is to be written, size what was the last time.
	buf  []byte
	size int

	mu      sync.Mutex
	seq     uint64
	entries map[event.SourceID]*Entry
	byPath  map[string][]*Entry
	totals  Totals
	// forgotten counts the entries that went because there were too many.
	forgotten uint64
	// lost is for how long the store has been known to be lost, ns; 0 when it
	// is whole.
	lost int64
	// looked is when absences were measured last, unsaved what has passed of
	// them since the newest generation.
	looked  time.Time
	unsaved time.Duration
	// changed says that the newer generation is not all there is to save.
	changed bool
}

// Options say where a store is.
type Options struct {
	FS vfs.FS
	// Dir is made when it is missing. Without one the store is in memory only.
	Dir string
	// Name is the file's; empty is FileName.
	Name   string
	Logger *slog.Logger
}

// Open opens the store, or begins an empty one. When both of its generations
// are damaged it begins empty too, is filled from the frames that the journal
// still has, and Lost says so.
func Open(o Options) (*Store, error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	s := &Store{fsys: o.FS, log: o.Logger, looked: time.Now()}
	s.clear()
	if o.Dir == "" {
		return s, nil
	}
	s.path = filepath.Join(o.Dir, cmp.Or(o.Name, FileName))
	if err := o.FS.MkdirAll(o.Dir, 0o750); err != nil {
		return nil, err
	}
	switch err := s.load(); {
	case errors.Is(err, fs.ErrNotExist):
		return s, nil
	case errors.Is(err, slot.ErrDamaged), errors.Is(err, errContent):
		s.clear()
		s.lose(err)
	case err != nil:
		return nil, fmt.Errorf("%s: %w", s.path, err)
	}
	return s, nil
}

// lose notes that positions are missing.
func (s *Store) lose(cause error) {
	s.lost = begun
	s.log.Error("the positions of files are lost; files that the journal does not know any more are read again and may be delivered twice",
		"file", s.path, "error", cause)
}

func (s *Store) clear() {
	s.seq, s.totals, s.saved = 0, newTotals(), [2]uint64{}
	s.entries, s.byPath = map[event.SourceID]*Entry{}, map[string][]*Entry{}
}

// load reads the newest valid generation.
func (s *Store) load() error {
	f, err := slot.Open(s.fsys, s.path)
	if err != nil {
		return err
	}
	if err := s.parse(f.Newest().Payload); err != nil {
		f.Close()
		return err
	}
	s.slot, s.saved[1] = f, s.seq
	if v := f.Older(); v.Valid() {
		s.saved[0], _ = parseSeq(v.Payload)
	}
	return nil
}

// Seq is the number of the last frame that the entries contain.
func (s *Store) Seq() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.seq
}

// Lost says that positions were lost within the last day: a file without an
// entry may have been read and delivered before.
func (s *Store) Lost() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lost != 0
}

// Forgotten counts the entries that went because there were too many.
func (s *Store) Forgotten() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.forgotten
}

// Apply takes over what a durable frame says about its sources. Frames are
// applied in order; one that the store contains already is ignored.
func (s *Store) Apply(m *frame.Meta) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if m.Seq <= s.seq {
		return
	}
	if s.seq == 0 && m.Seq > 1 && s.lost == 0 {
		// Frames before this one existed: the store is new and the journal is
		// not, so the file was removed.
		s.lose(errRemoved)
	}
	s.seq, s.changed = m.Seq, true
	s.totals.add(m)
	for i := range m.Sources {
		s.apply(&m.Sources[i], m.JournalTime)
	}
}

func (s *Store) apply(src *frame.Source, at int64) {
	e := s.entries[src.ID]
	if e == nil {
		e = &Entry{}
		s.add(src, e)
	}
	counts := e.Counts
	counts.Add(src.Counts)
	e.Source, e.Counts = *src, counts
	e.LastSeen, e.Absent = at, 0
	if src.Final {
		e.Absent = begun
	}
}

func (s *Store) add(src *frame.Source, e *Entry) {
	s.entries[src.ID] = e
	path := src.Identity.Path
	s.byPath[path] = append(s.byPath[path], e)
}

// Find is the sources of a path identity, the last seen first.
func (s *Store) Find(pathIdentity string) []frame.Source {
	s.mu.Lock()
	defer s.mu.Unlock()
	entries := slices.Clone(s.byPath[pathIdentity])
	slices.SortFunc(entries, func(a, b *Entry) int { return cmp.Compare(b.LastSeen, a.LastSeen) })
	found := make([]frame.Source, len(entries))
	for i, e := range entries {
		found[i] = e.Source
	}
	return found
}

// Entries is all sources, in the order of All.
func (s *Store) Entries() []frame.Source {
	all := s.All()
	sources := make([]frame.Source, len(all))
	for i := range all {
		sources[i] = all[i].Source
	}
	return sources
}

// All is all entries, in the order of path identities and then of LastSeen.
func (s *Store) All() []Entry {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]Entry, 0, len(s.entries))
	for _, e := range s.entries {
		all = append(all, *e)
	}
	slices.SortFunc(all, func(a, b Entry) int {
		return cmp.Or(cmp.Compare(a.Identity.Path, b.Identity.Path),
			cmp.Compare(a.LastSeen, b.LastSeen), slices.Compare(a.ID[:], b.ID[:]))
	})
	return all
}

// Present says whether the file of a source, or one that continues it, is
// there. An entry is forgotten when it was absent for a day, and never while
// nobody has said that it is absent.
func (s *Store) Present(id event.SourceID, present bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.entries[id]
	switch {
	case e == nil:
	case present && !e.Final && e.Absent != 0:
		e.Absent, s.changed = 0, true
	case !present && e.Absent == 0:
		e.Absent, s.changed = begun, true
	}
}

// Save writes a new generation, durably, unless both contain everything, and
// returns the number up to which the older of the two valid generations covers
// the frames. So saving twice lets go of all frames that were applied.
func (s *Store) Save() (coveredByOlder uint64, err error) {
	s.saving.Lock()
	defer s.saving.Unlock()
	seq, due := s.prepare()
	switch {
	case s.path == "":
		return seq, nil
	case !due:
		return s.saved[0], nil
	}
	err = s.write()
	// It is as large as all entries, and needed for a moment only.
	s.buf = nil
	if err != nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.changed = true
		return s.saved[0], err
	}
	s.saved = [2]uint64{s.saved[1], seq}
	return s.saved[0], nil
}

// prepare puts what is to be saved into buf: all up to seq. Due says whether
// there is anything that a generation does not contain.
func (s *Store) prepare() (seq uint64, due bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pass(time.Now())
	due = s.changed || s.slot == nil || s.saved[0] != s.seq
	if due && s.path != "" {
		s.buf = s.append(make([]byte, 0, s.size))
		s.size = len(s.buf)
		s.changed, s.unsaved = false, 0
	}
	return s.seq, due
}

func (s *Store) write() (err error) {
	if s.slot == nil {
		s.slot, err = slot.Create(s.fsys, s.path, max(firstCapacity, 2*len(s.buf)), s.buf)
		return err
	}
	if err := s.slot.Write(s.buf); err != nil {
		return err
	}
	return s.slot.Sync()
}

// Close closes the file; what was not saved is replayed at the next start.
func (s *Store) Close() error {
	s.saving.Lock()
	defer s.saving.Unlock()
	if s.slot == nil {
		return nil
	}
	return s.slot.Close()
}
