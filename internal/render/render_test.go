package render

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestDocGolden renders every document of testdata/*.ndjson plain and
// coloured; the coloured golden shows ESC as ^[.
func TestDocGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/*.ndjson")
	if err != nil || len(files) == 0 {
		t.Fatalf("no documents in testdata: %v", err)
	}
	looks := map[string]Options{
		".plain": {UTC: true},
		".color": {UTC: true, Date: true, Color: true},
	}
	for _, file := range files {
		for ext, o := range looks {
			golden := strings.TrimSuffix(file, ".ndjson") + ext
			t.Run(filepath.Base(golden), func(t *testing.T) { checkGolden(t, golden, renderFile(t, file, o)) })
		}
	}
}

func renderFile(t *testing.T, file string, o Options) []byte {
	docs, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var out []byte
	for doc := range bytes.Lines(docs) {
		out = append(Doc(out, doc, o), '\n')
	}
	return bytes.ReplaceAll(out, []byte{0x1b}, []byte("^["))
}

func checkGolden(t *testing.T, golden string, got []byte) {
	if *update {
		if err := os.WriteFile(golden, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got), run with -update to accept:\n%s", golden, diff)
	}
}

func TestDocAppends(t *testing.T) {
	got := string(Doc([]byte("prefix "), []byte(`{"body":{"text":"hi"}}`), Options{UTC: true}))
	if !strings.HasPrefix(got, "prefix ") || !strings.HasSuffix(got, " hi") {
		t.Errorf("Doc replaced what was in dst: %q", got)
	}
}

func TestEscape(t *testing.T) {
	for in, want := range map[string]string{
		"plain ünïcode 漢字": "plain ünïcode 漢字",
		"a\nb\r\tc":        `a\nb\r\tc`,
		"\x1b[31mred":      `\x1b[31mred`,
		"bad \xff\xc3":     `bad \xff\xc3`,
		"c1 \u009b31m":     `c1 \u009b31m`,
		"bidi \u202etxt":   `bidi \u202etxt`,
		"\x00\x7f":         `\x00\x7f`,
		"\ufffd kept":      "\ufffd kept",
	} {
		if got := string(Escape(nil, []byte(in))); got != want {
			t.Errorf("Escape(%q) = %q, want %q", in, got, want)
		}
	}
}

// FuzzDoc checks the promise that untrusted bytes never reach a terminal as
// anything but printable text, and that no line but the first begins at the
// margin.
func FuzzDoc(f *testing.F) {
	f.Add([]byte(`{"@timestamp":"1700000000000.5","body":{"text":"\u001b[2J"},"attributes":{"\u202e":[1,"\u0007"]}}`))
	f.Add([]byte("\x1b]0;title\x07"))
	f.Add([]byte(`{"body":{"text":"a\nb"},"attributes":{"exception.stacktrace":"a\n\tat b\n\r\n\u2028c"}}`))
	f.Add([]byte(`{"@timestamp":1e300,"severity_number":-9,"resource":3,"attributes":[]}`))
	f.Fuzz(func(t *testing.T, doc []byte) {
		out := Doc(nil, doc, Options{UTC: true})
		if !utf8.Valid(out) {
			t.Fatalf("not UTF-8: %q", out)
		}
		for _, r := range strings.ReplaceAll(string(out), "\n"+indent, "") {
			if unicode.IsControl(r) {
				t.Fatalf("control character %U in %q", r, out)
			}
		}
	})
}
