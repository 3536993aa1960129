package parse

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tailrace/tailrace/pipeline/event"
)

// TestExceptions parses the traces of internal/tail/multiline as the records that
// they are put together to.
func TestExceptions(t *testing.T) {
	files, err := filepath.Glob("../../internal/tail/multiline/testdata/*.txt")
	if err != nil || len(files) < 15 {
		t.Fatal(files, err)
	}
	var out strings.Builder
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&out, "# %s\n", filepath.Base(file))
		for _, record := range joinedRecords(text) {
			out.WriteString(renderJoined(record))
		}
	}
	compareGolden(t, "testdata/exceptions.golden", out.String())
}

// joinedRecords are those of several lines.
func joinedRecords(text []byte) (records [][]byte) {
	var open []byte
	for line := range bytes.Lines(text) {
		if line[0] == '|' {
			open = append(append(open, '\n'), bytes.TrimSuffix(line[2:], []byte("\n"))...)
			continue
		}
		if bytes.IndexByte(open, '\n') >= 0 {
			records = append(records, open)
		}
		open = bytes.Clone(bytes.TrimSuffix(line[min(2, len(line)-1):], []byte("\n")))
	}
	if bytes.IndexByte(open, '\n') >= 0 {
		records = append(records, open)
	}
	return records
}

func renderJoined(text []byte) string {
	b := batchOf(&event.Source{Container: "c"}, text)
	b.Records[0].Lines = uint32(1 + bytes.Count(text, []byte("\n")))
	New(Options{}).Process(b)
	return render(b, &b.Records[0])
}

// TestExceptionsOfLinesThatEndAsOnWindows finds the same in traces with CR LF.
func TestExceptionsOfLinesThatEndAsOnWindows(t *testing.T) {
	files, _ := filepath.Glob("../../internal/tail/multiline/testdata/*.txt")
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, record := range joinedRecords(text) {
			var unix, windows exception
			crlf := bytes.ReplaceAll(append(record, '\n'), []byte("\n"), []byte("\r\n"))
			found := unix.find(record)
			if windows.find(crlf) != found {
				t.Errorf("%s: found is %t with LF alone: %q", filepath.Base(file), found, record)
			}
			for what, places := range map[string][2][2]int{"kind": {unix.kind, windows.kind}, "message": {unix.message, windows.message}, "head": {unix.head, windows.head}} {
				got := string(bytes.ReplaceAll(crlf[places[1][0]:places[1][1]], []byte("\r"), nil))
				if want := string(record[places[0][0]:places[0][1]]); got != want {
					t.Errorf("%s: the %s is %q, with LF alone %q", filepath.Base(file), what, got, want)
				}
				if at := places[1][1]; at > 0 && crlf[at-1] == '\r' {
					t.Errorf("%s: the %s of %q ends with CR", filepath.Base(file), what, crlf[places[1][0]:at])
				}
			}
		}
	}
}

// Nothing of a record is missing from its document: what is not in the body is in
// the trace or was understood.
func TestMessagesOfSeveralLines(t *testing.T) {
	for text, want := range map[string]string{
		"2026-03-05T10:11:12Z INFO config:\n  a: 1\n  b: 2":                        "",
		"time=2026-03-05T10:11:12Z level=ERROR msg=boom\n  more":                   "boom\n  more",
		"time=2026-03-05T10:11:12Z level=ERROR msg=\"a b\" n=1\n  more":            "",
		"I0305 10:11:12.123456       1 server.go:42] list:\n\tone\n\ttwo":          "list:\n\tone\n\ttwo",
		"E0305 10:11:12.123456       1 a.go:1] failed\njava.lang.Error: x\n\tat a": "failed",
		"ERROR two lines\n  of message\njava.lang.Error: x\n\tat a.b(C.java:1)":    "ERROR two lines\n  of message",
	} {
		b := batchOf(&event.Source{Container: "c"}, []byte(text))
		b.Records[0].Lines = 3
		New(Options{}).Process(b)
		body, got := b.Records[0].Body, ""
		if body.Kind != event.KindNone {
			got = string(b.Bytes(body.Span))
		}
		if got != want {
			t.Errorf("%q: the body is %q, want %q", text, got, want)
		}
	}
}

// Whatever the lines are, places are inside of them.
func FuzzExceptions(f *testing.F) {
	files, _ := filepath.Glob("../../internal/tail/multiline/testdata/*.txt")
	for _, file := range files {
		text, _ := os.ReadFile(file)
		for _, record := range joinedRecords(text) {
			f.Add(record)
		}
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		b := batchOf(&event.Source{Container: "c"}, text)
		b.Records[0].Lines = 2
		New(Options{}).Process(b)
		if r := &b.Records[0]; r.Reason == reasonPanic.String() {
			t.Errorf("%q made the parser panic", text)
		}
		renderJoined(text)
	})
}
