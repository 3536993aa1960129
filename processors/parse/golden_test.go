package parse

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tailrace/tailrace/pipeline/event"
	"github.com/tailrace/tailrace/processors/redact"
)

var update = flag.Bool("update", false, "write the golden files and generated tables")

// The clock of the tests: lines were written at runtimeTime and read a little later.
var (
	runtimeTime = time.Date(2026, 3, 5, 10, 11, 13, 500, time.UTC).UnixNano()
	observed    = runtimeTime + int64(time.Millisecond)
)

// batchOf makes a batch of lines that src's container wrote to stdout.
func batchOf(src *event.Source, lines ...[]byte) *event.Batch {
	b := new(event.Batch)
	fill(b, src, lines...)
	return b
}

func fill(b *event.Batch, src *event.Source, lines ...[]byte) {
	b.Reset(src)
	for _, text := range lines {
		s := b.Append(text)
		b.Records = append(b.Records, event.Record{
			Raw: s, Line: s, Lines: 1, Stream: event.Stdout, Time: runtimeTime, Observed: observed,
		})
	}
}

// redacted takes the secrets out of a batch, as an agent without a
// configuration does before it parses.
func redacted(b *event.Batch) *event.Batch {
	p, err := redact.New(redact.DefaultConfig(), nil)
	if err != nil {
		panic(err)
	}
	p.Process(b)
	return b
}

// TestGolden parses each line of testdata/*.log as the first line of a
// container of its own, without its secrets. Lines that begin with # are comments; \n, \t, \0 and
// \xHH in a line that begins with a backslash stand for these bytes.
func TestGolden(t *testing.T) {
	inputs, err := filepath.Glob("testdata/*.log")
	if err != nil || len(inputs) == 0 {
		t.Fatal("no inputs", err)
	}
	for _, name := range inputs {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".log"), func(t *testing.T) {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			compareGolden(t, strings.TrimSuffix(name, ".log")+".golden", renderLines(text))
		})
	}
}

func renderLines(text []byte) string {
	var w strings.Builder
	p := New(Options{})
	for i, raw := range bytes.Split(bytes.TrimSuffix(text, []byte("\n")), []byte("\n")) {
		if bytes.HasPrefix(raw, []byte("#")) {
			fmt.Fprintf(&w, "%s\n", raw)
			continue
		}
		src := &event.Source{Container: fmt.Sprint(i)}
		p.Open(src)
		b := redacted(batchOf(src, unescape(raw)))
		p.Process(b)
		fmt.Fprintf(&w, "%s\n%s", raw, render(b, &b.Records[0]))
		p.Close(src)
	}
	return w.String()
}

// unescape lets a text file hold any line.
func unescape(raw []byte) []byte {
	if !bytes.HasPrefix(raw, []byte(`\`)) {
		return raw
	}
	return appendUnquoted(nil, raw[1:])
}

func compareGolden(t *testing.T, name, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("%s differs; go test -update rewrites it\n%s", name, d)
	}
}
