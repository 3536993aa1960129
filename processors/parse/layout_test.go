package parse

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/tailrace/tailrace/pipeline/event"
)

// TestLayouts reads testdata/layouts.txt: a line "layout …" in a server's own
// words, then lines that such a server writes, or breaks.
func TestLayouts(t *testing.T) {
	text, err := os.ReadFile("testdata/layouts.txt")
	if err != nil {
		t.Fatal(err)
	}
	var w strings.Builder
	var settings event.Settings
	for i, raw := range bytes.Split(bytes.TrimSpace(text), []byte("\n")) {
		fmt.Fprintf(&w, "%s\n", raw)
		given, ok := strings.CutPrefix(string(raw), "layout ")
		switch {
		case len(raw) == 0 || raw[0] == '#':
		case ok:
			settings.Format, settings.LogFormat, _ = strings.Cut(given, " ")
			if err := CheckLayout(settings.Format, settings.LogFormat); err != nil {
				fmt.Fprintf(&w, "  error        %v\n", err)
			}
		default:
			w.WriteString(renderGiven(fmt.Sprint(i), settings, raw))
		}
	}
	compareGolden(t, "testdata/layouts.golden", w.String())
}

// renderGiven is what is made of a line of a source with settings.
func renderGiven(container string, settings event.Settings, raw []byte) string {
	src := &event.Source{Container: container, Settings: settings}
	p := New(Options{})
	p.Open(src)
	b := redacted(batchOf(src, unescape(raw)))
	e := p.Explain(b, 0)
	out := render(b, &b.Records[0])
	if len(e.Tried) > 0 && e.Format == "text" {
		out = fmt.Sprintf("  column       %d: %s wanted\n", e.Tried[0].Column, e.Tried[0].Wanted) + out
	}
	return out
}

func TestLayoutsAreCompiledOnce(t *testing.T) {
	p := New(Options{})
	for i := range 3 {
		p.Open(&event.Source{Container: fmt.Sprint(i), Settings: event.Settings{LogFormat: "$remote_addr $status"}})
	}
	if len(p.layouts) != 1 {
		t.Errorf("%d layouts of one text", len(p.layouts))
	}
}

// TestALayoutOfSeveralLines pastes YAML as people have it, with a block and not.
func TestALayoutOfSeveralLines(t *testing.T) {
	const line = `[2026-03-05T10:11:12.310Z] "GET" 200`
	for _, layout := range []string{
		"text_format_source:\n  inline_string: |\n    [%START_TIME%] \"%REQ(:METHOD)%\" %RESPONSE_CODE%\n",
		"meshConfig:\n  accessLogFile: /dev/stdout\n  accessLogFormat: '[%START_TIME%] \"%REQ(:METHOD)%\" %RESPONSE_CODE%'\n",
		"text_format: \"[%START_TIME%] \\\"%REQ(:METHOD)%\\\" %RESPONSE_CODE%\\n\"\n",
		"accessLog:\n  - text:\n      text_format: '[%START_TIME%] \"%REQ(:METHOD)%\" %RESPONSE_CODE%'\n",
	} {
		if err := CheckLayout("envoy", layout); err != nil {
			t.Errorf("%s: %v", layout, err)
		}
		src := &event.Source{Container: "c", Settings: event.Settings{Format: "envoy", LogFormat: layout}}
		if got := formatsOf(New(Options{}), src, event.Stdout, line); got[0] != "log_format" {
			t.Errorf("%s: %v", layout, got)
		}
	}
}

func TestALayoutLeavesItsServersErrorLog(t *testing.T) {
	src := &event.Source{Container: "c", Settings: event.Settings{LogFormat: "$remote_addr $status"}}
	got := formatsOf(New(Options{}), src, event.Stderr, "203.0.113.9 200", "2026/03/05 10:11:12 [notice] 31#31: start worker processes", "other")
	if fmt.Sprint(got) != "[log_format nginx-error text]" {
		t.Error(got)
	}
}

// FuzzLayouts compiles any text in each language and matches any line: neither
// may panic, nor leave what an encoder cannot write.
func FuzzLayouts(f *testing.F) {
	for _, s := range []string{envoyDefault, istioDefault, ingressHead + ingressTail, haproxyHTTPS, haproxyError,
		`log_format a escape=json '{"t":"$time_iso8601","r":"$request","u":"$upstream_addr"}';`,
		`LogFormat "%h %l %u %t \"%r\" %>s %b %{ms}T" a`} {
		f.Add(s, []byte(`203.0.113.9 - - [05/Mar/2026:10:11:12 +0000] "GET / HTTP/1.1" 200 1 "-" "-"`))
	}
	f.Fuzz(func(t *testing.T, given string, line []byte) {
		for _, g := range languages {
			if CheckLayout(g.format, given) != nil || given == "" {
				continue
			}
			src := &event.Source{Container: "c", Settings: event.Settings{Format: g.format, LogFormat: given}}
			p := New(Options{})
			b := batchOf(src, line)
			p.Process(b)
			check(t, b)
			if p.Containers()[0].Quarantined {
				t.Fatalf("%s panicked", g.format)
			}
		}
	})
}
