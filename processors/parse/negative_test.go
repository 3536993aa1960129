package parse

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tailrace/tailrace/pipeline/event"
)

// negativeLines is how many lines of no format are tried.
const negativeLines = 120_000

// TestNothingElseIsClaimed gives detection what is in logs and is no log line
// of a known format: prose, source code, configuration, dumps, tables. None
// may be taken for a format, and no trace id found in it.
func TestNothingElseIsClaimed(t *testing.T) {
	n := &negative{rand.New(rand.NewPCG(7, 7))}
	p, src := New(Options{}), &event.Source{Container: "c"}
	b := new(event.Batch)
	failed := 0
	for i := 0; i < negativeLines && failed < 20; i += 100 {
		var lines [][]byte
		for range 100 {
			lines = append(lines, []byte(n.line()))
		}
		fill(b, src, lines...)
		p.Process(b)
		for j := range b.Records {
			r := &b.Records[j]
			if r.Format != formatText || r.TraceID != [16]byte{} {
				failed++
				t.Errorf("%s, trace %x: %s", formats[r.Format].name, r.TraceID, lines[j])
				p, src = New(Options{}), &event.Source{Container: "c"}
				break
			}
		}
	}
}

// What is in no format has no credentials either: hashes, dumps, encoded data
// and code are left as they are.
func TestNothingElseIsRedacted(t *testing.T) {
	n, src := &negative{rand.New(rand.NewPCG(8, 8))}, &event.Source{Container: "c"}
	for range negativeLines / 100 {
		b := new(event.Batch)
		var lines [][]byte
		for range 100 {
			lines = append(lines, []byte(n.line()))
		}
		fill(b, src, lines...)
		redacted(b)
		for i := range b.Records {
			if got := b.Bytes(b.Records[i].Line); !bytes.Equal(got, lines[i]) {
				t.Errorf("%s\nbecame %s", lines[i], got)
			}
		}
	}
}

// TestSourcesOfGoAreClaimedByNothing gives detection the lines of real files: the
// sources of Go and what is beside them, which are code of several languages,
// dumps, tables, certificates and prose. Only what is an object of JSON's is one.
func TestSourcesOfGoAreClaimedByNothing(t *testing.T) {
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	read := 0
	for _, file := range filesBelow(t, filepath.Join(strings.TrimSpace(string(root)), "src")) {
		if read > negativeLines {
			return
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		p, src := New(Options{}), &event.Source{Container: file}
		lines := bytes.Split(text, []byte("\n"))
		b := batchOf(src, lines...)
		p.Process(b)
		for i := range b.Records {
			r := &b.Records[i]
			ok := r.Format == formatText || formats[r.Format].name == "json" && json.Valid(lines[i])
			if read++; !ok || r.TraceID != [16]byte{} {
				t.Errorf("%s: %s, trace %x: %.200q", file, formats[r.Format].name, r.TraceID, lines[i])
			}
		}
	}
	if read < negativeLines {
		t.Errorf("only %d lines", read)
	}
}

// filesBelow are the files of every tenth folder, so that some of all kinds
// are among them.
func filesBelow(t *testing.T, root string) (files []string) {
	t.Helper()
	folders := 0
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			folders++
		}
		if err == nil && d.Type().IsRegular() && folders%10 == 3 {
			files = append(files, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// negative makes lines of no format.
type negative struct{ *rand.Rand }

// pick is one of the words; of texts with spaces in them when they are
// separated by bars.
func (n *negative) pick(words string) string {
	all := strings.Fields(words)
	if strings.Contains(words, "|") {
		all = strings.Split(words, "|")
	}
	return all[n.IntN(len(all))]
}

func (n *negative) hex(digits int) string {
	var w strings.Builder
	for range digits {
		fmt.Fprintf(&w, "%x", n.IntN(16))
	}
	return w.String()
}

func (n *negative) ip() string {
	return fmt.Sprintf("%d.%d.%d.%d", n.IntN(256), n.IntN(256), n.IntN(256), n.IntN(256))
}

func (n *negative) words(count int) string {
	var all []string
	for range count {
		all = append(all, n.pick(`the quick server broke while nobody looked at its memory INFO error user - -- ... café größe 你好 Привет
			request failed, then: (again) "quoted" 'single' 200 404 10ms GET /path HTTP/1.1 <nil> [main] {a} level message time`))
	}
	return strings.Join(all, " ")
}

// line is one of the kinds in turn.
func (n *negative) line() string {
	kinds := []func() string{
		n.prose, n.base64, n.dump, n.python, n.golang, n.ini, n.yaml, n.passwd, n.sum, n.list, n.csv, n.ping,
		n.trace, n.diff, n.sql, n.header, n.progress, n.bracketed, n.addressed, n.json, n.clock, n.assignment, n.syslogLike,
	}
	return kinds[n.IntN(len(kinds))]()
}

func (n *negative) prose() string { return n.words(1 + n.IntN(20)) }

func (n *negative) base64() string {
	raw := make([]byte, 3+n.IntN(54))
	for i := range raw {
		raw[i] = byte(n.IntN(256))
	}
	return base64.StdEncoding.EncodeToString(raw)
}

func (n *negative) dump() string {
	return fmt.Sprintf("%08x: %s %s %s  %s", n.IntN(1<<24), n.hex(4), n.hex(4), n.hex(4), n.pick("..ELF. .a.b <xml {..} [..]"))
}

func (n *negative) python() string {
	return n.pick("def class return import if for print") + " " + n.pick("x(self): os.path [i for i in range(10)] d['key'] f'{x!r}'") + n.pick(": () , \\ #x")
}

func (n *negative) golang() string {
	return "\t" + n.pick("if func return var defer") + " " + n.pick(`err!=nil{ fmt.Println("a=b") x:=map[string]int{"a":1} ch<-v a[i]=b[j]`)
}

func (n *negative) ini() string {
	return n.pick("[section] ;comment #comment key=value key=\"a\" path=/usr/bin:/bin max_connections=100 listen=127.0.0.1:8080 date.timezone=UTC")
}

func (n *negative) yaml() string {
	return strings.Repeat("  ", n.IntN(4)) + n.pick("key: name: - image: spec: level: digest:") + " " + n.pick("value 'a' 10 true [a,b] {a:1} "+n.hex(32))
}

func (n *negative) passwd() string {
	return n.pick("root www-data nobody") + ":x:" + fmt.Sprint(n.IntN(1000)) + ":0::/home/x:/bin/sh"
}

func (n *negative) sum() string { return n.hex(32) + "  " + n.pick("file.tar.gz a/b.c ./x") }

func (n *negative) list() string {
	return fmt.Sprintf("-rw-r--r-- %d root root %d Mar  5 10:11 %s", n.IntN(9), n.IntN(99999), n.pick("a.log b.txt c"))
}

func (n *negative) csv() string {
	return fmt.Sprintf("%d,%s,\"%s\",2026-03-05,%d.%d", n.IntN(99), n.pick("a b c"), n.words(2), n.IntN(9), n.IntN(99))
}

func (n *negative) ping() string {
	return fmt.Sprintf("64 bytes from %s: icmp_seq=%d ttl=64 time=0.0%d ms", n.ip(), n.IntN(99), n.IntN(99))
}

func (n *negative) trace() string {
	return n.pick("\tat com.example.A.b(A.java:10)|goroutine 1 [running]:|panic: x|Caused by: java.io.IOException") + " " + n.words(2)
}

func (n *negative) diff() string {
	return n.pick("+|-|@@ -1,2 +1,2 @@|--- a/x|diff --git|index "+n.hex(7)) + " " + n.words(3)
}

func (n *negative) sql() string {
	return "SELECT * FROM t WHERE id=" + fmt.Sprint(n.IntN(99)) + " AND name='" + n.pick("a b") + "' -- " + n.words(2)
}

func (n *negative) header() string {
	return n.pick("X-Request-ID ETag Content-MD5 request_id X-Amzn-Trace-Id Set-Cookie md5 req_id= id=") + ": " + n.hex(32)
}

func (n *negative) progress() string {
	return fmt.Sprintf("[%s%s] %d%%", strings.Repeat("=", n.IntN(20)), strings.Repeat(" ", n.IntN(20)), n.IntN(101))
}

// bracketed begins as Envoy's and Apache's lines do.
func (n *negative) bracketed() string {
	return "[" + n.pick("2026-03-05T10:11:12.310Z|Thu Mar 05|main|127.0.0.1|05/Mar/2026:10:11:12 +0000|core:error|Thu Mar 05 10:11:12.123456 2026") + "] " +
		n.pick(`"GET|/|-|[error]|"- - -" 0`) + " " + n.words(5)
}

// addressed begins as access lines do.
func (n *negative) addressed() string {
	return n.ip() + n.pick(" |:80 |, |/24 |:51002 [") + n.pick("- - [05/Mar/2026|- - [05/Mar/2026:10:11:12 +0000]|up|connected|05/Mar/2026:10:11:12.004] web app") + " " + n.words(6)
}

// json is a part of an object that was printed over several lines.
func (n *negative) json() string {
	return n.pick(`}|{|],|{"a":1,|"status":200,|"request":"GET /",|{"msg":"cut|{"a":1}{"b":2}|[{"a":1}]`)
}

func (n *negative) clock() string {
	return n.pick("10:11:12|2026/03/05 10:11:12|05/Mar/2026|Mar  5 10:11:12|20260305|1772705472.123|2026-03-05 10:11:12,123") + " " + n.words(5)
}

func (n *negative) assignment() string {
	return n.pick("export set declare") + " " + n.pick("A=1 PATH=/bin:/usr/bin HASH="+n.hex(32)+" ID="+n.hex(16)) + " " + n.words(2)
}

func (n *negative) syslogLike() string {
	return "Mar  5 10:11:12 host " + n.pick("sshd[31] kernel haproxy[31]: cron[x]:") + " " + n.words(6)
}
