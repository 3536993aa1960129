package parse

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tailrace/tailrace/pipeline/event"
)

const (
	jsonText   = `{"level":"info","msg":"m"}`
	logfmtText = `level=info msg=m n=1`
	plainText  = `at main.go line 7`
)

// formatsOf processes lines that src wrote to a stream, and names the formats.
func formatsOf(p *Parser, src *event.Source, stream event.Stream, lines ...string) (names []string) {
	var raw [][]byte
	for _, l := range lines {
		raw = append(raw, []byte(l))
	}
	b := batchOf(src, raw...)
	for i := range b.Records {
		b.Records[i].Stream = stream
	}
	p.Process(b)
	for _, r := range b.Records {
		names = append(names, formats[r.Format].name)
	}
	return names
}

func repeat(line string, n int) (lines []string) {
	for range n {
		lines = append(lines, line)
	}
	return lines
}

func last(names []string) string { return names[len(names)-1] }

func TestDetectionWaitsForALineThatSaysSomething(t *testing.T) {
	got := formatsOf(New(Options{}), &event.Source{Container: "c"}, event.Stdout, "Starting…", "", plainText, jsonText, plainText)
	if d := cmp.Diff([]string{"text", "text", "text", "json", "text"}, got); d != "" {
		t.Error(d)
	}
}

func TestStreamsOfAContainerAreApart(t *testing.T) {
	p, src := New(Options{}), &event.Source{Container: "c"}
	formatsOf(p, src, event.Stdout, jsonText)
	if got := formatsOf(p, src, event.Stderr, logfmtText); last(got) != "logfmt" {
		t.Error(got)
	}
	want := []Container{{Name: "c", Formats: [event.NumStreams]string{event.Stdout: "json", event.Stderr: "logfmt"}}}
	if d := cmp.Diff(want, p.Containers()); d != "" {
		t.Error(d)
	}
}

// foundFormat is the format that the stream of the parser's one container is known by.
func foundFormat(p *Parser) string { return p.Containers()[0].Formats[event.Stdout] }

func TestFormatIsStickyUntil16MissesIn64Lines(t *testing.T) {
	p, src := New(Options{}), &event.Source{Container: "c"}
	formatsOf(p, src, event.Stdout, jsonText)
	formatsOf(p, src, event.Stdout, repeat(plainText, 15)...)
	if got := foundFormat(p); got != "json" {
		t.Errorf("given up after 15 lines: %q", got)
	}
	if got := formatsOf(p, src, event.Stdout, plainText, logfmtText); last(got) != "logfmt" || foundFormat(p) != "logfmt" {
		t.Errorf("not given up: %v", got)
	}
}

func TestMissesOfAnOldWindowAreForgotten(t *testing.T) {
	p, src := New(Options{}), &event.Source{Container: "c"}
	formatsOf(p, src, event.Stdout, jsonText)
	for range 10 {
		formatsOf(p, src, event.Stdout, repeat(plainText, 15)...)
		formatsOf(p, src, event.Stdout, repeat(jsonText, 49)...)
	}
	if formatsOf(p, src, event.Stdout, plainText); foundFormat(p) != "json" {
		t.Error("given up, though never 16 of 64 lines missed")
	}
}

// TestSeveralFormatsOfOneStreamAreAllRead is for servers that write their own log
// beside that of requests, as Caddy and Traefik do, and for several programs in
// one container: whichever comes first, each line is read as what it is.
func TestSeveralFormatsOfOneStreamAreAllRead(t *testing.T) {
	const (
		caddy   = `{"level":"info","ts":1772705472.1,"logger":"http.log.access","msg":"handled request","request":{"remote_ip":"10.0.0.1","proto":"HTTP/2.0","method":"GET","host":"ex.test","uri":"/a"},"bytes_read":0,"user_id":"","duration":0.004,"size":12,"status":200,"resp_headers":{}}`
		traefik = `{"ClientHost":"10.0.0.1","RequestMethod":"GET","RequestPath":"/a","RequestProtocol":"HTTP/1.1","DownstreamStatus":200,"Duration":3123456,"RouterName":"web@kubernetes","level":"info","msg":"","time":"2026-03-05T10:11:12Z"}`
	)
	for _, lines := range [][2]string{{caddy, jsonText}, {traefik, jsonText}, {caddy, logfmtText}, {jsonText, logfmtText}} {
		for _, first := range []int{0, 1} {
			p, src := New(Options{}), &event.Source{Container: "c"}
			want := [2]string{formatsOf(New(Options{}), src, event.Stdout, lines[0])[0], formatsOf(New(Options{}), src, event.Stdout, lines[1])[0]}
			for i := first; i < 200; i++ {
				if got := formatsOf(p, src, event.Stdout, lines[i%2]); got[0] != want[i%2] {
					t.Fatalf("line %d of %v, beginning with %s, is %s", i-first, want, want[first], got[0])
				}
			}
		}
	}
}

func TestCutLinesSayNothingAboutTheirStream(t *testing.T) {
	p, src := New(Options{}), &event.Source{Container: "c"}
	formatsOf(p, src, event.Stdout, jsonText)
	for _, flag := range []event.Flags{event.Truncated, event.Continuation} {
		for range 2 * windowMisses {
			b := batchOf(src, []byte(logfmtText))
			b.Records[0].Flags = flag
			p.Process(b)
			if got := formats[b.Records[0].Format].name; got != "text" {
				t.Fatalf("flags %d: taken for %s", flag, got)
			}
		}
	}
}

func TestConfiguredDatasetWins(t *testing.T) {
	const access = `203.0.113.9 - - [05/Mar/2026:10:11:12 +0000] "GET / HTTP/1.1" 200 1 "-" "-"`
	for _, dataset := range []string{"", "edge"} {
		b := batchOf(&event.Source{Container: "c", Settings: event.Settings{Dataset: dataset}}, []byte(access))
		New(Options{}).Process(b)
		if got := b.Records[0].Dataset; (got == datasetNginx) != (dataset == "") {
			t.Errorf("dataset %q of a source with %q", got, dataset)
		}
	}
}

func TestFormatSurvivesRotation(t *testing.T) {
	p := New(Options{})
	first, second := &event.Source{Container: "c"}, &event.Source{Container: "c"}
	p.Open(first)
	formatsOf(p, first, event.Stdout, jsonText)
	p.Close(first)
	p.Open(second)
	formatsOf(p, second, event.Stdout, logfmtText)
	if got := p.Containers()[0].Formats[event.Stdout]; got != "json" {
		t.Errorf("the successor is taken for %q", got)
	}
}

func TestClosedContainersAreForgottenInTheEnd(t *testing.T) {
	p := New(Options{})
	for i := range 3 * closedContainers {
		src := &event.Source{Container: fmt.Sprint(i)}
		p.Open(src)
		p.Close(src)
	}
	if n := len(p.containers); n > closedContainers+1 {
		t.Errorf("%d containers are remembered", n)
	}
	src := &event.Source{Container: "again"}
	for range 3 * closedContainers {
		p.Open(src)
		p.Close(src)
	}
	p.Open(src)
	if n := len(p.closed); n > closedContainers {
		t.Errorf("%d entries for one container", n)
	}
	if p.containers["again"].open != 1 {
		t.Error("an open container was forgotten")
	}
}

func TestExplicitFormatWins(t *testing.T) {
	const access = `203.0.113.9 - - [05/Mar/2026:10:11:12 +0000] "GET / HTTP/1.1" 200 1 "-" "-"`
	const object = `{"remote_addr":"::1","request":"GET / HTTP/1.1","status":200}`
	tests := []struct {
		format, line, want string
	}{
		{"auto", jsonText, "json"},
		{"text", jsonText, "text"},
		{"logfmt", jsonText, "text"},
		{"logfmt", "a=1", "logfmt"},
		{"json", object, "json"},
		{"nginx", access, "nginx"},
		{"nginx", object, "nginx-json"},
		{"nginx-json", access, "text"},
	}
	for _, tt := range tests {
		src := &event.Source{Container: "c", Settings: event.Settings{Format: tt.format}}
		if got := formatsOf(New(Options{}), src, event.StreamNone, tt.line); got[0] != tt.want {
			t.Errorf("format %s: %s is %s, want %s", tt.format, tt.line, got[0], tt.want)
		}
	}
}

func TestCheckFormat(t *testing.T) {
	for _, name := range append(Formats(), "", "auto") {
		if err := CheckFormat(name); err != nil {
			t.Error(err)
		}
	}
	if err := CheckFormat("ngin"); err == nil || !strings.Contains(err.Error(), "write auto or one of text, ") {
		t.Error(err)
	}
}

func TestCountersNameFormatAndReason(t *testing.T) {
	p, src := New(Options{}), &event.Source{Container: "c"}
	b := batchOf(src, []byte(jsonText), []byte(plainText), []byte(`{"a":1,"a":2}`))
	b.Records = append(b.Records, event.Record{Flags: event.Malformed})
	p.Process(b)
	if got := b.Records[2].Reason; got != "duplicate JSON key" {
		t.Errorf("reason %q", got)
	}
	want := []Count{
		{Format: "text", Lines: 3},
		{Format: "json", Lines: 1},
		{Format: "json", Reason: "not a JSON object", Lines: 1},
		{Format: "json", Reason: "duplicate JSON key", Lines: 1},
		{Format: "json", Reason: "the container runtime's line is malformed", Lines: 1},
	}
	if d := cmp.Diff(want, p.Counters()); d != "" {
		t.Error(d)
	}
}

// panicking makes the format panic at lines that hold "boom", as a bug would.
func panicking(t *testing.T, name string) {
	for i := range formats {
		if formats[i].name != name {
			continue
		}
		parse := formats[i].parse
		t.Cleanup(func() { formats[i].parse = parse })
		formats[i].parse = func(l *line) bool {
			ok := parse(l)
			if bytes.Contains(l.text, []byte("boom")) {
				panic("boom")
			}
			return ok
		}
	}
}

func TestPanicQuarantinesItsContainerOnly(t *testing.T) {
	panicking(t, "json")
	var log bytes.Buffer
	p := New(Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	bad, good := &event.Source{Container: "bad"}, &event.Source{Container: "good"}
	b := batchOf(bad, []byte(jsonText), []byte(`{"msg":"boom","a":1}`), []byte(jsonText))
	p.Process(b)
	var got []string
	for i := range b.Records {
		got = append(got, render(b, &b.Records[i]))
	}
	want := []string{
		"  format       json\n  severity     9 \"info\"\n  body         \"m\"\n",
		"  format       text\n  reason       the parser panicked\n",
		"  format       text\n  reason       the container's parsing is quarantined\n",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if got := formatsOf(p, good, event.Stdout, jsonText); got[0] != "json" {
		t.Error("another container is not parsed any more")
	}
	if !strings.Contains(log.String(), "container=bad") || strings.Count(log.String(), "\n") != 1 {
		t.Errorf("log: %s", &log)
	}
	for _, c := range p.Containers() {
		if c.Quarantined != (c.Name == "bad") {
			t.Errorf("%+v", c)
		}
	}
}

func TestFiguresMayBeReadWhileParsing(t *testing.T) {
	p, src := New(Options{}), &event.Source{Container: "c"}
	p.Open(src)
	var wait sync.WaitGroup
	wait.Go(func() {
		for range 100 {
			p.Counters()
			p.Containers()
		}
	})
	for range 100 {
		formatsOf(p, src, event.Stdout, jsonText, plainText)
	}
	wait.Wait()
}

func TestFormatsFitTheCounters(t *testing.T) {
	if len(formats) > maxFormats {
		t.Errorf("%d formats, but counters for %d", len(formats), maxFormats)
	}
	if formats[formatText].name != "text" {
		t.Error("text must be the first format")
	}
}

const sharedCombined = `203.0.113.9 - - [05/Mar/2026:10:11:12 +0000] "GET / HTTP/1.1" 200 1 "-" "curl"`

func TestApacheIsTellableByItsNameOrItsEscapes(t *testing.T) {
	const escaped = `203.0.113.9 - - [05/Mar/2026:10:11:12 +0000] "GET / HTTP/1.1" 304 - "-" "a \"b\""`
	for _, src := range []*event.Source{
		{Path: "/var/log/apache2/access.log"},
		{Container: "c", ContainerName: "httpd"},
		{Container: "c", Resource: []event.Attr{{Name: "container.image.name", Value: `"docker.io/library/httpd"`}}},
	} {
		if got := formatsOf(New(Options{}), src, event.Stdout, sharedCombined); got[0] != "apache" {
			t.Errorf("%+v: %s", src, got[0])
		}
	}
	const combinedio = sharedCombined + " 120 3400"
	if got := formatsOf(New(Options{}), &event.Source{Path: "/var/log/httpd/access_log"}, event.Stdout, combinedio); got[0] != "apache" {
		t.Errorf("combinedio: %s", got[0])
	}
	got := formatsOf(New(Options{}), &event.Source{Container: "c"}, event.Stdout, sharedCombined, escaped, sharedCombined)
	if d := cmp.Diff([]string{"nginx", "apache", "apache"}, got); d != "" {
		t.Error(d)
	}
}
