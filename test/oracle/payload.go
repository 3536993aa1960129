// Package oracle proves what happened to log lines without the agent's help.
// A generator writes lines that say who they are, with a fsynced ledger beside
// them; a sink that answers like Elasticsearch, faults included, records what
// arrived; a judge compares the ledger, the sink's record and the journal's
// files. It imports nothing of the agent's, and reads segments with plain gzip
// and JSON.
package oracle

import (
	"bytes"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"strconv"
)

// Payload is what a record carries: who wrote it, its number in that stream,
// and bytes that nothing may change.
type Payload struct {
	Stream string
	Seq    uint64
	Filler []byte
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func (p Payload) sum() uint32 {
	c := crc32.Update(0, castagnoli, []byte(p.Stream))
	c = crc32.Update(c, castagnoli, strconv.AppendUint([]byte{' '}, p.Seq, 10))
	return crc32.Update(c, castagnoli, p.Filler)
}

// Append writes the payload's text, which has no newline:
// "@<stream> <seq> <length> <crc32c> <filler>".
func (p Payload) Append(dst []byte) []byte {
	return append(fmt.Appendf(dst, "@%s %d %d %08x ", p.Stream, p.Seq, len(p.Filler), p.sum()), p.Filler...)
}

// ParsePayload is the inverse of Append. It fails on every text that is not
// exactly what was written.
func ParsePayload(text []byte) (Payload, error) {
	rest, ok := bytes.CutPrefix(text, []byte("@"))
	parts := bytes.SplitN(rest, []byte(" "), 5)
	if !ok || len(parts) != 5 {
		return Payload{}, fmt.Errorf("not a payload: %.80q", text)
	}
	seq, errSeq := strconv.ParseUint(string(parts[1]), 10, 64)
	length, errLen := strconv.Atoi(string(parts[2]))
	sum, errSum := strconv.ParseUint(string(parts[3]), 16, 32)
	if errSeq != nil || errLen != nil || errSum != nil {
		return Payload{}, fmt.Errorf("not a payload: %.80q", text)
	}
	p := Payload{string(parts[0]), seq, parts[4]}
	if length != len(p.Filler) {
		return p, fmt.Errorf("%s %d: %d bytes were written, %d arrived", p.Stream, seq, length, len(p.Filler))
	}
	if uint32(sum) != p.sum() {
		return p, fmt.Errorf("%s %d: the checksum does not match", p.Stream, seq)
	}
	return p, nil
}

// words are what filler is made of: what encoders and splitters stumble over.
var words = []string{
	"order", "cart", "paid", "42", "a=b", `"quoted"`, `back\slash`, "tab\there", "naïve", "日本",
	"{brace}", "[x]", "<tag>&amp;", "100%", "F", "P", "stdout", "emoji🚀", `\n`, `\u0000`, "'", ";", "  ",
}

// filler is about n bytes of text, never ending in a space.
func filler(r *rand.Rand, n int) []byte {
	b := make([]byte, 0, n+16)
	for len(b) < n {
		b = append(b, words[r.IntN(len(words))]...)
		b = append(b, ' ')
	}
	return append(b, '.')
}
