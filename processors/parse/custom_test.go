package parse

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/tailrace/tailrace/pipeline/event"
	"github.com/tailrace/tailrace/pipeline/lineformat"
)

// TestCustomFormats reads testdata/custom.txt: a line "format …" with a
// definition as the configuration has it, then lines of that format, or broken
// ones.
func TestCustomFormats(t *testing.T) {
	text, err := os.ReadFile("testdata/custom.txt")
	if err != nil {
		t.Fatal(err)
	}
	var w strings.Builder
	var custom Custom
	for i, raw := range bytes.Split(bytes.TrimSpace(text), []byte("\n")) {
		fmt.Fprintf(&w, "%s\n", raw)
		given, ok := strings.CutPrefix(string(raw), "format ")
		switch {
		case len(raw) == 0 || raw[0] == '#':
		case ok:
			if custom, err = Compile(map[string]lineformat.Definition{"shop": definition(t, given)}); err != nil {
				fmt.Fprintf(&w, "  error        %v\n", err)
			}
		default:
			w.WriteString(renderCustom(fmt.Sprint(i), custom, raw))
		}
	}
	compareGolden(t, "testdata/custom.golden", w.String())
}

// definition reads a definition by the names of the configuration's keys.
func definition(t testing.TB, text string) (d lineformat.Definition) {
	t.Helper()
	var y struct {
		Type, Regex, Body, Header, Delimiter string
		Timestamp                            struct {
			ParseFrom        string `yaml:"parse_from"`
			Layout, Location string
		}
		Severity struct {
			ParseFrom string `yaml:"parse_from"`
			Mapping   map[string][]string
		}
		Trace struct {
			TraceID     string `yaml:"trace_id"`
			SpanID      string `yaml:"span_id"`
			Traceparent string
		}
		Attributes, Types map[string]string
	}
	decoder := yaml.NewDecoder(strings.NewReader(text))
	decoder.KnownFields(true)
	if err := decoder.Decode(&y); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return lineformat.Definition{
		Type: y.Type, Regex: y.Regex, Body: y.Body, Header: y.Header, Delimiter: y.Delimiter, Attributes: y.Attributes, Types: y.Types,
		Timestamp: lineformat.Timestamp(y.Timestamp), Severity: lineformat.Severity(y.Severity), Trace: lineformat.Trace(y.Trace),
	}
}

// renderCustom is what is made of a line of a source in the format shop.
func renderCustom(container string, custom Custom, raw []byte) string {
	src := &event.Source{Container: container, Settings: event.Settings{Format: "shop"}}
	p := New(Options{Custom: custom})
	p.Open(src)
	b := batchOf(src, unescape(raw))
	e := p.Explain(b, 0)
	out := render(b, &b.Records[0])
	if len(e.Tried) > 0 && e.Format == "text" {
		out = fmt.Sprintf("  column       %d: %q wanted\n", e.Tried[0].Column, e.Tried[0].Wanted) + out
	}
	return out
}

const shopFormat = `{type: regexp, regex: '^shop (?P<time>\S+ \S+) (?P<level>\w+) (?P<ms>\d+) (?P<msg>.*)$', timestamp: {parse_from: time, layout: '%Y-%m-%d %H:%M:%S.%f'}, severity: {parse_from: level}, types: {ms: ms}, body: msg}`

func shop(t testing.TB) Custom {
	custom, err := Compile(map[string]lineformat.Definition{"shop": definition(t, shopFormat)})
	if err != nil {
		t.Fatal(err)
	}
	return custom
}

var ofShop = event.Settings{Format: "shop"}

func TestALineThatDoesNotFitACustomFormatIsTextAndCounted(t *testing.T) {
	p := New(Options{Custom: shop(t)})
	src := &event.Source{Container: "c", Settings: ofShop}
	got := formatsOf(p, src, event.Stdout, "shop 2026-03-05 10:11:12.5 INFO 12 paid", "a banner", "shop yesterday INFO 12 paid")
	if fmt.Sprint(got) != "[custom text text]" {
		t.Error(got)
	}
	var failures []string
	for _, c := range p.Counters() {
		if c.Reason != "" {
			failures = append(failures, fmt.Sprintf("%s: %s: %d", c.Format, c.Reason, c.Lines))
		}
	}
	if fmt.Sprint(failures) != "[custom: does not fit the custom format: 2]" {
		t.Error(failures)
	}
}

// TestCustomMembersAllocateNothing holds the other types to what the formats of
// Tailrace's own are held to.
func TestCustomMembersAllocateNothing(t *testing.T) {
	for given, line := range map[string]string{
		`{type: json, timestamp: {parse_from: when}, attributes: {user: enduser.id}, types: {took: ms}}`: `{"when":"2026-03-05T10:11:12.5Z","user":"a\u0062","took":12,"msg":"paid"}`,
		`{type: logfmt, body: what, types: {took: duration}}`:                                            `at=now level=info what="it \"ends\"" took=12ms`,
		`{type: delimited, header: 'a,b', types: {b: int}}`:                                              `"x ""y""",2`,
	} {
		custom, err := Compile(map[string]lineformat.Definition{"shop": definition(t, given)})
		if err != nil {
			t.Fatal(err)
		}
		b := batchOf(&event.Source{Container: "c", Settings: ofShop}, []byte(line))
		fresh, data := append([]event.Record(nil), b.Records...), len(b.Data)
		p := New(Options{Custom: custom})
		run := func() { refill(b, fresh, data); p.Process(b) }
		run()
		if formats[b.Records[0].Format].name != "custom" {
			t.Fatalf("%s is not taken by %s: %s", line, given, b.Records[0].Reason)
		}
		if n := testing.AllocsPerRun(50, run); n != 0 {
			t.Errorf("%s: %v allocations", given, n)
		}
	}
}

// TestACustomFormatCostsOneAllocationALine holds a regular expression to what
// package regexp itself allocates, and lines without its prefix to nothing.
func TestACustomFormatCostsOneAllocationALine(t *testing.T) {
	for line, most := range map[string]float64{"shop 2026-03-05 10:11:12.5 INFO 12 paid": 1, "no shop 2026-03-05 10:11:12.5 INFO 12 paid": 0} {
		src := &event.Source{Container: "c", Settings: ofShop}
		b := batchOf(src, []byte(line))
		fresh, data := append([]event.Record(nil), b.Records...), len(b.Data)
		p := New(Options{Custom: shop(t)})
		if n := testing.AllocsPerRun(50, func() { refill(b, fresh, data); p.Process(b) }); n > most {
			t.Errorf("%q: %v allocations, more than %v", line, n, most)
		}
	}
}

// TestAHostileLineCostsACustomFormatLinearTime gives a long line to a pattern
// that makes backtracking engines take exponential time.
func TestAHostileLineCostsACustomFormatLinearTime(t *testing.T) {
	custom, err := Compile(map[string]lineformat.Definition{"shop": {Type: "regexp", Regex: `^(?P<a>(x+x+)+)y$`}})
	if err != nil {
		t.Fatal(err)
	}
	p := New(Options{Custom: custom})
	b := batchOf(&event.Source{Container: "c", Settings: ofShop}, bytes.Repeat([]byte("x"), 64<<10))
	began := time.Now()
	p.Process(b)
	if took := time.Since(began); took > time.Minute {
		t.Errorf("one line took %v", took)
	}
	if got := formats[b.Records[0].Format].name; got != "text" {
		t.Error(got)
	}
}

// FuzzCustom compiles any pattern and layout and gives any line to each type of
// format: none may panic, nor leave what an encoder cannot write.
func FuzzCustom(f *testing.F) {
	f.Add(`^(?P<time>\S+ \S+) (?P<level>\w+) (?P<ms>\S+) (?P<msg>.*)$`, "%Y-%m-%d %H:%M:%S.%f", "duration", []byte("2026-03-05 10:11:12.5 INFO 12ms paid"))
	f.Add(`(?P<time>.{15}) (?P<level>\w) (?P<ms>.*?) (?P<msg>.*)`, "%b %e %H:%M:%S", "bytes", []byte("Mar  5 10:11:12 I 1.5KiB paid"))
	f.Add(`(?P<time>.*),(?P<level>.*),(?P<ms>.*),(?P<msg>.*)`, "%I:%M:%S %p %z %j %Y", "float", []byte("10:11:12 PM +01:00 064 2026,E,-1e3,x"))
	f.Add("x", "auto", "int", []byte(`{"time":"2026-03-05T10:11:12Z","level":30,"ms":"4","msg":"a\"","trace":"4bf92f3577b34da6a3ce929d0e0e4736","who":null,"user":1}`))
	f.Add("x", "epoch_ms", "bytes", []byte(`time=1772705472250 level=info ms=4KiB msg="a\"b" who=x user=y`))
	f.Add("x", "rfc3339", "us", []byte(`2026-03-05T10:11:12Z,info,12,"a ""b""",4bf92f3577b34da6a3ce929d0e0e4736,x`))
	f.Fuzz(func(t *testing.T, pattern, layout, kind string, line []byte) {
		for _, d := range []lineformat.Definition{
			{Type: "regexp", Regex: pattern},
			{Type: "json", Trace: lineformat.Trace{TraceID: "trace", SpanID: "span"}, Attributes: map[string]string{"who": "user"}},
			{Type: "logfmt", Trace: lineformat.Trace{Traceparent: "parent"}, Attributes: map[string]string{"who": "user"}},
			{Type: "delimited", Header: "time,level,ms,msg,trace,", Trace: lineformat.Trace{TraceID: "trace"}},
		} {
			d.Body, d.Types, d.Severity.ParseFrom = "msg", map[string]string{"ms": kind}, "level"
			d.Timestamp = lineformat.Timestamp{ParseFrom: "time", Layout: layout}
			fuzzCustom(t, d, line)
		}
	})
}

func fuzzCustom(t *testing.T, d lineformat.Definition, line []byte) {
	custom, err := Compile(map[string]lineformat.Definition{"shop": d})
	if err != nil {
		return
	}
	p, src := New(Options{Custom: custom}), &event.Source{Container: "c", Settings: ofShop}
	b := batchOf(src, line)
	p.Process(b)
	check(t, b)
	if p.Containers()[0].Quarantined {
		t.Fatalf("%s panicked", d.Type)
	}
	for _, m := range p.Explain(batchOf(src, line), 0).Tried {
		if m.Column < 1 || m.Column > len(line)+1 {
			t.Fatalf("%s: column %d of %d", d.Type, m.Column, len(line))
		}
	}
}
