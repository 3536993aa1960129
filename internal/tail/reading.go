package tail

import (
	"github.com/zeebo/xxh3"

	"github.com/tailrace/tailrace/internal/tail/cri"
	"github.com/tailrace/tailrace/internal/tail/multiline"
	"github.com/tailrace/tailrace/pipeline/event"
	"github.com/tailrace/tailrace/pipeline/frame"
)

const (
	// tailSize is how much before a position proves that a file is the one
	// that was read up to there.
	tailSize = 1024
	// headSize is where the first line is cut for the identity.
	headSize = 1024
	// maxRecords bounds a batch of very short lines.
	maxRecords = 4096
)

// emptyTail proves that nothing was before a position.
var emptyTail = xxh3.Hash(nil)

// reading is what a lane knows of the content of a file. A truncated file gets
// a new one.
type reading struct {
	lane *Lane
	file *file
	// src is nil until the content is identified.
	src   *event.Source
	known *known
	// joiner is the chain's, or one of its own for what is written late to a
	// file that was left for its successor.
	joiner *joiner
	// original is the content that the file is a copy of.
	original *known
	parser   cri.Parser
	sequence int

	// offset is the byte before which everything is consumed, but for open
	// records; tail is the hash of the bytes before it; line is how the bytes
	// behind it begin.
	offset int64
	tail   uint64
	line   frame.Mode

	// headLen is how many bytes the content was identified by, 0 when it was
	// identified before.
	headLen int

	// hole is where the file's content begins, unwritten how many bytes at its
	// end are not content yet.
	hole, unwritten int64

	// seen is how large the file was when the last chunk was looked for.
	seen int64

	// unjoined is how many bytes before offset are in no frame and could not be
	// read again.
	unjoined int64

	// pending is how many bytes of an unfinished line are behind offset,
	// pendingSince when they grew last.
	pending      int
	pendingSince int64
	// full says that the last chunk ended before the file did.
	full bool
	// observed is when the last chunk was read, wall the same by the clock that
	// may be set.
	observed, wall int64

	// joins says that lines are put together to records, language of which one's
	// traces only, 0 of all. stopped says that the chunk was left at a line before
	// which a record of another file must be emitted.
	joins    bool
	language multiline.Language
	stopped  bool
	// aside are the streams that records of older files were left to while this
	// one was being resumed.
	aside []*stream
	// until is where a range ends that is read once more: what is open there
	// begins anew. nil otherwise.
	until *frame.Source

	// before is set while records of before that time are left out.
	before int64
	// maybeSeen is where the bytes end that may have been delivered before.
	maybeSeen int64
	// generation is the least that the content's identity may have.
	generation uint32
	// left says that reading went on in a newer file; ending is since when
	// nothing more is expected, 0 while it is.
	left   bool
	ending int64
	// handedOver says that the file was made of the one that it was read from
	// before, whose place in the chain it keeps until it is left.
	handedOver bool
	// beside says that the file is read beside newer ones, so that records do
	// not go on from one to the other.
	beside bool
	// leaving are the modes of the streams when the file was left.
	leaving [event.NumStreams]frame.Mode
	// closed: nothing more is read. gone: the content is not there any more.
	// lost: and what was unread of it is counted.
	// dismissed: what was unread of it when it closed was not to be read.
	closed, gone, lost, dismissed bool
	// changed says that a state must be recorded, awake that the source is
	// described, opened that the components were told of it.
	changed, awake, opened bool
	failed                 string
	// detour reads a range of the file once more; main is set in its reading,
	// to the one that it belongs to.
	detour *detour
	main   *reading
}

// chunk is a piece of a file in a batch's arena: what was there before the
// position, as a proof, and what is new.
type chunk struct {
	proof int
	full  bool
}

// putBeside has the file read by itself, while newer ones are.
func (r *reading) putBeside() {
	r.left, r.beside, r.joiner = true, true, &joiner{}
}

// load reads what follows the position into b.
func (r *reading) load(b *event.Batch) (chunk, error) {
	proof := int(min(r.offset, tailSize))
	size := proof + r.want()
	if cap(b.Data) < size {
		b.Data = make([]byte, size)
	}
	n, err := r.lane.readAt(r.file, b.Data[:size], r.offset-int64(proof))
	if err != nil {
		b.Data = b.Data[:0]
		return chunk{}, err
	}
	b.Data = b.Data[:n]
	r.noteBeyond(r.offset + int64(n-proof))
	if n < proof || xxh3.Hash(b.Data[:proof]) != r.tail {
		return chunk{}, errReplaced
	}
	if err := r.checkHead(b.Data); err != nil {
		return chunk{}, err
	}
	full := n == size
	b.Data = b.Data[:proof+len(r.trim(b.Data[proof:], r.offset+int64(n-proof), full))]
	return chunk{proof: proof, full: full && len(b.Data) == n}, nil
}

// noteBeyond measures a file that was read to beyond its last known size: if it
// is truncated then and grows to just where it was read to, that must not look as
// if it had grown by what was read.
func (r *reading) noteBeyond(end int64) {
	if r.file.compressed == nil && end > r.file.size.Load() {
		// A file that was given up meanwhile was measured when it was.
		_ = r.file.remeasure()
	}
}

// checkHead returns errReplaced when p, which is read from the beginning of the
// file, is not what it was identified by: before its first byte there is nothing
// to compare.
func (r *reading) checkHead(p []byte) error {
	if r.offset > 0 || r.headLen == 0 {
		return nil
	}
	if len(p) < r.headLen {
		p = r.lane.scratch[:r.headLen]
		if n, err := r.lane.readAt(r.file, p, 0); n < len(p) && err == nil {
			return errReplaced
		} else if err != nil {
			return err
		}
	}
	if xxh3.Hash128(p[:r.headLen]).Bytes() != r.src.Identity.Head {
		return errReplaced
	}
	return nil
}

// want is how much to ask for: a budget, or more when the line is longer.
func (r *reading) want() int {
	n := r.lane.budget
	if r.file.compressed != nil {
		n = min(n, compressedChunk)
	}
	for n <= r.pending {
		n *= 2
	}
	return min(n, max(r.lane.engine.opts.MaxLine+1, r.lane.budget))
}

// consumed moves the position to where split stopped and says whether it
// moved.
func (r *reading) consumed(b *event.Batch, c chunk, read, at int) bool {
	r.full = c.full
	if len(b.Records) < maxRecords && !r.stopped {
		r.notePending(read-at, at > c.proof)
	} else {
		r.pending = 0
	}
	if at == c.proof {
		return false
	}
	r.tail = xxh3.Hash(b.Data[max(0, at-tailSize):at])
	r.move(int64(at - c.proof))
	return true
}

func (r *reading) move(n int64) {
	r.offset += n
	r.lane.consumed += n
	if r.main != nil {
		// The bytes were counted when they were read first.
		r.lane.engine.again.bytes.Add(n)
		r.lane.moved(r)
		return
	}
	r.src.Counts.Bytes += uint64(n)
	r.file.offset.Store(r.offset)
	r.ending = 0
	r.lane.moved(r)
}

// notePending takes how much of an unfinished line is behind the position; other
// says that it is another line than before.
func (r *reading) notePending(n int, other bool) {
	if n != r.pending || other {
		r.pending, r.pendingSince = n, r.observed
	}
}
