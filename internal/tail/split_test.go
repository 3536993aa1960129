package tail

import (
	"bytes"
	"slices"
	"testing"

	"github.com/tailrace/tailrace/pipeline/event"
)

// Whatever bytes a file has and however they come, every byte of a plain file
// is in exactly one record or is the newline behind one, in order.
func FuzzPlainLines(f *testing.F) {
	f.Add([]byte("one\ntwo\n\nthree"), uint8(3))
	f.Add([]byte("a line that is longer than the cap of the test\nnext\n"), uint8(7))
	f.Fuzz(func(t *testing.T, content []byte, step uint8) {
		got := readInSteps(t, Plain, content, int(step))
		var want [][]byte
		for line := range bytes.Lines(content) {
			if line[len(line)-1] == '\n' {
				want = append(want, line[:min(len(line)-1, fuzzCap)])
			} else if len(line) > fuzzCap {
				want = append(want, line[:fuzzCap])
			}
		}
		if !slices.EqualFunc(got, want, bytes.Equal) {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

// A container's file gives the same records however its bytes come, and each
// of its lines is counted in one of them.
func FuzzContainerLines(f *testing.F) {
	f.Add([]byte("2026-03-05T10:11:01Z stdout P one \n2026-03-05T10:11:01Z stderr F x\n2026-03-05T10:11:02Z stdout F two\n"), uint8(9))
	f.Add([]byte("2026-03-05T10:11:01Z stdout P a long piece\n2026-03-05T10:11:02Z stdout P more of it\n2026-03-05T10:11:03Z stdout F end\ngarbage\n"), uint8(1))
	f.Add([]byte(`{"log":"one ","stream":"stdout","time":"2026-03-05T10:11:01Z"}`+"\n"+
		`{"log":"t\u0077o\n","stream":"stdout","time":"2026-03-05T10:11:01Z"}`+"\n"), uint8(7))
	f.Fuzz(func(t *testing.T, content []byte, step uint8) {
		whole, steps := readInSteps(t, Container, content, len(content)), readInSteps(t, Container, content, int(step))
		if !slices.EqualFunc(whole, steps, bytes.Equal) {
			t.Errorf("at once %q, in steps of %d %q", whole, step, steps)
		}
	})
}

// fuzzCap is the longest record of the fuzz tests.
const fuzzCap = 60

// readInSteps splits content that grows step by step, as a file does.
func readInSteps(t *testing.T, d Decoder, content []byte, step int) (records [][]byte) {
	l := NewEngine(Options{Node: "node", MaxLine: fuzzCap, Budget: 16}).Lane(0)
	c := &chain{lane: l, identity: "a"}
	r := l.newReading(&file{chain: c, target: Target{Decoder: d}})
	r.src = &event.Source{}
	var b event.Batch
	docs := uint64(0)
	for size := 0; size < len(content); {
		size = min(size+max(step, 1), len(content))
		for moved := true; moved; {
			b.Reset(r.src)
			b.Data = append(b.Data, content[r.offset:size]...)
			read := len(b.Data)
			moved = r.consumed(&b, chunk{}, read, r.split(&b, chunk{}))
			for i := range b.Records {
				docs += uint64(b.Records[i].Lines)
				records = append(records, bytes.Clone(b.Bytes(b.Records[i].Raw)))
			}
		}
	}
	if n := &r.src.Counts; n.Lines != docs+n.DroppedLines || n.Bytes != uint64(r.offset) {
		t.Errorf("counted %+v, records have %d lines, position is %d", n, docs, r.offset)
	}
	return records
}
