package journal

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tailrace/tailrace/internal/slot"
	"github.com/tailrace/tailrace/internal/vfs"
	"github.com/tailrace/tailrace/pipeline/event"
	"github.com/tailrace/tailrace/pipeline/frame"
)

// StoreOptions are a store's.
type StoreOptions struct {
	FS  vfs.FS
	Dir string
	// Quota is the disk space that is taken at the start and kept, in bytes.
	Quota int64
	// Owner says whose share of the quota a document takes: ByContainer when
	// nil.
	Owner func(*Refused) string
	// Refuse makes Put return ErrStoreFull when the quota is used up, instead
	// of giving up the oldest bundles of the owner that has most.
	Refuse bool
	Logger *slog.Logger
}

// ErrStoreFull is returned by Put when there is no room and nothing may be
// given up.
var ErrStoreFull = errors.New("the store for refused documents is full")

// Store keeps documents that a backend refused: as dead letters, or parked
// until they are tried again. Its disk space is taken in advance and does not
// count for the journal's MaxSize. Documents that are put together for one
// exporter and owner are a bundle: one file of one gzip member, which zcat
// reads.
type Store struct {
	opts StoreOptions

	mu      sync.Mutex
	bundles []*Bundle
	used    int64
	reserve vfs.File
	slot    *slot.File
	state   storeState
	builder *frame.Builder
	// unsynced says that a bundle was removed, and that power loss might bring
	// it back.
	unsynced bool
	// shown are the figures as Stats tells them, which does not take the lock.
	shown atomic.Pointer[[]StoreStats]
}

// Bundle is documents of one exporter and owner that were put together.
type Bundle struct {
	// Seq numbers bundles in the order in which they were put.
	Seq uint64
	key
	// Time is when the bundle was put, ns. Docs and Lines count its documents
	// and the lines that they were made of.
	Time        int64
	Docs, Lines uint64
	size        int64
	path        string
}

// Exporter is who refused the documents.
func (b *Bundle) Exporter() string { return b.exporter }

// Owner is whose quota the bundle counts for.
func (b *Bundle) Owner() string { return b.owner }

// block is what the smallest file takes.
const block = 4096

func blocks(size int64) int64 { return (size + block - 1) / block * block }

// OpenStore opens the store in opts.Dir or makes it.
func OpenStore(opts StoreOptions) (*Store, error) {
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	if opts.Owner == nil {
		opts.Owner = ByContainer
	}
	s := &Store{opts: opts, builder: frame.NewBuilder(1)}
	if err := opts.FS.MkdirAll(opts.Dir, 0o750); err != nil {
		return nil, err
	}
	if err := s.load(); err != nil {
		return nil, fmt.Errorf("store %s: %w", opts.Dir, err)
	}
	s.holdReserve()
	s.show()
	return s, nil
}

// Put stores documents, durably when it returns without an error, and none of
// them otherwise. Documents of one call for the same exporter and owner become
// one bundle.
func (s *Store) Put(_ context.Context, docs []Refused) error {
	return s.putAll(docs, s.opts.Refuse)
}

// PutIfRoom is Put that returns ErrStoreFull rather than give up what is there.
func (s *Store) PutIfRoom(docs []Refused) error { return s.putAll(docs, true) }

func (s *Store) putAll(docs []Refused, refuse bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer s.show()
	done := 0
	for k, group := range s.groups(docs) {
		if err := s.put(k, group, refuse); err != nil {
			return errors.Join(err, s.takeBack(done))
		}
		done++
	}
	return nil
}

// groups are the documents by key.
func (s *Store) groups(docs []Refused) map[key][]Refused {
	groups := map[key][]Refused{}
	for i := range docs {
		k := key{docs[i].Exporter, s.opts.Owner(&docs[i])}
		groups[k] = append(groups[k], docs[i])
	}
	return groups
}

// takeBack removes the newest n bundles, which nobody was told of.
func (s *Store) takeBack(n int) (err error) {
	for range min(n, len(s.bundles)) {
		_, failed := s.drop(len(s.bundles) - 1)
		err = errors.Join(err, failed)
	}
	return err
}

func (s *Store) put(k key, docs []Refused, refuse bool) error {
	sealed, err := s.seal(k, docs)
	if err != nil {
		return err
	}
	defer sealed.Release()
	s.state.Next++
	sealed.Meta.Seq, sealed.Meta.DurableSeq = s.state.Next, s.state.Next-1
	b := describe(&sealed.Meta, segmentPath(s.opts.Dir, s.state.Next), int64(sealed.Meta.MetaSize()+len(sealed.Payload)))
	if err := s.makeRoom(b.size, refuse); err != nil {
		return err
	}
	s.giveReserve(s.used + b.size)
	if err := s.write(b.path, sealed); err != nil {
		s.disown(b)
		return err
	}
	s.bundles = append(s.bundles, b)
	s.used += b.size
	return nil
}

// disown sees to it that a bundle whose writing failed, perhaps after it got
// its name, is not found later: its documents are put again. If the file stays,
// the next bundle takes its number and its place.
func (s *Store) disown(b *Bundle) {
	if s.opts.FS.Remove(b.path) == nil {
		s.unsynced = true
	}
	s.state.Next = b.Seq - 1
	s.holdReserve()
}

// seal makes a frame of the documents, which is how they are compressed and
// checked.
func (s *Store) seal(k key, docs []Refused) (*frame.Sealed, error) {
	var counts event.Counts
	var text []byte
	for _, d := range docs {
		var err error
		if text, err = d.append(text[:0]); err != nil {
			return nil, err
		}
		s.builder.Var(text)
		s.builder.EndDoc(d.Lines, d.Time.UnixNano())
		counts.Docs++
		counts.DocLines += uint64(d.Lines)
	}
	sealed := s.builder.Seal(frame.Meta{Class: k.class(), Counts: counts, JournalTime: time.Now().UnixNano()})
	// Only counts matter here; which document has how many lines is in it.
	sealed.Meta.Joined = nil
	return sealed, nil
}

// write makes a bundle's file, whole and durable.
func (s *Store) write(path string, sealed *frame.Sealed) error {
	header := sealed.Meta.AppendHeader(nil)
	return vfs.Replace(s.opts.FS, path, func(f vfs.File) error {
		if _, err := f.WriteAt(header, 0); err != nil {
			return err
		}
		_, err := f.WriteAt(sealed.Payload, int64(len(header)))
		return err
	})
}

// describe is the bundle of a frame.
func describe(m *frame.Meta, path string, size int64) *Bundle {
	return &Bundle{
		Seq: m.Seq, key: parseKey(m.Class), Time: m.JournalTime,
		Docs: m.Counts.Docs, Lines: m.Counts.DocLines, size: blocks(size), path: path,
	}
}

// Bundles are those of an exporter, oldest first.
func (s *Store) Bundles(exporter string) []Bundle {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []Bundle
	for _, b := range s.bundles {
		if b.exporter == exporter {
			all = append(all, *b)
		}
	}
	return all
}

// Rollback discards an exporter's documents from frames behind the position of
// its cursor. It is called at start: the process ended between Put and
// Advance, and the frames are delivered again.
func (s *Store) Rollback(exporter string, position uint64) error {
	for _, b := range s.Bundles(exporter) {
		docs, err := s.Documents(b)
		if err != nil {
			return err
		}
		keep := slices.DeleteFunc(docs, func(r Refused) bool { return r.Frame > position })
		if uint64(len(keep)) == b.Docs {
			continue
		}
		if err := s.Settle(b, keep, Result{}); err != nil {
			return err
		}
	}
	return nil
}

// Documents reads a bundle. fs.ErrNotExist says that it was given up or
// settled meanwhile.
func (s *Store) Documents(b Bundle) ([]Refused, error) {
	_, docs, err := readBundle(s.opts.FS, b.path)
	return docs, err
}

// Settle ends a bundle: r is what became of its documents, and rest are those
// that stay. A crash leaves it either settled or as it was, with the figures
// that belong to it.
func (s *Store) Settle(b Bundle, rest []Refused, r Result) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer s.show()
	at := s.find(b.Seq)
	if at < 0 {
		return s.syncNames()
	}
	return s.intend(intent{Seq: b.Seq, Exporter: b.exporter, Left: len(rest), Result: r}, func() (bool, error) {
		if len(rest) == 0 {
			return s.drop(at)
		}
		err := s.rewrite(at, rest)
		return err == nil, err
	})
}

func (s *Store) find(seq uint64) int {
	for i, b := range s.bundles {
		if b.Seq == seq {
			return i
		}
	}
	return -1
}

// drop removes a bundle. When it is gone, but a power failure might bring it
// back, there is an error too.
func (s *Store) drop(at int) (gone bool, err error) {
	b := s.bundles[at]
	if err := s.opts.FS.Remove(b.path); err != nil {
		return false, err
	}
	s.bundles = append(s.bundles[:at:at], s.bundles[at+1:]...)
	s.used -= b.size
	s.holdReserve()
	s.unsynced = true
	return true, s.syncNames()
}

// syncNames makes sure that no bundle comes back that was removed.
func (s *Store) syncNames() error {
	if !s.unsynced {
		return nil
	}
	if err := s.opts.FS.SyncDir(s.opts.Dir); err != nil {
		return err
	}
	s.unsynced = false
	return nil
}

// rewrite gives a bundle other documents.
func (s *Store) rewrite(at int, rest []Refused) error {
	old := s.bundles[at]
	sealed, err := s.seal(old.key, rest)
	if err != nil {
		return err
	}
	defer sealed.Release()
	sealed.Meta.Seq, sealed.Meta.JournalTime = old.Seq, old.Time
	b := describe(&sealed.Meta, old.path, int64(sealed.Meta.MetaSize()+len(sealed.Payload)))
	s.giveReserve(s.used + b.size)
	defer s.holdReserve()
	if err := s.write(b.path, sealed); err != nil {
		return err
	}
	s.bundles[at] = b
	s.used += b.size - old.size
	return nil
}

// makeRoom gives up bundles until size more bytes fit the quota: the oldest of
// the owner that has most. With refuse it gives up none.
func (s *Store) makeRoom(size int64, refuse bool) error {
	for s.used > 0 && s.used+size > s.opts.Quota {
		if refuse {
			return ErrStoreFull
		}
		at := s.oldestOfLargest()
		b := s.bundles[at]
		s.opts.Logger.Error("refused documents are given up: the store is full, and their owner has most in it",
			"store", filepath.Base(s.opts.Dir), "owner", b.owner, "exporter", b.exporter, "documents", b.Docs, "lines", b.Lines)
		lost := Result{Lost: b.Lines, LostDocs: b.Docs}
		err := s.intend(intent{Seq: b.Seq, Exporter: b.exporter, Result: lost}, func() (bool, error) { return s.drop(at) })
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) oldestOfLargest() int {
	sizes := map[string]int64{}
	largest := s.bundles[0].owner
	for _, b := range s.bundles {
		sizes[b.owner] += b.size
		if sizes[b.owner] > sizes[largest] {
			largest = b.owner
		}
	}
	for i, b := range s.bundles {
		if b.owner == largest {
			return i
		}
	}
	return 0
}

// Close closes the store's files; everything in them is durable.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.slot.Close()
	if s.reserve != nil {
		err = errors.Join(err, s.reserve.Close())
	}
	return err
}
