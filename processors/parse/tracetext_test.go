package parse

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/tailrace/tailrace/pipeline/event"
)

// parsed is the record of a line of text.
func parsed(t *testing.T, text string) event.Record {
	t.Helper()
	src := &event.Source{Container: "c", Settings: event.Settings{Format: "text"}}
	b := batchOf(src, []byte(text))
	New(Options{}).Process(b)
	return b.Records[0]
}

// The line is looked at many bytes at a time: at each place of these, and in what is
// left at the end, a key is found.
func TestTextNamesItsTraceAtAnyPlace(t *testing.T) {
	for _, separator := range []string{"=", ": "} {
		for before := range 40 {
			for after := range 20 {
				text := strings.Repeat("z", before) + " trace_id" + separator + traceText + strings.Repeat(" ", after)
				if got := fmt.Sprintf("%x", parsed(t, text).TraceID); got != traceText {
					t.Fatalf("%q has the trace %s", text, got)
				}
			}
		}
	}
}

func TestTextWithAByteThatIsNoUTF8IsEscapedAtAnyPlace(t *testing.T) {
	for size := 1; size < 70; size++ {
		for at := range size {
			text := bytes.Repeat([]byte("a"), size)
			text[at] = 0xff
			if parsed(t, string(text)).Flags&event.Escape == 0 {
				t.Fatalf("%q is taken for UTF-8", text)
			}
		}
	}
}

func TestWordsEndAtAnyPlace(t *testing.T) {
	for before := range 20 {
		for size := 1; size < 30; size++ {
			s := []byte(strings.Repeat("x", before+size) + " !")
			if end := wordEnd(s, before); end != before+size {
				t.Errorf("%q from %d on ends at %d", s, before, end)
			}
			if end := wordEnd(s[:before+size], before); end != before+size {
				t.Errorf("%q from %d on ends at %d", s[:before+size], before, end)
			}
		}
	}
}

func TestBlanksInNamesOfTheDNSAreEscaped(t *testing.T) {
	const line = `A IN a\ b\\\ !c.\\ udp 40 false 512" NOERROR qr 120 0.5s`
	var ends [corednsWords + 1]int
	if n := words([]byte(line), 0, &ends); n != corednsWords {
		t.Fatal(n, "words")
	}
	if name := line[ends[1]+1 : ends[2]]; name != `a\ b\\\ !c.\\` {
		t.Error(name)
	}
	for _, bad := range []string{"A  IN", "A ", strings.Repeat("A ", corednsWords+1) + "A", ""} {
		if n := words([]byte(bad), 0, &ends); n != 0 {
			t.Errorf("%q has %d words", bad, n)
		}
	}
}
