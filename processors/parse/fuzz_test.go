package parse

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"unicode/utf8"

	"github.com/tailrace/tailrace/internal/strictjson"
	"github.com/tailrace/tailrace/pipeline/event"
)

// seeds adds the lines of the golden inputs.
func seeds(f *testing.F) {
	inputs, err := filepath.Glob("testdata/*.log")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range inputs {
		text, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		for raw := range bytes.Lines(text) {
			f.Add(unescape(bytes.TrimSuffix(raw, []byte("\n"))))
		}
	}
}

// FuzzFormats gives a line to every format, as its own and by detection: none
// may panic, lose the line or leave what an encoder cannot write.
func FuzzFormats(f *testing.F) {
	seeds(f)
	p := New(Options{})
	sources := []*event.Source{{Container: "auto"}}
	for _, name := range Formats() {
		sources = append(sources, &event.Source{Container: name, Settings: event.Settings{Format: name}})
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		for _, src := range sources {
			b := batchOf(src, line)
			p.Process(b)
			check(t, b)
			if !bytes.Equal(b.Bytes(b.Records[0].Raw), line) {
				t.Fatalf("%s: the raw line was changed", src.Container)
			}
		}
		for _, c := range p.Containers() {
			if c.Quarantined {
				t.Fatalf("%s panicked", c.Name)
			}
		}
		e := p.Explain(batchOf(sources[0], line), 0)
		for _, m := range e.Tried {
			if m.Column < 1 || m.Column > len(line)+1 {
				t.Fatalf("%s: column %d of %d", m.Format, m.Column, len(line))
			}
		}
	})
}

// check holds a parsed batch's first record to what encoders rely on.
func check(t *testing.T, b *event.Batch) {
	t.Helper()
	r := &b.Records[0]
	if len(b.Data) > 1<<20+40*int(r.Line.Len) {
		t.Fatalf("%d bytes were made of %d", len(b.Data), r.Line.Len)
	}
	checkValue(t, b, r.Body)
	checkValue(t, b, r.SeverityText)
	b.Bytes(r.RequestID)
	if r.SpanID != [8]byte{} && r.TraceID == [16]byte{} {
		t.Fatal("a span id without a trace id")
	}
	if r.Time == 0 || r.Severity > 24 {
		t.Fatalf("time %d, severity %d", r.Time, r.Severity)
	}
	names := map[string]bool{"log.iostream": true, "log.file.path": true}
	for _, f := range b.FieldsOf(r) {
		for _, name := range namesOf(t, b, f) {
			if names[name] {
				t.Fatalf("%q is there twice", name)
			}
			names[name] = true
		}
	}
}

// namesOf checks a field and returns its names.
func namesOf(t *testing.T, b *event.Batch, f event.Field) (names []string) {
	t.Helper()
	if f.Value.Kind == event.KindMembers {
		run := b.Bytes(f.Value.Span)
		var s strictjson.Scanner
		if !s.Run(run) {
			t.Fatalf("not a run of members: %q", run)
		}
		for _, m := range s.Members {
			names = append(names, string(strictjson.AppendText(nil, run[m.Key:m.KeyEnd])))
		}
		return names
	}
	checkValue(t, b, f.Value)
	name := f.Name
	if name == "" {
		key := append(append([]byte{'"'}, b.Bytes(f.Key)...), '"')
		if !strictjson.IsString(key) {
			t.Fatalf("not a key: %q", key)
		}
		name = string(strictjson.AppendText(nil, key[1:len(key)-1]))
	}
	if name == "" {
		t.Fatal("an attribute without a name")
	}
	return []string{name}
}

func checkValue(t *testing.T, b *event.Batch, v event.Value) {
	t.Helper()
	if v.Kind == event.KindText || v.Kind == event.KindTextArray {
		b.Bytes(v.Span)
	}
	if v.Kind != event.KindJSON {
		return
	}
	if text := b.Bytes(v.Span); !json.Valid(text) || !utf8.Valid(text) {
		t.Fatalf("not JSON: %q", text)
	}
}
