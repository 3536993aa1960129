package journal

import (
	"errors"
	"io/fs"
	"maps"
	"slices"

	"github.com/tailrace/tailrace/internal/vfs"
	"github.com/tailrace/tailrace/pipeline/frame"
)

// readBundle reads and checks a bundle's file.
func readBundle(fsys vfs.FS, path string) (*Bundle, []Refused, error) {
	b, err := vfs.ReadFile(fsys, path, maxBundleBytes)
	if err != nil {
		return nil, nil, err
	}
	var m frame.Meta
	n, err := frame.ParseHeader(b, &m)
	if err != nil {
		return nil, nil, err
	}
	if err := frame.Verify(b[n:], &m); err != nil {
		return nil, nil, err
	}
	plain, err := frame.Inflate(nil, b[n:], &m)
	if err != nil {
		return nil, nil, err
	}
	docs, err := parseRefused(plain)
	return describe(&m, path, int64(len(b))), docs, err
}

// StoreStats are a store's figures for one exporter. What was put is in the
// store, or in Result.
type StoreStats struct {
	Exporter    string
	Bundles     int
	Docs, Lines uint64
	Bytes       int64
	// Oldest is when the oldest bundle was put, ns.
	Oldest int64
	// Result is what became of documents that are not in the store any more.
	Result Result
}

// Stats are the store's figures by exporter, in the order of names.
func (s *Store) Stats() []StoreStats { return *s.shown.Load() }

// show makes the figures those that Stats tells. It comes at the end of each
// change, so that who asks does not wait for the disk with the change.
func (s *Store) show() {
	figures := s.figures()
	s.shown.Store(&figures)
}

func (s *Store) figures() []StoreStats {
	by := map[string]*StoreStats{}
	of := func(exporter string) *StoreStats {
		if by[exporter] == nil {
			by[exporter] = &StoreStats{Exporter: exporter}
		}
		return by[exporter]
	}
	for exporter, r := range s.state.Results {
		of(exporter).Result = r
	}
	for _, b := range s.bundles {
		st := of(b.exporter)
		if st.Bundles == 0 {
			st.Oldest = b.Time
		}
		st.Bundles++
		st.Docs += b.Docs
		st.Lines += b.Lines
		st.Bytes += b.size
	}
	all := make([]StoreStats, 0, len(by))
	for _, exporter := range slices.Sorted(maps.Keys(by)) {
		all = append(all, *by[exporter])
	}
	return all
}

// StoreReader reads a store beside the agent that owns it. It takes no lock
// and writes nothing.
type StoreReader struct {
	fsys vfs.FS
	dir  string
}

// NewStoreReader reads the store in dir.
func NewStoreReader(fsys vfs.FS, dir string) *StoreReader { return &StoreReader{fsys, dir} }

// Each calls fn for every bundle and its documents, oldest first. What is
// settled meanwhile is left out; err is of a bundle that is unreadable.
func (r *StoreReader) Each(fn func(b Bundle, docs []Refused, err error) error) error {
	l, err := list(r.fsys, r.dir)
	if err != nil {
		return err
	}
	for _, seq := range l.segments {
		b, docs, err := readBundle(r.fsys, segmentPath(r.dir, seq))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if b == nil {
			b = &Bundle{Seq: seq}
		}
		if err := fn(*b, docs, err); err != nil {
			return err
		}
	}
	return nil
}
