package frame

import (
	"bytes"
	"iter"
)

// Doc is a document as it stands in a frame, without the newlines.
type Doc struct {
	// Action is the line that tells _bulk where the document goes and its id.
	Action []byte
	// Source is the document.
	Source []byte
}

// Documents are those of a frame's plain bytes with their numbers, from 0.
// They are parts of plain. Documents stops at a document that is cut off,
// which Inflate's checks rule out.
func Documents(plain []byte) iter.Seq2[int, Doc] {
	return func(yield func(int, Doc) bool) {
		for i := 0; ; i++ {
			action, rest, ok := bytes.Cut(plain, newline)
			source, rest, ok2 := bytes.Cut(rest, newline)
			if !ok || !ok2 || !yield(i, Doc{action, source}) {
				return
			}
			plain = rest
		}
	}
}

var newline = []byte{'\n'}

// AddDoc adds a document as it stands in another frame. Its lines and time are
// not known to the new frame, which is sent and forgotten.
func (b *Builder) AddDoc(d Doc) {
	for _, line := range [][]byte{d.Action, d.Source} {
		b.Var(line)
		b.Var(newline)
	}
	b.EndDoc(1, 0)
}
