package dockerjson_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/tailrace/tailrace/internal/tail/dockerjson"
	"github.com/tailrace/tailrace/pipeline/event"
)

// content is what the application wrote, without its newline.
func content(line string, l *dockerjson.Line) string {
	text := line[l.Content:l.ContentEnd]
	if l.Escaped {
		return string(dockerjson.AppendContent(nil, []byte(text)))
	}
	return text
}

func TestParse(t *testing.T) {
	at := time.Date(2026, 3, 5, 10, 11, 12, 120_000_000, time.UTC).UnixNano()
	const rest = `,"stream":"stdout","time":"2026-03-05T10:11:12.12Z"}`
	for _, tt := range []struct {
		name, line, content string
		stream              event.Stream
		partial             bool
		time                int64
	}{
		{"whole", `{"log":"hello world\n"` + rest, "hello world", event.Stdout, false, at},
		{"piece", `{"log":"hel"` + rest, "hel", event.Stdout, true, at},
		{"stderr", `{"log":"x\n","stream":"stderr","time":"2026-03-05T10:11:12.12Z"}`, "x", event.Stderr, false, at},
		{"attrs", `{"log":"x\n","stream":"stdout","attrs":{"env":"a","tag":"b \"c\""},"time":"2026-03-05T10:11:12.12Z"}`,
			"x", event.Stdout, false, at},
		{"empty line", `{"log":"\n"` + rest, "", event.Stdout, false, at},
		{"no log", `{"stream":"stdout","time":"2026-03-05T10:11:12.12Z"}`, "", event.Stdout, true, at},
		{"no stream", `{"log":"x\n","time":"2026-03-05T10:11:12.12Z"}`, "x", event.StreamNone, false, at},
		{"escapes", `{"log":"\u003ca\u0026b\u003e \"q\" \\ \t\u0000\u001b[31m\u2028\ud83d\ude00\r\n"` + rest,
			"<a&b> \"q\" \\ \t\x00\x1b[31m\u2028😀\r", event.Stdout, false, at},
		{"a backslash before an n at the end of a piece", `{"log":"C:\\n"` + rest, `C:\n`, event.Stdout, true, at},
		{"a backslash before the newline", `{"log":"C:\\\n"` + rest, `C:\`, event.Stdout, false, at},
		{"a newline in the middle", `{"log":"a\nb\n"` + rest, "a\nb", event.Stdout, false, at},
		{"not ASCII", `{"log":"größer\n"` + rest, "größer", event.Stdout, false, at},
		{"a byte that was no UTF-8", `{"log":"\ufffd\n"` + rest, "\ufffd", event.Stdout, false, at},
		{"another order and white space", `{ "time": "2026-03-05T11:11:12.12+01:00", "log": "x\n" }`, "x", event.StreamNone, false, at},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var p dockerjson.Parser
			var l dockerjson.Line
			if !p.Parse([]byte(tt.line), &l) {
				t.Fatal("not understood")
			}
			if got := content(tt.line, &l); got != tt.content || l.Stream != tt.stream || l.Partial != tt.partial || l.Time != tt.time {
				t.Errorf("got %q %v partial=%v %d, want %q %v partial=%v %d",
					got, l.Stream, l.Partial, l.Time, tt.content, tt.stream, tt.partial, tt.time)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	for _, line := range []string{
		"",
		"{",
		"{}",
		"hello world",
		"2026-03-05T10:11:12.12Z stdout F x",
		`{"log":"x\n","stream":"stdout"}`,
		`{"log":"x\n","stream":"stdout","time":""}`,
		`{"log":"x\n","stream":"stdout","time":"yesterday"}`,
		`{"log":"x\n","stream":"stdout","time":"2026-03-05T10:11:12"}`,
		`{"log":"x\n","stream":"stdout","time":"2026-03-05T10:11:12Z "}`,
		`{"log":"x\n","stream":"stdout","time":17}`,
		`{"log":"x\n","stream":"stdout","time":null}`,
		`{"log":"x\n","stream":"stdin","time":"2026-03-05T10:11:12Z"}`,
		`{"log":"x\n","stream":1,"time":"2026-03-05T10:11:12Z"}`,
		`{"log":1,"stream":"stdout","time":"2026-03-05T10:11:12Z"}`,
		`{"log":null,"stream":"stdout","time":"2026-03-05T10:11:12Z"}`,
		`{"log":{"a":"b"},"time":"2026-03-05T10:11:12Z"}`,
		`{"log":"x\n","log":"y\n","time":"2026-03-05T10:11:12Z"}`,
		`{"l\u006fg":"x\n","time":"2026-03-05T10:11:12Z"}`,
		`{"log":"x` + "\x01" + `","time":"2026-03-05T10:11:12Z"}`,
		`{"log":"x` + "\xff" + `","time":"2026-03-05T10:11:12Z"}`,
		`{"log":"x\q","time":"2026-03-05T10:11:12Z"}`,
		`{"log":"cut off`,
		`{"log":"x\n","time":"2026-03-05T10:11:12Z"}{"log":"y\n","time":"2026-03-05T10:11:12Z"}`,
		strings.Repeat("\x00", 40) + `{"log":"x\n","time":"2026-03-05T10:11:12Z"}`,
	} {
		var p dockerjson.Parser
		var l dockerjson.Line
		if p.Parse([]byte(line), &l) {
			t.Errorf("accepted %q", line)
		}
	}
}

// The oracle is the standard library: what is accepted here must have the same
// text, time and stream there.
func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"log":"hello \u003cworld\u003e\n","stream":"stdout","time":"2026-03-05T10:11:12.12Z"}`))
	f.Add([]byte(`{"log":"hel\\n","stream":"stderr","attrs":{"tag":"x"},"time":"2026-03-05T11:11:12+01:00"}`))
	f.Add([]byte(`{"time":"2024-02-29T23:59:59-00:00","log":"\ud800\ud83d\ude00\u2028\\\n"}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		var p dockerjson.Parser
		var l dockerjson.Line
		if !p.Parse(line, &l) {
			return
		}
		got := content(string(line), &l)
		if !l.Partial {
			got += "\n"
		}
		want := reference(t, line)
		if got != want.log || l.Stream.String() != want.stream || l.Time != want.time {
			t.Fatalf("%q: got %q %v %d, the standard library says %+v", line, got, l.Stream, l.Time, want)
		}
	})
}

type message struct {
	log, stream string
	time        int64
}

// reference reads a line with encoding/json, whose structs take keys of any
// case for each other: a map does not.
func reference(t *testing.T, line []byte) (m message) {
	var values map[string]json.RawMessage
	if err := json.Unmarshal(line, &values); err != nil {
		t.Fatalf("%q: %v", line, err)
	}
	var stamp string
	for key, into := range map[string]*string{"log": &m.log, "stream": &m.stream, "time": &stamp} {
		if v := values[key]; v != nil {
			if err := json.Unmarshal(v, into); err != nil {
				t.Fatalf("%q: %s: %v", line, key, err)
			}
		}
	}
	at, err := time.Parse(time.RFC3339Nano, stamp)
	if err != nil {
		t.Fatalf("%q: %v", line, err)
	}
	m.time = at.UnixNano()
	return m
}
