package pipeline

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/tailrace/tailrace/pipeline/encode"
	"github.com/tailrace/tailrace/pipeline/event"
	"github.com/tailrace/tailrace/pipeline/frame"
	"github.com/tailrace/tailrace/processors/parse"
)

// hostile is a format as a client can make its server write it: the line
// around a text that the client chose, escaped as the server does.
type hostile struct {
	format, attribute string
	line              func(escaped string) string
	escape            func(string) string
	// list says that the attribute is a list of one.
	list bool
}

// hexEscaped writes what nginx does not leave as it is (ngx_http_log_escape).
func hexEscaped(s string) string {
	var w strings.Builder
	for i := range len(s) {
		if c := s[i]; c < ' ' || c >= 0x7f || c == '"' || c == '\\' {
			fmt.Fprintf(&w, `\x%02X`, c)
		} else {
			w.WriteByte(c)
		}
	}
	return w.String()
}

// apacheEscaped writes what Apache does not (ap_escape_logitem).
func apacheEscaped(s string) string {
	var w strings.Builder
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			w.WriteString(`\` + string(rune(c)))
		case strings.IndexByte("\b\n\r\t\v", c) >= 0:
			w.WriteString(`\` + string("btnvr"[strings.IndexByte("\b\t\n\v\r", c)]))
		case c < ' ' || c >= 0x7f:
			fmt.Fprintf(&w, `\x%02x`, c)
		default:
			w.WriteByte(c)
		}
	}
	return w.String()
}

// hashEscaped writes what HAProxy does not in a captured header.
func hashEscaped(s string) string {
	var w strings.Builder
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > 0x7e || strings.IndexByte(`"#{|}`, c) >= 0 {
			fmt.Fprintf(&w, `#%02X`, c)
		} else {
			w.WriteByte(c)
		}
	}
	return w.String()
}

func jsonEscaped(s string) string {
	text, _ := json.Marshal(s)
	return string(text[1 : len(text)-1])
}

var hostiles = []hostile{
	{format: "nginx", attribute: "user_agent.original", escape: hexEscaped, line: func(s string) string {
		return `203.0.113.9 - - [05/Mar/2026:10:11:12 +0000] "GET / HTTP/1.1" 200 5 "-" "` + s + `"`
	}},
	{format: "nginx", attribute: "http.request.header.referer", list: true, escape: hexEscaped, line: func(s string) string {
		return `203.0.113.9 - - [05/Mar/2026:10:11:12 +0000] "GET / HTTP/1.1" 200 5 "` + s + `" "-"`
	}},
	{format: "ingress-nginx", attribute: "user_agent.original", escape: hexEscaped, line: func(s string) string {
		return `203.0.113.9 - - [05/Mar/2026:10:11:12 +0000] "GET / HTTP/1.1" 200 5 "-" "` + s + `" 73 0.004 [a-b-80] [] 10.0.0.1:80 5 0.004 200 0f1e2d3c4b5a`
	}},
	{format: "nginx-json", attribute: "user_agent.original", escape: jsonEscaped, line: func(s string) string {
		return `{"remote_addr":"203.0.113.9","request":"GET / HTTP/1.1","status":200,"http_user_agent":"` + s + `"}`
	}},
	{format: "apache", attribute: "user_agent.original", escape: apacheEscaped, line: func(s string) string {
		return `shop.test:80 203.0.113.9 - - [05/Mar/2026:10:11:12 +0000] "GET / HTTP/1.1" 200 5 "-" "` + s + `"`
	}},
	{format: "haproxy", attribute: "haproxy.captured_request_headers", escape: hashEscaped, line: func(s string) string {
		return `203.0.113.9:5100 [05/Mar/2026:10:11:12.004] web app/a 3/0/1/18/22 200 911 - - ---- 1/1/1/1/0 0/0 {` + s + `} {} "GET / HTTP/1.1"`
	}},
	{format: "envoy", attribute: "user_agent.original", escape: unescaped, line: func(s string) string {
		return `[2026-03-05T10:11:12.310Z] "GET / HTTP/1.1" 200 - 0 5 1 0 "10.9.8.7" "` + s + `" "e3a90c57-2d61-9f08-b1c4-77d2a05e6b38" "a" "10.0.2.1:80"`
	}},
	{format: "istio", attribute: "user_agent.original", escape: unescaped, line: func(s string) string {
		return `[2026-03-05T10:11:12.955Z] "GET / HTTP/1.1" 200 - via_upstream - "-" 0 8 2 1 "-" "` + s + `" "1b7e44d2" "d:9080" "10.6.2.1:9080" inbound|9080|| 127.0.0.6:1 10.6.2.1:9080 10.6.1.7:5 - default`
	}},
	{format: "envoy-json", attribute: "user_agent.original", escape: jsonEscaped, line: func(s string) string {
		return `{"start_time":"2026-03-05T10:11:12.955Z","response_code":200,"response_flags":"-","user-agent":"` + s + `"}`
	}},
	{format: "traefik", attribute: "user_agent.original", escape: func(s string) string { return strings.ReplaceAll(s, `"`, `\"`) }, line: func(s string) string {
		return `10.0.0.1 - - [05/Mar/2026:10:11:12 +0000] "GET / HTTP/1.1" 200 17 "-" "` + s + `" 42 "web@docker" "http://10.0.0.9:80" 3ms`
	}},
	{format: "traefik-json", attribute: "user_agent.original", escape: jsonEscaped, line: func(s string) string {
		return `{"ClientHost":"10.0.0.1","RequestPath":"/","DownstreamStatus":200,"request_User-Agent":"` + s + `"}`
	}},
	{format: "linkerd-json", attribute: "user_agent.original", escape: jsonEscaped, line: func(s string) string {
		return `{"client.addr":"10.42.0.6:51160","client.id":"-","uri":"/","status":200,"user_agent":"` + s + `"}`
	}},
	{format: "aws-alb", attribute: "user_agent.original", escape: hexEscaped, line: func(s string) string {
		return `http 2026-03-05T10:11:12.500001Z app/lb/7 192.0.2.9:40112 10.0.0.1:8080 0.001 0.2 0.0 200 200 0 57 "GET http://a:80/ HTTP/1.1" "` + s + `" - - arn:tg "-"`
	}},
}

func unescaped(s string) string { return s }

// texts are what clients send: chosen for each format's weak places, then at
// random from bytes that matter.
func texts(r *rand.Rand) []string {
	all := []string{
		"a \"b\" c", `back\slash \\ \" \x41 #41 \u0041`, `" "`, `" 200 5 "-" "`, "caf\u00e9 \u4f60\u597d \U0001f600", "cut \xc3", "\xff\xfe", " ",
		"tab\tvt\vbs\b", "\x7f\x01", `{"a":1}`, "[05/Mar/2026:10:11:12 +0000]", "%s%n", strings.Repeat("x", 900<<10), strings.Repeat(`"\`, 1000),
	}
	const bytes = "ab \"\\x41#{}|'%,:;=[]<>&\t\x01\x7f\xc3\xa9\xe4\xbd\xa0\xff"
	for range 200 {
		var w strings.Builder
		for range 1 + r.IntN(30) {
			w.WriteByte(bytes[r.IntN(len(bytes))])
		}
		all = append(all, w.String())
	}
	return all
}

// TestValuesReachTheDocumentAsTheyWereSent compares what a client sent with
// what a JSON parser reads back from the document, byte for byte. Bytes that
// are not UTF-8 must leave a valid document with the line as its body.
func TestValuesReachTheDocumentAsTheyWereSent(t *testing.T) {
	for _, h := range hostiles {
		t.Run(h.format+" "+h.attribute, func(t *testing.T) {
			d := newDocuments(h.format)
			for _, sent := range texts(rand.New(rand.NewPCG(1, 2))) {
				if h.format == "haproxy" && len(sent) > 8<<10 {
					continue // HAProxy's own buffer is no longer.
				}
				valid := utf8.ValidString(sent)
				if !valid && strings.HasSuffix(h.format, "-json") {
					continue // Such a line is no JSON; it stays text.
				}
				got := d.attribute(t, h.line(h.escape(sent)), h.attribute, h.list)
				if valid && got != sent {
					t.Fatalf("sent %.200q, the document has %.200q", sent, got)
				}
			}
		})
	}
}

// documents makes documents of the lines of one format.
type documents struct {
	parser  *parse.Parser
	encoder *encode.Encoder
	builder *frame.Builder
	src     *event.Source
}

func newDocuments(format string) *documents {
	d := &documents{parser: parse.New(parse.Options{}), encoder: encode.New(encode.Options{}), builder: frame.NewBuilder(1)}
	d.src = &event.Source{Container: "c", Settings: event.Settings{Format: format}}
	d.parser.Open(d.src)
	d.encoder.Open(d.src)
	return d
}

// attribute is what the document of a line says under a name.
func (d *documents) attribute(t *testing.T, line, name string, list bool) string {
	t.Helper()
	b := new(event.Batch)
	b.Reset(d.src)
	raw := b.Append([]byte(line))
	b.Records = append(b.Records, event.Record{Raw: raw, Line: raw, Lines: 1, Observed: time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC).UnixNano()})
	d.parser.Process(b)
	if b.Records[0].Reason != "" {
		t.Fatalf("%s: %.300q", b.Records[0].Reason, line)
	}
	d.encoder.Encode(b, d.builder)
	sealed := d.builder.Seal(frame.Meta{})
	defer sealed.Release()
	plain, err := frame.Inflate(nil, sealed.Payload, &sealed.Meta)
	if err != nil {
		t.Fatal(err)
	}
	for _, document := range frame.Documents(plain) {
		return valueOf(t, document.Source, name, list)
	}
	t.Fatal("no document")
	return ""
}

func valueOf(t *testing.T, document []byte, name string, list bool) string {
	t.Helper()
	var d struct{ Attributes map[string]json.RawMessage }
	if err := json.Unmarshal(document, &d); err != nil {
		t.Fatalf("the document is not JSON: %v: %.300q", err, document)
	}
	var one string
	many := []string{""}
	var err error
	if list {
		err = json.Unmarshal(d.Attributes[name], &many)
		one = many[0]
	} else {
		err = json.Unmarshal(d.Attributes[name], &one)
	}
	if err != nil {
		t.Fatalf("%s: %v: %.300q", name, err, document)
	}
	return one
}
