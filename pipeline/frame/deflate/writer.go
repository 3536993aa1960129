// Package deflate compresses text that repeats itself in ways that its writer
// knows (RFC 1951): documents of constant pieces, ids and times. It makes
// ordinary deflate streams in less than half of the time of a compressor that
// has to find all of that out.
package deflate

import "hash/crc32"

// Chunk is a piece that many documents have, registered so that it is found
// again without a search. It belongs to one goroutine.
type Chunk struct {
	bytes []byte
	// in and at are where it was written last.
	in *Writer
	at uint64
}

// NewChunk registers a copy of p.
func NewChunk(p []byte) *Chunk { return &Chunk{bytes: append([]byte(nil), p...)} }

// Bytes are the chunk's; they must not be changed.
func (c *Chunk) Bytes() []byte { return c.bytes }

const (
	// step is how many bytes are coded at once.
	step = 32 << 10
	// piece is how many bytes are added at once.
	piece = 16 << 10
	// mostWaits is how much may wait to be coded: a step is noticed by the piece
	// behind it.
	mostWaits = step + piece
	// histSize holds the window and what waits, and some steps, so that moving
	// the window to the front is worth it.
	histSize = window + 4*step + mostWaits
)

// Writer makes deflate streams, one after the other. It is not safe for
// concurrent use.
type Writer struct {
	// hist are the last bytes of the stream: at least a window of what is
	// coded, and what is not. Its first byte has the position base, counted
	// over all streams, and the stream begins at hist[first].
	hist  []byte
	base  uint64
	first int
	// coded is where what waits to be coded begins, literals where the bytes
	// behind the last match do.
	coded, literals int
	// distance is the last match's, 0 in a stream without one.
	distance int

	seqs  []sequence
	table [1 << tableBits]uint32

	coder coder
	crc   uint32
	size  int
}

// NewWriter is a Writer of an empty stream. Each stream is appended to what
// memory gives, which is asked when the first bytes are there.
func NewWriter(memory func() []byte) *Writer {
	// What the table begins with lies in no window.
	return &Writer{hist: make([]byte, 0, histSize+len(tail)), base: 2 * window, coder: coder{memory: memory}}
}

// Size is the number of bytes that the stream stands for so far.
func (w *Writer) Size() int { return w.size + len(w.hist) - w.coded }

// Lit adds bytes that do not repeat what came before. They may be repeated.
func (w *Writer) Lit(p []byte) {
	for len(p) > 0 {
		n := w.add(p)
		w.index(len(w.hist)-n, len(w.hist))
		p = p[n:]
	}
}

// LitX adds bytes that usually repeat what follows the last match, or nothing.
func (w *Writer) LitX(p []byte) {
	for len(p) > 0 {
		n := w.add(p)
		w.index(len(w.hist)-n, len(w.hist))
		w.extend(len(w.hist)-n, len(w.hist))
		p = p[n:]
	}
}

// Var adds bytes of which nothing is known.
func (w *Writer) Var(p []byte) {
	for len(p) > 0 {
		n := w.add(p)
		w.search(len(w.hist)-n, len(w.hist))
		p = p[n:]
	}
}

// Const adds a chunk.
func (w *Writer) Const(c *Chunk) {
	if len(c.bytes) < probeSize || len(c.bytes) > piece {
		w.Var(c.bytes)
		return
	}
	w.add(c.bytes)
	end := len(w.hist)
	start := end - len(c.bytes)
	position := w.base + uint64(start)
	distance := position - c.at
	if c.in == w && distance <= window && distance <= uint64(start-w.first) {
		w.repeat(start, len(c.bytes), int(distance))
	} else {
		w.search(start, end)
	}
	c.in, c.at = w, position
}

// repeat takes a match that is known: it is the last match's next bytes when
// the distance is the same.
func (w *Writer) repeat(i, length, distance int) {
	if w.literals == i && w.distance == distance {
		w.seqs[len(w.seqs)-1] += sequence(length) << lengthShift
		w.literals = i + length
		return
	}
	w.match(i, length, distance)
}

// add appends up to a piece of p to the history and returns how many bytes.
func (w *Writer) add(p []byte) int {
	n := min(len(p), piece)
	if len(w.hist)-w.coded >= step {
		w.code(false)
		if len(w.hist)+mostWaits > histSize {
			w.slide()
		}
	}
	w.hist = append(w.hist, p[:n]...)
	return n
}

// code codes what waits. The last match cannot be made longer from then on.
func (w *Writer) code(last bool) {
	waiting := w.hist[w.coded:]
	w.crc = crc32.Update(w.crc, crc32.IEEETable, waiting)
	w.size += len(waiting)
	if rest := len(w.hist) - w.literals; rest > 0 {
		w.seqs = append(w.seqs, newSequence(rest, 0, 0))
	}
	w.coder.code(waiting, w.seqs, last)
	w.seqs = w.seqs[:0]
	w.coded, w.literals, w.distance = len(w.hist), len(w.hist), 0
}

// slide drops what is further back than the window; nothing waits.
func (w *Writer) slide() {
	drop := max(len(w.hist)-window, 0)
	n := copy(w.hist, w.hist[drop:])
	w.hist = w.hist[:n]
	w.base += uint64(drop)
	w.first = max(w.first-drop, 0)
	w.coded, w.literals = n, n
}

// Close ends the stream and returns it, behind what was in its memory, with
// the CRC-32 (IEEE) of what it stands for. The next stream begins.
func (w *Writer) Close() (packed []byte, crc uint32) {
	w.code(true)
	packed, crc = w.coder.take(), w.crc
	w.base += uint64(len(w.hist))
	w.hist, w.crc, w.size = w.hist[:0], 0, 0
	w.first, w.coded, w.literals = 0, 0, 0
	return packed, crc
}
