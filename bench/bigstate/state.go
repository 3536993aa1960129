// Package bigstate makes the state of an agent that has run for long: a large
// journal of small frames, and positions of many files.
package bigstate

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/tailrace/tailrace/bench/corpus"
	"github.com/tailrace/tailrace/bench/reflimit"
	"github.com/tailrace/tailrace/internal/checkpoint"
	"github.com/tailrace/tailrace/internal/slot"
	"github.com/tailrace/tailrace/internal/vfs"
	"github.com/tailrace/tailrace/pipeline/event"
	"github.com/tailrace/tailrace/pipeline/frame"
	"github.com/tailrace/tailrace/pipeline/journal"
)

// Size says how large a state is.
type Size struct {
	// Bytes of the journal, in segments of 64 MiB. The last one is not sealed
	// and nearly full.
	Bytes int64
	// Sources are the files that the checkpoint knows.
	Sources int
	// DocsPerFrame is 20 on a quiet node, where frames are sealed by age.
	DocsPerFrame int
	// Behind are the frames that the checkpoint does not contain: those of the
	// last seconds before a kill.
	Behind int
}

const (
	segmentSize = 64 << 20
	// openSize is how full the last segment is, beside the 16 MiB that the
	// journal may have in its queue when the segment is seen.
	openSize = 44 << 20
	// prints are how many different frames there are.
	prints = 8
)

// maker makes a state in dir, the agent's service.journal.directory.
type maker struct {
	dir  string
	size Size
	// fs does not sync: a state of many small frames would take hours.
	fs     vfs.FS
	frames []*frame.Sealed
	now    int64
}

// Make makes a state for an exporter of that name, whose cursor is in the
// middle of the journal.
func Make(dir, exporter string, size Size) error {
	m := &maker{dir: dir, size: size, now: time.Now().UnixNano()}
	m.fs = vfs.WithHook(vfs.OS{}, func(op vfs.Op) error {
		if op.Kind == vfs.OpSync || op.Kind == vfs.OpSyncDir {
			return vfs.ErrSkip
		}
		return nil
	})
	m.frames = m.makePrints()
	last, err := m.journal()
	if err == nil {
		err = m.cursor(exporter, last/2)
	}
	return err
}

func (m *maker) journalDir() string { return filepath.Join(m.dir, "logs") }

// journal writes frames and the checkpoint, and returns the last number.
func (m *maker) journal() (last uint64, err error) {
	positions, err := checkpoint.Open(checkpoint.Options{FS: m.fs, Dir: filepath.Join(m.dir, "checkpoint")})
	if err != nil {
		return 0, err
	}
	defer positions.Close()
	j, err := journal.Open(journal.Options{FS: m.fs, Dir: m.journalDir(), SegmentSize: segmentSize, SegmentAge: 24 * time.Hour})
	if err != nil {
		return 0, err
	}
	frames, err := m.fill(j)
	if err := closing(err, j); err != nil {
		return 0, err
	}
	if err := m.positions(positions, frames); err != nil {
		return 0, err
	}
	return uint64(frames), m.unseal()
}

func closing(err error, j *journal.Journal) error {
	if e := j.Close(); err == nil {
		err = e
	}
	return err
}

// fill appends frames until the last segment is nearly full.
func (m *maker) fill(j *journal.Journal) (frames int, err error) {
	full := int(m.size.Bytes / segmentSize)
	inLast := int64(0)
	for inLast < openSize {
		f := m.frame(frames)
		if j.Stats().Segments > full {
			inLast += int64(f.Meta.MetaSize() + len(f.Payload))
		}
		frames++
		if err := j.Append(context.Background(), f); err != nil {
			return frames, err
		}
	}
	return frames, nil
}

// positions saves what all but the last frames say, in both generations.
func (m *maker) positions(s *checkpoint.Store, frames int) error {
	covered := frames - m.size.Behind
	for i := max(0, covered-m.size.Sources); i < covered; i++ {
		meta := m.frame(i).Meta
		meta.Seq, meta.JournalTime = uint64(i)+1, m.now
		s.Apply(&meta)
	}
	for range 2 {
		if _, err := s.Save(); err != nil {
			return err
		}
	}
	return nil
}

// unseal makes the last segment what a kill leaves: one without an index.
func (m *maker) unseal() error {
	all, err := filepath.Glob(filepath.Join(m.journalDir(), "*.idx"))
	if err != nil || len(all) == 0 {
		return fmt.Errorf("no sealed segment in %s: %w", m.journalDir(), err)
	}
	return os.Remove(slices.Max(all))
}

// cursor has an exporter be done with frames up to position.
func (m *maker) cursor(exporter string, position uint64) error {
	f, err := slot.Create(m.fs, filepath.Join(m.journalDir(), "cursors", exporter+".slot"), 2048,
		fmt.Appendf(nil, `{"version":1,"position":%d}`, position))
	if err != nil {
		return err
	}
	return f.Close()
}

// makePrints makes a few frames to be written again and again.
func (m *maker) makePrints() (all []*frame.Sealed) {
	b := frame.NewBuilder(1)
	for i := range prints {
		pod := corpus.Number(i)
		g := corpus.New(corpus.SlogJSON, uint64(i), time.Unix(0, m.now))
		enc := reflimit.NewEncoder(corpus.SlogJSON, pod)
		enc.Observed(time.Unix(0, m.now))
		for range m.size.DocsPerFrame {
			b.Var(enc.Append(nil, bytes.TrimSuffix(g.Append(nil), []byte("\n"))))
			b.EndDoc(1, m.now)
			b.AddTerm(rand.Uint64())
		}
		n := uint64(m.size.DocsPerFrame)
		all = append(all, b.Seal(frame.Meta{Class: "default", Counts: event.Counts{Lines: n, DocLines: n, Docs: n, Bytes: 250 * n}}))
	}
	return all
}

// frame is the i-th: a print with ids and a source of its own.
func (m *maker) frame(i int) *frame.Sealed {
	f := *m.frames[i%prints]
	f.Payload = slices.Clone(f.Payload)
	f.Terms = make([]uint64, len(f.Terms))
	f.Meta.Filter = frame.NewFilter(len(f.Terms))
	for t := range f.Terms {
		f.Terms[t] = rand.Uint64()
		f.Meta.Filter.Add(f.Terms[t])
	}
	f.Meta.Sources = []frame.Source{m.source(i % m.size.Sources)}
	f.Meta.Sources[0].Counts = f.Meta.Counts
	return &f
}

// source is a file that was read to an offset and is gone.
func (m *maker) source(i int) frame.Source {
	pod := corpus.Number(1_000_000 + i)
	s := frame.Source{
		Path: pod.Path("/var/log/pods"), Namespace: pod.Namespace, Offset: 1 << 20, Size: 1 << 20,
		Identity: event.Identity{Path: pod.Namespace + "_" + pod.Name + "_" + pod.UID + "/" + pod.Container + "/0"},
	}
	binary.BigEndian.PutUint64(s.Identity.Head[:], uint64(i))
	s.ID = s.Identity.IDOn(corpus.Node)
	return s
}
