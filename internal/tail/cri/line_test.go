package cri_test

import (
	"strings"
	"testing"
	"time"

	"github.com/tailrace/tailrace/internal/tail/cri"
	"github.com/tailrace/tailrace/pipeline/event"
)

func TestParse(t *testing.T) {
	at := time.Date(2026, 3, 5, 10, 11, 12, 120_000_000, time.UTC).UnixNano()
	for _, tt := range []struct {
		name, line, content string
		stream              event.Stream
		partial             bool
		time                int64
	}{
		{"containerd", "2026-03-05T10:11:12.12Z stdout F hello world", "hello world", event.Stdout, false, at},
		{"conmon", "2026-03-05T11:11:12.120000000+01:00 stderr P hel", "hel", event.Stderr, true, at},
		{"no fraction", "2026-03-05T10:11:12Z stdout F x", "x", event.Stdout, false, at - 120_000_000},
		{"west of Greenwich", "2026-03-05T04:41:12.12-05:30 stdout F x", "x", event.Stdout, false, at},
		{"empty content", "2026-03-05T10:11:12.12Z stdout F ", "", event.Stdout, false, at},
		{"tag at the end of the line (conmon 2.2.0)", "2026-03-05T10:11:12.12Z stdout F", "", event.Stdout, false, at},
		{"list of tags", "2026-03-05T10:11:12.12Z stdout P:new:other x y", "x y", event.Stdout, true, at},
		{"list of tags at the end of the line", "2026-03-05T10:11:12.12Z stdout F:new", "", event.Stdout, false, at},
		{"content of spaces", "2026-03-05T10:11:12.12Z stdout F   x", "  x", event.Stdout, false, at},
		{"any bytes", "2026-03-05T10:11:12.12Z stdout F \x00\xff\x1b[31m", "\x00\xff\x1b[31m", event.Stdout, false, at},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var p cri.Parser
			var l cri.Line
			if !p.Parse([]byte(tt.line), &l) {
				t.Fatal("not understood")
			}
			if got := tt.line[l.Content:]; got != tt.content || l.Stream != tt.stream || l.Partial != tt.partial || l.Time != tt.time {
				t.Errorf("got %q %v partial=%v %d, want %q %v partial=%v %d",
					got, l.Stream, l.Partial, l.Time, tt.content, tt.stream, tt.partial, tt.time)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	for _, line := range []string{
		"",
		" ",
		"hello world",
		strings.Repeat("\x00", 19) + "Z stdout F x",
		`{"log":"x\n","stream":"stdout","time":"2026-03-05T10:11:12.12Z"}`,
		"2026-03-05T10:11:12.12Z",
		"2026-03-05T10:11:12.12Z stdout",
		"2026-03-05T10:11:12.12Z stdout ",
		"2026-03-05T10:11:12.12Z stdin_ F x",
		"2026-03-05T10:11:12.12Z stdout X x",
		"2026-03-05T10:11:12.12Z stdout Fx y",
		"2026-03-05T10:11:12. stdout F x",
		"2026-03-05T10:11:12.1234567890Z stdout F x",
		"2026-03-05T10:11:12 stdout F x",
		"2026-03-05T10:11:60Z stdout F x",
		"2026-02-30T10:11:12Z stdout F x",
		"2026-13-01T10:11:12Z stdout F x",
		"1969-12-31T23:59:59Z stdout F x",
		"9999-12-31T23:59:59Z stdout F x",
		"2026-03-05T10:11:12+1:00 stdout F x",
		"2026-03-05T10:11:12+24:00 stdout F x",
		"2026-03-05 10:11:12Z stdout F x",
	} {
		var p cri.Parser
		var l cri.Line
		if p.Parse([]byte(line), &l) {
			t.Errorf("accepted %q", line)
		}
	}
}

func TestParserRemembersOnlyTheSecond(t *testing.T) {
	var p cri.Parser
	var l cri.Line
	for _, s := range []string{
		"2026-03-05T10:11:12.1Z", "2026-03-05T10:11:12.2+01:00", "2026-03-05T10:11:13Z", "2024-02-29T00:00:00Z",
	} {
		want, err := time.Parse(time.RFC3339Nano, s)
		if err != nil {
			t.Fatal(err)
		}
		if !p.Parse([]byte(s+" stdout F x"), &l) || l.Time != want.UnixNano() {
			t.Errorf("%s: got %d, want %d", s, l.Time, want.UnixNano())
		}
	}
}

// The oracle is the standard library: what is accepted here must mean the
// same there.
func FuzzParse(f *testing.F) {
	f.Add([]byte("2026-03-05T10:11:12.12Z stdout F hello world"))
	f.Add([]byte("2026-03-05T11:11:12.120000000+01:00 stderr P:x hel"))
	f.Add([]byte("2024-02-29T23:59:59-00:00 stdout F"))
	f.Fuzz(func(t *testing.T, line []byte) {
		var p cri.Parser
		var l cri.Line
		if !p.Parse(line, &l) {
			return
		}
		if l.Content > len(line) || l.Stream != event.Stdout && l.Stream != event.Stderr {
			t.Fatalf("%q: content at %d, stream %v", line, l.Content, l.Stream)
		}
		stamp := string(line[:indexSpace(line)])
		want, err := time.Parse(time.RFC3339Nano, stamp)
		if err != nil || want.UnixNano() != l.Time {
			t.Fatalf("%q: got %d, the standard library says %v, %v", stamp, l.Time, want.UnixNano(), err)
		}
	})
}

func indexSpace(line []byte) int {
	for i, c := range line {
		if c == ' ' {
			return i
		}
	}
	return len(line)
}
