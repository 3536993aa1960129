package journal

import (
	"errors"
	"io/fs"
	"os"

	"github.com/tailrace/tailrace/pipeline/event"
	"github.com/tailrace/tailrace/pipeline/frame"
)

// lookBack is in how many segments the state of a source is looked for that a
// damaged frame changed. One that was quiet for longer is not read again.
const lookBack = 16

// report tells of a damaged frame when nobody has before.
func (j *Journal) report(m *frame.Meta) {
	j.mu.Lock()
	_, twice := j.reported[m.Seq]
	j.reported[m.Seq] = struct{}{}
	j.mu.Unlock()
	if !twice {
		j.opts.OnDamaged(m)
	}
}

// Missing are the ranges that the frame of m held, of the sources whose state
// before it is known: from an older frame, or because the frame begins with
// the source's first byte.
func (j *Journal) Missing(m *frame.Meta) ([]frame.Missing, error) {
	before := make(map[event.SourceID]*frame.Source, len(m.Sources))
	for i := range m.Sources {
		before[m.Sources[i].ID] = nil
	}
	if err := j.statesBefore(m.Seq, before); err != nil {
		return nil, err
	}
	var missing []frame.Missing
	for _, to := range m.Sources {
		from := before[to.ID]
		if from == nil && to.Offset == int64(to.Counts.Bytes) {
			from = &frame.Source{ID: to.ID, Identity: to.Identity}
		}
		// Records that were held back may have been in it although nothing was read.
		if from != nil && (from.Offset < to.Offset || from.Offset == to.Offset && from.Streams != to.Streams) {
			missing = append(missing, frame.Missing{From: *from, To: to})
		}
	}
	return missing, nil
}

// statesBefore fills states with the newest ones in frames before seq.
func (j *Journal) statesBefore(seq uint64, states map[event.SourceID]*frame.Source) error {
	unknown := len(states)
	for _, s := range j.segmentsBefore(seq) {
		found, err := j.statesIn(s, seq, states)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		for id, state := range found {
			states[id] = state
		}
		if unknown -= len(found); unknown == 0 {
			break
		}
	}
	return nil
}

// segmentsBefore are the segments with frames before seq, the newest first.
func (j *Journal) segmentsBefore(seq uint64) []segment {
	j.mu.Lock()
	defer j.mu.Unlock()
	var all []segment
	for i := len(j.segments) - 1; i >= 0 && len(all) < lookBack; i-- {
		if s := j.segments[i]; s.First < seq {
			all = append(all, *s)
		}
	}
	return all
}

// statesIn are the newest states in the frames of s before seq, of the sources
// that states lacks.
func (j *Journal) statesIn(s segment, seq uint64, states map[event.SourceID]*frame.Source) (map[event.SourceID]*frame.Source, error) {
	file, err := j.opts.FS.OpenFile(s.path, os.O_RDONLY, 0)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	found := make(map[event.SourceID]*frame.Source)
	sc := scanner{walker: walker{file: file}, limit: s.Size, last: min(s.Last, seq-1)}
	for sc.next() {
		for i := range sc.meta.Sources {
			src := sc.meta.Sources[i]
			if state, wanted := states[src.ID]; wanted && state == nil {
				found[src.ID] = &src
			}
		}
	}
	return found, sc.err
}
