package main

import (
	"strings"
	"testing"
)

// A terminal shows the beginning of a very long line, up to a blank, and how much
// of it is not shown, in however many parts it comes.
func TestTheScreenShortensLongLines(t *testing.T) {
	long := strings.Repeat("x", longLine) + "yz " + strings.Repeat("tea ", 5000) + "end"
	short := strings.Repeat("x", longLine) + "yz"
	for _, size := range []int{1, 7, 601, 1 << 20} {
		var out strings.Builder
		s := &screen{out: &out, terminal: true}
		text := "before\n" + long + "\nbehind it\n"
		for len(text) > 0 {
			n := min(size, len(text))
			if _, err := s.Write([]byte(text[:n])); err != nil {
				t.Fatal(err)
			}
			text = text[n:]
		}
		if want := "before\n" + short + "\x1b[0m … 20 KiB more\nbehind it\n"; out.String() != want {
			t.Errorf("in parts of %d bytes: %.800q", size, out.String())
		}
	}
	var out strings.Builder
	s := &screen{out: &out}
	if _, err := s.Write([]byte(long)); err != nil || out.String() != long {
		t.Error("a pipe does not get all of it")
	}
}
