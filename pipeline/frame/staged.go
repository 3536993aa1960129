package frame

import (
	"hash/crc32"

	"github.com/klauspost/compress/flate"
)

// staged is klauspost's flate, to which all pieces are the same.
type staged struct {
	out   output
	flate *flate.Writer
	// stage gathers small pieces, since each Write of the compressor costs.
	stage []byte
	// written are the plain bytes that have left the stage, crc their CRC-32.
	written int
	crc     uint32
}

// stageSize is what the compressor gets at once.
const stageSize = 64 << 10

func newStaged(level int) *staged {
	s := &staged{stage: make([]byte, 0, stageSize)}
	w, err := flate.NewWriter(&s.out, level)
	if err != nil {
		panic(err)
	}
	s.flate = w
	return s
}

// Const, Lit and LitX are Var.
func (s *staged) Const(c *Chunk) { s.Var(c.Bytes()) }
func (s *staged) Lit(p []byte)   { s.Var(p) }
func (s *staged) LitX(p []byte)  { s.Var(p) }

func (s *staged) Var(p []byte) {
	if len(p) > cap(s.stage)-len(s.stage) {
		s.spill(p)
		return
	}
	s.stage = append(s.stage, p...)
}

// spill writes p when it does not fit the stage.
func (s *staged) spill(p []byte) {
	s.compress(s.stage)
	s.stage = s.stage[:0]
	if len(p) > cap(s.stage) {
		s.compress(p)
		return
	}
	s.stage = append(s.stage, p...)
}

func (s *staged) compress(p []byte) {
	s.crc = crc32.Update(s.crc, crc32.IEEETable, p)
	s.written += len(p)
	// The writer underneath cannot fail, and flate has no errors of its own.
	_, _ = s.flate.Write(p)
}

func (s *staged) Size() int { return s.written + len(s.stage) }

func (s *staged) Close() (packed []byte, crc uint32) {
	s.compress(s.stage)
	// Close cannot fail: see compress.
	_ = s.flate.Close()
	packed, crc = s.out.b, s.crc
	s.stage, s.written, s.crc, s.out.b = s.stage[:0], 0, 0, nil
	s.flate.Reset(&s.out)
	return packed, crc
}

// output is what the compressor writes to; it never fails.
type output struct{ b []byte }

func (o *output) Write(p []byte) (int, error) {
	if o.b == nil {
		o.b = takePayload()
	}
	o.b = append(o.b, p...)
	return len(p), nil
}
