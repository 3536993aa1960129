package multiline

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write what the machine says into testdata")

// The lines of real traces, and of those that are written by hand from
// specifications: ">" begins a record, "|" goes on with it, "?" begins one that
// lacks its beginning, "=" is one by itself. scripts/stack-traces.sh writes the
// real ones.
func TestTraces(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) < 15 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		got := mark(string(text))
		if *update {
			if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if diff := cmp.Diff(string(text), got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", file, diff)
		}
	}
}

// mark judges the lines of a text anew, but for comments.
func mark(text string) string {
	var out strings.Builder
	var f framer
	for line := range strings.Lines(text) {
		if line[0] == '#' {
			out.WriteString(line)
			continue
		}
		line = strings.TrimSuffix(line[min(2, len(line)-1):], "\n")
		mark := [...]string{Alone: "= ", Begin: "> ", Rest: "? ", Continue: "| "}[f.next([]byte(line))]
		out.WriteString(mark + line + "\n")
	}
	return out.String()
}

// framer puts lines together as a reader does.
type framer struct {
	machine Machine
	first   []byte
}

func (f *framer) next(line []byte) Verdict {
	v := f.machine.Next(line)
	if v == Trace {
		v = Begin
		if IsError(f.first) {
			v = Continue
		}
	}
	if v != Continue {
		f.first = line
	}
	return v
}

// A record's lines are found again whichever of them is read first, as long as
// that is one that begins a record.
func TestVerdictsDependOnTheOpenRecordOnly(t *testing.T) {
	files, _ := filepath.Glob("testdata/*.txt")
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSpace(string(text)), "\n")[1:]
		for i, line := range lines {
			if line[0] == '|' {
				continue
			}
			rest := strings.Join(lines[i:], "\n") + "\n"
			if diff := cmp.Diff(rest, mark(rest)); diff != "" {
				t.Fatalf("%s from line %d on (-want +got):\n%s", file, i, diff)
			}
		}
	}
}

// TestLinesThatEndAsOnWindows: a program's CR LF changes nothing.
func TestLinesThatEndAsOnWindows(t *testing.T) {
	files, _ := filepath.Glob("testdata/*.txt")
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		windows := strings.ReplaceAll(string(text), "\n", "\r\n")
		if diff := cmp.Diff(windows, mark(windows)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", file, diff)
		}
	}
}

// With one language named, no other's traces are looked for.
func TestOneLanguage(t *testing.T) {
	for _, c := range []struct {
		setting string
		lines   string
		want    string
	}{
		{"python", "panic: x\n\ngoroutine 1 [running]:\nmain.f()\n", "> panic: x\n= \n> goroutine 1 [running]:\n> main.f()\n"},
		{"go", "panic: x\n\ngoroutine 1 [running]:\nmain.f()\n", "> panic: x\n| \n| goroutine 1 [running]:\n| main.f()\n"},
		{"go", "Traceback (most recent call last):\n  File\nKeyError\n", "> Traceback (most recent call last):\n|   File\n> KeyError\n"},
	} {
		f := framer{machine: Machine{Only: Named(c.setting)}}
		got := ""
		for line := range strings.Lines(c.lines) {
			line = strings.TrimSuffix(line, "\n")
			got += [...]string{Alone: "= ", Begin: "> ", Rest: "? ", Continue: "| "}[f.next([]byte(line))] + line + "\n"
		}
		if got != c.want {
			t.Errorf("%s:\n%s, want\n%s", c.setting, got, c.want)
		}
	}
	for _, name := range Names() {
		if err := Check(name); err != nil {
			t.Error(err)
		}
	}
	if Check("cobol") == nil || Check("") != nil {
		t.Error("settings are checked wrongly")
	}
}

// What only programs that end write is certain to go on; what others write, too,
// is not waited for without a bound.
func TestIsTrace(t *testing.T) {
	for line, want := range map[string]bool{
		"Traceback (most recent call last):": true, "panic: x": true, "fatal error: x": true, `Exception in thread "main" X: y`: true,
		"java.io.IOException: closed": true, "thread 'main' panicked at src/main.rs:2:5:": true, "Error: no such file": false,
		"Error": false, "2026-03-05 10:11:12 ERROR x": false, "com.shop.OutOfStock: none left": false, "\tat a.b(C.java:1)": true, "  x": false,
		"thread 'main' started": false, "goroutine pool is full": false, `{"a":1}`: false,
	} {
		var m Machine
		m.Next([]byte(line))
		if m.IsTrace() != want {
			t.Errorf("IsTrace is %t for %q", m.IsTrace(), line)
		}
	}
}

// Whatever bytes there are, each line gets a verdict, and the machine does not
// need those behind it.
func FuzzMachine(f *testing.F) {
	files, _ := filepath.Glob("testdata/*.txt")
	for _, file := range files {
		text, _ := os.ReadFile(file)
		f.Add(text)
	}
	f.Add([]byte("\n \n{\n}\n[\n0\n1.1.1.1\n#\n#0\n^\n:\nx:\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		var m Machine
		for line := range bytes.SplitSeq(text, []byte("\n")) {
			open := m.IsOpen()
			if v := m.Next(line); v == Continue && !open || v != Alone && !m.IsOpen() {
				t.Errorf("%q got verdict %d, and was there anything before it: %t", line, v, open)
			}
			IsError(line)
		}
	})
}

// go test -bench . ./internal/tail/multiline
func BenchmarkNext(b *testing.B) {
	for name, line := range map[string]string{
		"json":   `{"time":"2026-03-05T10:11:12.123456789Z","level":"INFO","msg":"order placed","order":4711}`,
		"access": `203.0.113.9 - ann [05/Mar/2026:10:11:12 +0000] "GET /a?b=1 HTTP/1.1" 200 512 "-" "curl/8.5" "198.51.100.1"`,
		"envoy":  `[2026-03-05T10:11:12.310Z] "POST /locations HTTP/2" 204 - 87 0 41 39 "10.9.8.7" "svc-a/2" "e3a90c57" "loc" "10.0.2.1:80"`,
		"text":   `2026-03-05 10:11:12.123 INFO [main] started on port 8080`,
		"level":  `INFO  [main] 2026-03-05 10:11:12,123 StorageService.java:99 - started`,
		"logfmt": `time=2026-03-05T10:11:12.123Z level=INFO msg="order placed" order=4711`,
		"klog":   `I0305 10:11:12.123456       1 server.go:42] "Starting" version="v1.33.0"`,
		"prose":  `Starting the server on port 8080: ready`,
	} {
		b.Run(name, func(b *testing.B) {
			var m Machine
			p := []byte(line)
			for b.Loop() {
				m.Next(p)
			}
		})
	}
}
