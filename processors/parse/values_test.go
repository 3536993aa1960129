package parse

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/tailrace/tailrace/pipeline/encode"
	"github.com/tailrace/tailrace/pipeline/event"
	"github.com/tailrace/tailrace/pipeline/frame"
)

// valuePlace is a place in a format's lines where anybody's text may stand.
type valuePlace struct {
	format string
	// before and after are the line around the text.
	before, after string
	// write is how the program writes a text; it is "" for one that it cannot
	// write, or not so that anybody could read it back.
	write func(string) string
	// attribute is where the text ends up, the body if it is "".
	attribute string
}

// Ways to write a text, each as its program's source has it.

// asHex is nginx's ngx_http_log_escape.
func asHex(s string) string {
	var w strings.Builder
	for _, c := range []byte(s) {
		if c < ' ' || c >= 0x7f || c == '"' || c == '\\' {
			fmt.Fprintf(&w, `\x%02X`, c)
		} else {
			w.WriteByte(c)
		}
	}
	return w.String()
}

// asApache is ap_escape_logitem.
func asApache(s string) string {
	var w strings.Builder
	for _, c := range []byte(s) {
		if i := strings.IndexByte("\n\r\t\b\v\"\\", c); i >= 0 {
			w.WriteString(`\` + `nrtbv"\`[i:i+1])
		} else if c < ' ' || c >= 0x7f {
			fmt.Fprintf(&w, `\x%02x`, c)
		} else {
			w.WriteByte(c)
		}
	}
	return w.String()
}

// asHash is HAProxy's lf_encode_string with its url_encode_map; a question mark
// and an asterisk would begin something else in a target.
func asHash(s string) string {
	var w strings.Builder
	for _, c := range []byte(s) {
		switch {
		case c == '?' || c == '%':
			return ""
		case c < ' ' || c > '~' || c == '"' || c == '#':
			fmt.Fprintf(&w, "#%02X", c)
		default:
			w.WriteByte(c)
		}
	}
	return w.String()
}

// asQuotes is Traefik's since it escapes, which leaves backslashes alone.
func asQuotes(s string) string {
	if strings.ContainsAny(s, "\\\n") {
		return ""
	}
	return strings.ReplaceAll(s, `"`, `\"`)
}

// asIs is Envoy's, which escapes nothing: a text that looks like the end of its
// field cannot be told from it.
func asIs(s string) string {
	if strings.ContainsAny(s, "\n") || strings.Contains(s, `" "`) {
		return ""
	}
	return s
}

// asRest is a message that goes on to the end of its line.
func asRest(s string) string {
	if strings.Contains(s, "\n") || strings.TrimSpace(s) != s {
		return ""
	}
	return s
}

// asKey is asJSON for a name, which must not be empty.
func asKey(s string) string {
	if s == "" {
		return "k"
	}
	return asJSON(s)
}

// asJSON is what loggers write between quotes.
func asJSON(s string) string {
	var w bytes.Buffer
	encoder := json.NewEncoder(&w)
	encoder.SetEscapeHTML(false)
	if !utf8.ValidString(s) || encoder.Encode(s) != nil {
		return ""
	}
	return w.String()[1 : w.Len()-2]
}

// asNginxJSON is ngx_escape_json, which leaves bytes from 0x7f on alone.
func asNginxJSON(s string) string {
	if !utf8.ValidString(s) {
		return ""
	}
	var w strings.Builder
	for _, c := range []byte(s) {
		if i := strings.IndexByte("\n\r\t\b\f\"\\", c); i >= 0 {
			w.WriteString(`\` + `nrtbf"\`[i:i+1])
		} else if c < ' ' {
			fmt.Fprintf(&w, `\u%04X`, c)
		} else {
			w.WriteByte(c)
		}
	}
	return w.String()
}

// asGo is what klog and the loggers that use strconv write between quotes.
func asGo(s string) string {
	if strings.Contains(s, "\n") {
		return ""
	}
	return strconv.Quote(s)
}

// asSlog is the value that slog's own handler writes.
func asSlog(s string) string {
	var w strings.Builder
	slog.New(slog.NewTextHandler(&w, nil)).Info("m", "k", s)
	_, value, _ := strings.Cut(strings.TrimSuffix(w.String(), "\n"), " k=")
	return value
}

// asCSV is PostgreSQL's appendCSVLiteral; lines of several lines are joined elsewhere.
func asCSV(s string) string {
	if strings.Contains(s, "\n") {
		return ""
	}
	return strings.ReplaceAll(s, `"`, `""`)
}

const (
	clfHead   = `203.0.113.9 - - [05/Mar/2026:10:11:12 +0000] "GET /a HTTP/1.1" 200 1 "-" "`
	envoyHead = `[2026-03-05T10:11:12.310Z] "GET /a HTTP/1.1" 200 - `
	agent     = "user_agent.original"
)

// valuePlaces has one at least for each format.
var valuePlaces = []valuePlace{
	{"nginx", clfHead, `"`, asHex, agent},
	{"nginx", clfHead, `" "-"`, asHex, agent},
	{"apache", `shop.test:443 ` + clfHead, `"`, asApache, agent},
	{"ingress-nginx", clfHead, `" 612 1.204 [shop-pay-8080] [] 10.0.3.4:8080 150 0.204 200 6f1c0e6bb1a64b0aa3d2a5a1c5f0d7e1`, asHex, agent},
	{"traefik", clfHead, `" 42 "web@docker" "http://10.0.0.9:80" 3ms`, asQuotes, agent},
	{"haproxy", `203.0.113.9:51002 [05/Mar/2026:10:11:12.004] web~ app/pod-7 3/0/1/18/22 200 911 - - ---- 12/9/4/2/0 0/0 "GET /`, ` HTTP/1.1"`, asHash, "url.path"},
	{"envoy", envoyHead + `87 0 41 39 "-" "`, `" "e3a90c57-2d61-9f08-b1c4-77d2a05e6b38" "loc" "10.0.2.1:80"`, asIs, agent},
	{"istio", envoyHead + `via_upstream - "-" 0 178 2 1 "-" "`, `" "1b7e44d2-90af-9c3e-8a55-0d4f6e2b7c19" "d:9080" "10.6.2.1:9080" inbound|9080|| 127.0.0.6:40001 10.6.2.1:9080 10.6.1.7:50212 outbound_.9080_._.d.ns.svc.cluster.local default`, asIs, agent},
	{"aws-alb", `http 2026-03-05T10:11:12.500001Z app/lb/77aa 192.0.2.9:40112 10.0.0.1:8080 0.001 0.212 0.000 200 200 0 57 "GET http://ex.test:80/ HTTP/1.1" "`, `" - - arn:tg "Root=1-69a95a70-0f1e2d3c4b5a69788796a5b4" "ex.test" "arn:c" 1 2026-03-05T10:11:12.000000Z "forward" "-" "-" "10.0.0.1:8080" "200" "-" "-" TID_9f`, asHex, agent},
	{"linkerd", `10.42.0.6:51160 - - [2026-03-05T10:11:12.071000001Z] "GET /`, ` HTTP/2.0" 200`, asTarget, "url.path"},

	{"nginx-json", `{"time_iso8601":"2026-03-05T10:11:12+00:00","remote_addr":"203.0.113.9","request":"GET / HTTP/1.1","status":200,"http_user_agent":"`, `"}`, asNginxJSON, agent},
	{"istio-json", `{"start_time":"2026-03-05T10:11:12.955Z","method":"GET","path":"/d","protocol":"HTTP/1.1","response_code":200,"response_flags":"-","duration":12,"authority":"d:9080","requested_server_name":null,"upstream_transport_failure_reason":null,"downstream_remote_address":"10.6.1.7:50212","user_agent":"`, `"}`, asJSON, agent},
	{"envoy-json", `{"start_time":"2026-03-05T10:11:12.955Z","method":"GET","response_code":200,"response_flags":"-","duration":12,"user-agent":"`, `"}`, asJSON, agent},
	{"traefik-json", `{"ClientHost":"10.0.0.1","RequestMethod":"GET","RequestPath":"/a","RequestProtocol":"HTTP/1.1","DownstreamStatus":200,"RouterName":"web","request_User-Agent":"`, `"}`, asJSON, agent},
	{"linkerd-json", `{"client.addr":"10.42.0.6:51160","client.id":"-","timestamp":"2026-03-05T10:11:12.071000001Z","method":"GET","uri":"/x","version":"HTTP/2.0","status":200,"total_ns":"812345","user_agent":"`, `"}`, asJSON, agent},
	{"caddy", `{"level":"info","ts":1772705472.1,"logger":"http.log.access","msg":"handled request","request":{"remote_ip":"10.0.0.1","proto":"HTTP/2.0","method":"GET","host":"ex.test","uri":"/a","headers":{"User-Agent":["`, `"]}},"duration":0.004,"size":12,"status":200}`, asJSON, agent},
	{"haproxy-json", `{"client_ip":"203.0.113.9","client_port":51002,"request_date":"05/Mar/2026:10:11:12.004","frontend_name":"web","backend_name":"app","status_code":200,"termination_state":"----","user_agent":"`, `"}`, asJSON, agent},
	{"kubernetes-audit", `{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Metadata","auditID":"7a6e2b0c-4f31-4c8e-9d52-0c1f4e5a6b7c","stage":"ResponseComplete","requestURI":"/api/v1/pods","verb":"list","stageTimestamp":"2026-03-05T10:11:12.123456Z","userAgent":"`, `"}`, asJSON, agent},
	{"mongodb", `{"t":{"$date":"2026-03-05T10:11:12.123+00:00"},"s":"I","c":"NETWORK","id":22943,"ctx":"listener","msg":"`, `"}`, asJSON, ""},
	{"postgresql-json", `{"timestamp":"2026-03-05 10:11:12.123 UTC","pid":31,"error_severity":"ERROR","message":"`, `"}`, asJSON, ""},
	{"json", `{"time":"2026-03-05T10:11:12Z","level":"INFO","msg":"`, `"}`, asJSON, ""},
	{"json", `{"time":"2026-03-05T10:11:12Z","level":"INFO","msg":"m","k":"`, `"}`, asJSON, "k"},
	{"json", `{"time":"2026-03-05T10:11:12Z","level":"INFO","msg":"m","`, `":"v"}`, asKey, "*"},

	{"logfmt", "time=2026-03-05T10:11:12.123Z level=INFO msg=m k=", "", asSlog, "k"},
	{"klog", `I0305 10:11:12.123456       1 server.go:42] "m" k=`, "", asGo, "k"},
	{"postgresql-csv", `2026-03-05 10:11:12.123 UTC,"ann","shop",31,"10.0.0.1:54498",6b02f93a.6d5e,3,"SELECT",2026-03-05 10:11:12 UTC,3/14,0,ERROR,22012,"`, `",,,,,,"select 1/0",,,"psql","client backend",,0`, asCSV, ""},

	{"klog", `I0305 10:11:12.123456       1 server.go:42] m `, "", asRest, ""},
	{"syslog", `<34>Mar  5 10:11:12 web-1 sshd[31]: m `, "", asRest, ""},
	{"syslog-5424", `<165>1 2026-03-05T10:11:12.003Z web-1 shop 31 ID47 - m `, "", asRest, ""},
	{"nginx-error", `2026/03/05 10:11:12 [error] 31#31: *48 m `, "", asRest, ""},
	{"apache-error", `[Thu Mar 05 10:11:12.123456 2026] [core:error] [pid 31:tid 140] m `, "", asRest, ""},
	{"postgresql", `2026-03-05 10:11:12.123 UTC [31] ERROR:  m `, "", asRest, ""},
	{"mysql", `2026-03-05T10:11:12.123456Z 0 [Warning] [MY-010068] [Server] m `, "", asRest, ""},
	{"rabbitmq", `2026-03-05 10:11:12.654321+00:00 [info] <0.620.0> m `, "", asRest, ""},
	{"etcd", `2026-03-05 10:11:12.123456 I | embed: m `, "", asRest, ""},
	{"redis", `31:M 05 Mar 2026 10:11:12.123 * m `, "", asRest, ""},
	{"elasticsearch", `[2026-03-05T10:11:12,123][INFO ][o.e.n.Node               ] [node-1] m `, "", asRest, ""},
	{"coredns", `[INFO] plugin/reload: m `, "", asRest, ""},
	{"cassandra", `INFO  [main] 2026-03-05 10:11:12,123 StorageService.java:99 - m `, "", asRest, ""},
	{"envoy-app", `[2026-03-05 10:11:12.123][31][info][main] [source/server/server.cc:404] m `, "", asRest, ""},
	{"spring", `2026-03-05T10:11:12.123Z  INFO 1 --- [shop] [main] com.example.App : m `, "", asRest, ""},
	{"rust-tracing", `2026-03-05T10:11:12.123456Z  INFO shop::cart: m `, "", asRest, ""},
	{"log4j", `10:11:12.123 [main] INFO  com.example.App - m `, "", asRest, ""},
	{"python", `2026-03-05 10:11:12,123 - shop.cart - WARNING - m `, "", asRest, ""},
	{"ruby", `I, [2026-03-05T10:11:12.123456 #31]  INFO -- shop: m `, "", asRest, ""},
	{"dotnet", `info: Microsoft.Hosting.Lifetime[14] m `, "", asRest, ""},
	{"text", `m `, "", asRest, ""},
}

// asTarget is a request's target, in which a server lets nothing but visible
// ASCII pass.
func asTarget(s string) string {
	for _, c := range []byte(s) {
		if c <= ' ' || c > '~' || c == '?' || c == '"' {
			return ""
		}
	}
	return s
}

// hostileTexts are what breaks parsers, and texts made of such pieces.
func hostileTexts() []string {
	pieces := []string{
		`"`, `\`, `\"`, `\\`, `\x22`, `\x`, `\xZZ`, `\u0022`, `\u00`, `\n`, "\t", "\r", "\x00", "\x1b[31m", "\x7f", "\n", "é", "你好", "\u2028", "\ufeff", "😀",
		"\xc3", "\xff", "\xed\xa0\x80", "\xf0\x9f\x98", "-", " ", "  ", `" 200 1 "`, `" "`, `"}`, `{"a":1}`, `],`, `[`, `]`, `{`, `}`, "=", "a=b", "%s", "%00", "#22", "#", "'", "<script>",
		`"GET / HTTP/1.1"`, "&", ";", "|", "/", "- - [", "traceparent", "null", "0", "abc", strings.Repeat("x", 300),
	}
	all := append([]string{"", "a", "1.5", "true", "00", strings.Repeat(`a"\`, 100)}, pieces...)
	r := rand.New(rand.NewPCG(11, 11))
	for range 60 {
		var w strings.Builder
		for range 1 + r.IntN(6) {
			w.WriteString(pieces[r.IntN(len(pieces))])
		}
		all = append(all, w.String())
	}
	return all
}

// TestValuesAreTheLines writes hostile texts into a line of each format as its
// program writes them, and reads the document back with a JSON parser: the text
// is there byte for byte, and what is not UTF-8 as its escapes.
func TestValuesAreTheLines(t *testing.T) {
	tested, texts := map[string]bool{}, append(hostileTexts(), strings.Repeat("x", 1<<20))
	for i, p := range valuePlaces {
		tested[p.format] = true
		t.Run(fmt.Sprintf("%d %s", i, p.format), func(t *testing.T) {
			p.test(t, texts)
		})
	}
	for _, name := range Formats() {
		if !tested[name] {
			t.Errorf("%s is not tested", name)
		}
	}
}

// test gives the parser a stream of lines, each with one of the texts.
func (p *valuePlace) test(t *testing.T, texts []string) {
	t.Helper()
	src := &event.Source{Container: p.format, Path: "/var/log/" + p.format, Settings: event.Settings{Format: p.format}}
	var lines [][]byte
	var written, wanted []string
	for _, s := range texts {
		if w := p.write(s); w != "" || s == "" {
			lines = append(lines, []byte(p.before+w+p.after))
			written, wanted = append(written, w), append(wanted, s)
		}
	}
	b := batchOf(src, lines...)
	New(Options{}).Process(b)
	failed := 0
	for i, document := range documentsOf(t, b) {
		if got := formats[b.Records[i].Format].name; got != p.format {
			t.Errorf("%.200q is %s: %s", lines[i], got, b.Records[i].Reason)
			failed++
		} else if got, ok := p.valueIn(t, document); !p.right(got, ok, written[i], wanted[i]) {
			t.Errorf("%.200q came back as %.200q (%v) of %.300q", wanted[i], got, ok, lines[i])
			failed++
		}
		if failed > 5 {
			return
		}
	}
	if len(lines) < len(texts)/8 {
		t.Errorf("only %d of %d texts were written", len(lines), len(texts))
	}
}

// documentsOf are the documents that a batch becomes.
func documentsOf(t *testing.T, b *event.Batch) (all []json.RawMessage) {
	t.Helper()
	f := frame.NewBuilder(1)
	encode.New(encode.Options{}).Encode(b, f)
	sealed := f.Seal(frame.Meta{})
	defer sealed.Release()
	plain, err := frame.Inflate(nil, sealed.Payload, &sealed.Meta)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range frame.Documents(plain) {
		all = append(all, json.RawMessage(d.Source))
	}
	if len(all) != len(b.Records) {
		t.Fatalf("%d documents of %d lines", len(all), len(b.Records))
	}
	return all
}

// valueIn is the text at the place's attribute, behind the "m " of a message; of
// "*" it is the name of the attribute whose value is v.
func (p *valuePlace) valueIn(t *testing.T, document json.RawMessage) (string, bool) {
	var d struct {
		Attributes map[string]any
		Body       struct{ Text string }
	}
	if err := json.Unmarshal(document, &d); err != nil {
		t.Errorf("%v: %s", err, document)
	}
	switch {
	case p.attribute == "" && strings.HasSuffix(p.before, "m "):
		_, message, ok := strings.Cut(d.Body.Text, "m ")
		return message, ok
	case p.attribute == "":
		return d.Body.Text, true
	case p.attribute == "*":
		for name, value := range d.Attributes {
			if value == "v" {
				return name, true
			}
		}
		return "", false
	}
	value, ok := d.Attributes[p.attribute].(string)
	return value, ok
}

// right reports whether a value is what was written into the line. Of a text that
// is not UTF-8 the program's escapes may stay, which say the same.
func (p *valuePlace) right(got string, ok bool, written, want string) bool {
	if p.attribute == "url.path" {
		got, ok = strings.CutPrefix(got, "/")
	}
	switch {
	case got == want && ok, (want == "" || want == "-") && !ok:
		return true
	case utf8.ValidString(want):
		return p.attribute == "*" && want == "" && got == "k"
	}
	lossless := unescapedText(got)
	return got == written || got == halfEscaped(want) || lossless == want || lossless == written
}

// halfEscaped is s with what is not UTF-8 as \xhh.
func halfEscaped(s string) string {
	var w strings.Builder
	for len(s) > 0 {
		if r, n := utf8.DecodeRuneInString(s); r != utf8.RuneError || n > 1 {
			w.WriteString(s[:n])
			s = s[n:]
			continue
		}
		fmt.Fprintf(&w, `\x%02x`, s[0])
		s = s[1:]
	}
	return w.String()
}

// unescapedText reads what the encoder writes of bytes that are not UTF-8.
func unescapedText(s string) string {
	var w strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case strings.HasPrefix(s[i:], `\\`):
			i++
			w.WriteByte('\\')
		case strings.HasPrefix(s[i:], `\x`) && len(s) >= i+4:
			c, _ := hex.DecodeString(s[i+2 : i+4])
			w.Write(c)
			i += 3
		default:
			w.WriteByte(s[i])
		}
	}
	return w.String()
}
