package console

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/tailrace/tailrace/pipeline/frame"
	"github.com/tailrace/tailrace/pipeline/shipping"
)

// request is a request of one frame with a document per message.
func request(messages ...string) *shipping.Request {
	b := frame.NewBuilder(1)
	for _, m := range messages {
		b.Var([]byte(`{"create":{}}` + "\n" + `{"@timestamp":"2026-11-22T01:02:03Z","severity_number":9,"body":{"text":"` + m + `"}}` + "\n"))
		b.EndDoc(1, 1)
	}
	s := b.Seal(frame.Meta{})
	return &shipping.Request{Parts: []shipping.Part{{
		Docs: int(s.Meta.Docs), PlainSize: int(s.Meta.PlainSize), Payload: s.Payload}}}
}

func newExporter(t *testing.T, color string, out interface{ Write([]byte) (int, error) }) *Exporter {
	c := DefaultConfig()
	c.Color, c.UTC = color, true
	e, err := New(c, out)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestExportPrintsEventsOneBelowTheOther(t *testing.T) {
	var out bytes.Buffer
	resp, err := newExporter(t, "auto", &out).Export(context.Background(), request("first", `two\nlines \u001b[2J`))
	if err != nil || len(resp.Outcomes) != 2 {
		t.Fatal(resp, err)
	}
	want := "01:02:03.000Z INFO  - first\n" + "01:02:03.000Z INFO  - two\n" + `    lines \x1b[2J` + "\n"
	if out.String() != want {
		t.Errorf("printed\n%swant\n%s", out.String(), want)
	}
}

func TestColorsOnlyWhenAskedForInAPipe(t *testing.T) {
	for color, want := range map[string]bool{"auto": false, "never": false, "always": true} {
		var out bytes.Buffer
		if _, err := newExporter(t, color, &out).Export(context.Background(), request("x")); err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(out.String(), "\x1b["); got != want {
			t.Errorf("color: %s: coloured %t", color, got)
		}
	}
}

// flaky fails its first write.
type flaky struct {
	bytes.Buffer
	failed bool
}

func (f *flaky) Write(p []byte) (int, error) {
	if !f.failed {
		f.failed = true
		return 0, errors.New("no space left on device")
	}
	return f.Buffer.Write(p)
}

func TestWhatCouldNotBePrintedIsPrintedAgain(t *testing.T) {
	out := &flaky{}
	e := newExporter(t, "auto", out)
	if _, err := e.Export(context.Background(), request("x")); err == nil {
		t.Error("events that nobody saw count as delivered")
	}
	if _, err := e.Export(context.Background(), request("x")); err != nil || strings.Count(out.String(), "\n") != 1 {
		t.Errorf("after the failure: %v, %q", err, out.String())
	}
}

func TestConfigIsChecked(t *testing.T) {
	c := DefaultConfig()
	c.Color = "blue"
	if err := c.Validate(); err == nil || !strings.Contains(err.Error(), "auto, always or never") {
		t.Errorf("color: blue gives %v", err)
	}
}
