package encode

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/tailrace/tailrace/pipeline/event"
	"github.com/tailrace/tailrace/pipeline/frame"
)

var update = flag.Bool("update", false, "write the golden files and docs/documents.md")

// documentsPage shows the goldens to readers of the documentation.
const documentsPage = "../../docs/documents.md"

// example is a line and what the reader and the parser make of it. Its golden
// file has the two lines that it leaves in a frame.
type example struct {
	name, about string
	line        string
	source      event.Source
	// parse fills the record; Line, Raw and the times are set before.
	parse func(b *event.Batch, r *event.Record)
}

// pod is the source of most examples: a container's log as the pods receiver
// opens it.
func pod() event.Source {
	return event.Source{
		ID:   event.SourceID{0: 1, 15: 2},
		Path: "/var/log/pods/shop_cart-7d4f_8c1f/app/0.log",
		Resource: []event.Attr{
			{Name: "k8s.namespace.name", Value: `"shop"`}, {Name: "k8s.pod.name", Value: `"cart-7d4f"`},
			{Name: "k8s.container.name", Value: `"app"`}, {Name: "k8s.container.restart_count", Value: "0"},
		},
		Attributes: []event.Attr{{Name: "log.file.path", Value: `"/var/log/pods/shop_cart-7d4f_8c1f/app/0.log"`}},
	}
}

// span finds text in the record's line.
func span(b *event.Batch, r *event.Record, text string) event.Span {
	at := bytes.Index(b.Bytes(r.Line), []byte(text))
	if at < 0 {
		panic("the line does not contain " + text)
	}
	return event.Span{Off: r.Line.Off + uint32(at), Len: uint32(len(text))}
}

func key(b *event.Batch, r *event.Record, name, value string) event.Field {
	return event.Field{Key: span(b, r, name), Value: event.JSON(span(b, r, value))}
}

var traceID = [16]byte{0x4b, 0xf9, 0x2f, 0x35, 0x77, 0xb3, 0x4d, 0xa6, 0xa3, 0xce, 0x92, 0x9d, 0x0e, 0x0e, 0x47, 0x36}
var spanID = [8]byte{0x00, 0xf0, 0x67, 0xaa, 0x0b, 0xa9, 0x02, 0xb7}

var examples = []example{{
	name: "json", about: "A JSON line of an application, with its trace context",
	line: `{"time":"2026-03-05T10:11:12.12345Z","level":"INFO","msg":"added \"to\" cart","sku":"A-7","n":2,"trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","span_id":"00f067aa0ba902b7"}`,
	parse: func(b *event.Batch, r *event.Record) {
		r.Severity, r.SeverityText = 9, event.JSON(span(b, r, `"INFO"`))
		r.Body = event.JSON(span(b, r, `"added \"to\" cart"`))
		r.TraceID, r.SpanID = traceID, spanID
		b.AddField(r, key(b, r, "sku", `"A-7"`))
		b.AddField(r, event.Field{Key: span(b, r, "n"), Value: event.JSON(span(b, r, "2"))})
	},
}, {
	name: "members", about: "A JSON line whose other members are copied in one piece",
	line: `{"level":"WARN","msg":"slow","ms":1200.5,"tags":["a","b"],"user":{"id":7}}`,
	parse: func(b *event.Batch, r *event.Record) {
		r.Severity, r.SeverityText = 13, event.JSON(span(b, r, `"WARN"`))
		r.Body = event.JSON(span(b, r, `"slow"`))
		members := span(b, r, `"ms":1200.5,"tags":["a","b"],"user":{"id":7}`)
		b.AddField(r, event.Field{Value: event.Value{Kind: event.KindMembers, Span: members}})
	},
}, {
	name: "text", about: "A line of plain text",
	line:  "connected to \"db-0\"\tin 3 ms, path C:\\data, é ✓ \x1b[0m",
	parse: func(b *event.Batch, r *event.Record) { r.Stream = event.Stderr },
}, {
	name: "nginx", about: "An nginx access line with a traceparent field",
	line: `203.0.113.9 - ann [05/Mar/2026:10:11:12 +0000] "GET /a?b=1 HTTP/1.1" 200 512 "https://shop.test/" "x\x22y" "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01" 6f1c0e6bb1a64b0a`,
	parse: func(b *event.Batch, r *event.Record) {
		r.Dataset, r.Severity = "nginx.access", 9
		r.TraceID, r.SpanID, r.TraceFlags, r.HasFlags = traceID, spanID, 1, true
		r.RequestID = span(b, r, "6f1c0e6bb1a64b0a")
		add := func(name string, v event.Value) { b.AddField(r, event.Field{Name: name, Value: v}) }
		add("client.address", event.Text(span(b, r, "203.0.113.9")))
		add("user.name", event.Text(span(b, r, "ann")))
		add("http.request.method", event.Const("GET"))
		add("url.path", event.Text(span(b, r, "/a")))
		add("url.query", event.Text(span(b, r, "b=1")))
		add("http.response.status_code", event.Int(200))
		add("http.response.body.size", event.Int(512))
		add("http.request.header.referer", event.Value{Kind: event.KindTextArray, Span: span(b, r, "https://shop.test/")})
		add("user_agent.original", event.Text(b.Append([]byte(`x"y`))))
	},
}, {
	name: "nginxjson", about: "An nginx access line in JSON, with its duration and request id",
	line: `{"remote_addr":"203.0.113.9","request_method":"POST","request_uri":"/pay","status":503,"request_time":1.042,"request_id":"6f1c0e6bb1a64b0a","host":"shop.test"}`,
	parse: func(b *event.Batch, r *event.Record) {
		r.Dataset, r.Severity = "nginx.access", 17
		r.RequestID = span(b, r, "6f1c0e6bb1a64b0a")
		add := func(name string, v event.Value) { b.AddField(r, event.Field{Name: name, Value: v}) }
		add("client.address", event.Text(span(b, r, "203.0.113.9")))
		add("http.request.method", event.Const("POST"))
		add("url.path", event.Text(span(b, r, "/pay")))
		add("http.response.status_code", event.Int(503))
		add("error.type", event.Text(span(b, r, "503")))
		add("http.server.request.duration", event.JSON(span(b, r, "1.042")))
		add("server.address", event.Text(span(b, r, "shop.test")))
		add("http.request.header.x-request-id", event.Value{Kind: event.KindTextArray, Span: span(b, r, "6f1c0e6bb1a64b0a")})
	},
}, {
	name: "truncated", about: "The head of a line over the cap, and the late rest of one",
	line:  `aaaaaaaaaaaa`,
	parse: func(b *event.Batch, r *event.Record) { r.Flags, r.Lines = event.Truncated|event.Continuation, 9 },
}, {
	name: "malformed", about: "A line that the container runtime did not write",
	line:  `not a CRI line`,
	parse: func(b *event.Batch, r *event.Record) { r.Flags, r.Stream = event.Malformed, event.StreamNone },
}, {
	name: "bytes", about: "A line that is not UTF-8: `\\xff` and a backslash can be had back",
	line:  "caf\xe9 C:\\x \x00 ok",
	parse: func(b *event.Batch, r *event.Record) { r.Flags = event.Escape },
}, {
	name: "structured", about: "A message that is an object",
	line:  `{"msg":{"a":1}}`,
	parse: func(b *event.Batch, r *event.Record) { r.Body = event.JSON(span(b, r, `{"a":1}`)) },
}, {
	name: "logfmt", about: "A logfmt line that names an attribute twice",
	line: `level=info msg=ok a=1 a=2 log.iostream=x`,
	parse: func(b *event.Batch, r *event.Record) {
		r.Severity, r.SeverityText = 9, event.Text(span(b, r, "info"))
		r.Body = event.Text(span(b, r, "ok"))
		a := span(b, r, "a=1")
		a.Len = 1
		b.AddField(r, event.Field{Key: a, Value: event.Text(span(b, r, "1"))})
		b.AddField(r, event.Field{Key: a, Value: event.Text(span(b, r, "2"))})
		b.AddField(r, event.Field{Key: span(b, r, "log.iostream"), Value: event.Text(span(b, r, "x"))})
	},
}, {
	name: "file", about: "A file outside Kubernetes, with a data stream of its own", line: "",
	source: event.Source{
		Settings: event.Settings{Dataset: "Edge-Nginx/Access", DataStreamNamespace: "Prod EU"},
		Resource: []event.Attr{{Name: "host.name", Value: `"edge-1"`}, {Name: "host.name", Value: `"edge-2"`}},
	},
	parse: func(b *event.Batch, r *event.Record) { r.Stream, r.Time = event.StreamNone, 0 },
}, {
	name: "termination", about: "The end of a container's life, which the Kubernetes API told of",
	line: "container app of pod shop/cart-7d4f terminated: OOMKilled, exit code 137, restart 0",
	source: event.Source{
		ID: event.SourceID{0: 1, 15: 3}, Resource: pod().Resource, EventName: "k8s.container.terminated",
	},
	parse: func(b *event.Batch, r *event.Record) {
		r.Stream, r.Start, r.End, r.Dataset = event.StreamNone, 0, 1, "kubernetes.terminations"
		r.Severity, r.SeverityText = 17, event.Const("ERROR")
		b.AddField(r, event.Field{Name: "k8s.container.status.state", Value: event.Const("terminated")})
		b.AddField(r, event.Field{Name: "k8s.container.status.reason", Value: event.Text(span(b, r, "OOMKilled"))})
		b.AddField(r, event.Field{Name: "process.exit.code", Value: event.Int(137)})
	},
}}

// times of the examples: 2026-03-05T10:11:12.12345Z, read 20 ms later.
const (
	exampleTime = 1772705472_123450000
	exampleRead = exampleTime + 20_000_000
)

// batch is the example as it reaches the encoder.
func (x example) batch() *event.Batch {
	src := x.source
	if src.Resource == nil {
		src = pod()
	}
	b := &event.Batch{Source: &src}
	line := b.Append([]byte(x.line))
	r := event.Record{Raw: line, Line: line, Start: 100, End: 100 + int64(len(x.line)) + 1, Lines: 1, Stream: event.Stdout, Time: exampleTime, Observed: exampleRead}
	x.parse(b, &r)
	b.Records = append(b.Records, r)
	return b
}

// plainOf encodes b with e and returns the frame's plain bytes.
func plainOf(t testing.TB, e *Encoder, b *event.Batch) ([]byte, *frame.Sealed) {
	t.Helper()
	f := frame.NewBuilder(1)
	e.Encode(b, f)
	s := f.Seal(frame.Meta{})
	plain, err := frame.Inflate(nil, s.Payload, &s.Meta)
	if err != nil {
		t.Fatal(err)
	}
	return plain, s
}

// goldens are the directories of the mappings' golden files.
var goldens = map[Mapping]string{OTel: "testdata", ECS: "testdata/ecs"}

func TestDocuments(t *testing.T) {
	var page strings.Builder
	page.WriteString(pageHead)
	for _, x := range examples {
		fmt.Fprintf(&page, "\n## %s\n\n```text\n%s\n```\n", x.about, visible(x.line))
		for _, m := range []Mapping{OTel, ECS} {
			t.Run(x.name+" "+string(m), func(t *testing.T) {
				got, _ := plainOf(t, New(Options{Node: "node-1", Mapping: m}), x.batch())
				checkGolden(t, filepath.Join(goldens[m], x.name+".ndjson"), got)
				writeExample(t, &page, m, got)
			})
		}
	}
	t.Run("documentation page", func(t *testing.T) { checkGolden(t, documentsPage, []byte(page.String())) })
}

func checkGolden(t *testing.T, path string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs (run with -update if this is intended)\ngot:\n%s\nwant:\n%s", path, got, want)
	}
}

const pageHead = `# Documents

<!-- Generated from pipeline/encode/testdata by "go test ./pipeline/encode -update". -->

What Tailrace stores in Elasticsearch. With ` + "`mapping: otel`" + `, the default, it is
the structure of Elastic's OpenTelemetry mode, in the streams
` + "`logs-<dataset>.otel-<namespace>`" + `; with ` + "`mapping: ecs`" + ` it is the fields of the
Elastic Common Schema, in ` + "`logs-<dataset>-<namespace>`" + `. [elasticsearch.md](elasticsearch.md)
says how to choose. ` + "`_id`" + ` is a hash of the record's place and bytes, so that a
record that is sent twice is stored once. The resource's attributes come from
the file's path and the configuration. Text that is not UTF-8 is kept: an
invalid byte becomes ` + "`\\xHH`" + `, a backslash is doubled, and ` + "`log.body.escaped`" + `
(of attributes: ` + "`log.attributes.escaped`" + `) says so.
`

// writeExample adds the action and the document, indented.
func writeExample(t *testing.T, page *strings.Builder, m Mapping, plain []byte) {
	t.Helper()
	for _, d := range frame.Documents(plain) {
		var pretty bytes.Buffer
		if err := json.Indent(&pretty, d.Source, "", "  "); err != nil {
			t.Fatalf("%v: %s", err, d.Source)
		}
		fmt.Fprintf(page, "\n`mapping: %s`:\n\n```json\n%s\n%s\n```\n", m, d.Action, pretty.Bytes())
	}
}

// visible quotes lines with control bytes or bytes that are not UTF-8.
func visible(line string) string {
	if utf8.ValidString(line) && !strings.ContainsFunc(line, unicode.IsControl) {
		return line
	}
	return strconv.Quote(line)
}
