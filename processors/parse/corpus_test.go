package parse

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/tailrace/tailrace/pipeline/event"
)

// corpora are logs that real programs wrote; the folder is the format's name,
// and VERSION in it says who wrote them (scripts/*-corpora.sh).
const corpora = "../../testdata/formats"

// corpus is a log of a format.
type corpus struct {
	format, name string
	lines        [][]byte
}

// readCorpora reads all logs whose format this build knows.
func readCorpora(t testing.TB) (all []corpus) {
	t.Helper()
	files, err := filepath.Glob(corpora + "/*/*.log")
	if err != nil || len(files) == 0 {
		t.Fatal("no corpora", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		c := corpus{format: filepath.Base(filepath.Dir(file)), name: strings.TrimSuffix(file, ".log")}
		for line := range bytes.Lines(text) {
			c.lines = append(c.lines, bytes.TrimSuffix(line, []byte("\n")))
		}
		all = append(all, c)
	}
	return all
}

// source is who wrote a corpus, as an agent sees it: Apache's combined format
// is nginx's, so that its name has to tell them apart.
func (c *corpus) source(container string) *event.Source {
	src := &event.Source{Container: container, Path: "/var/log/" + container}
	if c.format == "apache" {
		src.Path = "/var/log/apache2/access.log"
	}
	return src
}

// readLater makes records of lines that were read long after they were
// written, from files without a runtime's stamps.
func readLater(b *event.Batch) {
	for i := range b.Records {
		b.Records[i].Time = 0
		b.Records[i].Observed = time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC).UnixNano()
	}
}

func TestCorpora(t *testing.T) {
	for _, c := range readCorpora(t) {
		t.Run(c.format+"/"+filepath.Base(c.name), func(t *testing.T) {
			var w strings.Builder
			p := New(Options{})
			for i, line := range c.lines {
				src := c.source(fmt.Sprint(i))
				p.Open(src)
				b := redacted(batchOf(src, line))
				readLater(b)
				p.Process(b)
				check(t, b)
				fmt.Fprintf(&w, "%s\n%s", line, render(b, &b.Records[0]))
				p.Close(src)
			}
			compareGolden(t, c.name+".golden", w.String())
		})
	}
}

// TestEveryFormatHasACorpusThatSaysWhoWroteIt holds each format to twenty lines
// at least in each of its logs, and each log to a version of who wrote it, or to
// "from specification".
func TestEveryFormatHasACorpusThatSaysWhoWroteIt(t *testing.T) {
	lines := map[string]int{}
	for _, c := range readCorpora(t) {
		version, err := os.ReadFile(filepath.Join(filepath.Dir(c.name), "VERSION"))
		if err != nil || len(bytes.TrimSpace(version)) == 0 {
			t.Errorf("%s: nobody says who wrote it: %v", c.name, err)
		}
		if len(c.lines) < 20 {
			t.Errorf("%s has %d lines of %s", c.name, len(c.lines), version)
		}
		lines[c.format] += len(c.lines)
	}
	for _, name := range Formats() {
		if lines[name] == 0 && name != "text" {
			t.Errorf("%s has no corpus", name)
		}
		delete(lines, name)
	}
	for folder := range lines {
		t.Errorf("%s is no format", folder)
	}
}

// TestTheReadmeNamesFormatsWithoutAProgram holds formats that were never seen to
// the mark in the reference and to the README's list.
func TestTheReadmeNamesFormatsWithoutAProgram(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	for i := range formats {
		f := &formats[i]
		version, _ := os.ReadFile(filepath.Join(corpora, f.name, "VERSION"))
		unseen := string(bytes.TrimSpace(version)) == "from specification"
		if marked := strings.Contains(f.about, "(from specification)"); marked != unseen {
			t.Errorf("%s is marked: %v, and its logs are from specification: %v", f.name, marked, unseen)
		}
		if unseen && !bytes.Contains(readme, []byte("`"+f.name+"`")) {
			t.Errorf("the README does not name %s", f.name)
		}
	}
}

// TestNoCorpusIsTakenForAnother gives each line to detection, alone and after
// every other format has been found for its stream.
func TestNoCorpusIsTakenForAnother(t *testing.T) {
	all := readCorpora(t)
	others := map[string]*corpus{}
	for i := range all {
		others[all[i].format] = &all[i]
	}
	for _, c := range all {
		for i, line := range c.lines {
			if got := c.alone(line); got != c.format && !c.mayBeText(line) {
				t.Errorf("%s:%d alone is %s: %s", c.name, i+1, got, line)
			}
		}
		for format, other := range others {
			if format != c.format {
				c.afterAnother(t, other)
			}
		}
	}
}

// alone is the format of a line that is the first of its container.
func (c *corpus) alone(line []byte) string {
	p, src := New(Options{}), c.source("c")
	return formatsOf(p, src, event.Stdout, string(line))[0]
}

// afterAnother gives this corpus's lines to a stream that was found to be of
// another format: each must be of its own format all the same, as if two
// programs wrote to the stream. There are never so many of them together that
// the other format is given up.
func (c *corpus) afterAnother(t *testing.T, other *corpus) {
	t.Helper()
	src := c.source("c")
	for from := 0; from < len(c.lines); from += windowMisses - 1 {
		some := append([][]byte{other.lines[len(other.lines)-1]}, c.lines[from:min(len(c.lines), from+windowMisses-1)]...)
		b := batchOf(src, some...)
		New(Options{}).Process(b)
		for i, line := range some[1:] {
			if got := formats[b.Records[i+1].Format].name; got != c.format && !sameFamily(got, c.format) && !c.mayBeText(line) {
				t.Errorf("%s:%d after %s is %s: %s", c.name, from+i+1, other.format, got, line)
				return
			}
		}
	}
}

// sameFamily reports whether a format takes another's lines on purpose: a
// combined line is nginx's and Apache's to the byte.
func sameFamily(got, want string) bool {
	clf := map[string]bool{"nginx": true, "apache": true, "ingress-nginx": true, "traefik": true}
	return got == "envoy-json" && want == "istio-json" || got == "nginx" && clf[want] || got == "apache" && want == "nginx"
}

// mayBeText reports whether a program wrote what is not of its format: nginx
// leaves bytes that are not UTF-8 as they are in JSON.
func (c *corpus) mayBeText(line []byte) bool {
	return strings.HasSuffix(c.format, "-json") && !utf8.Valid(line)
}
