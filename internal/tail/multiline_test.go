package tail

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tailrace/tailrace/pipeline/event"
)

func TestMultiline(t *testing.T) {
	for _, name := range []string{
		"multiline", "multiline_memory", "multiline_rotation", "multiline_cap", "multiline_plain", "multiline_off", "multiline_docker", "multiline_again",
	} {
		t.Run(name, func(t *testing.T) { runScenario(t, name) })
	}
}

// traces are lines as a runtime wrote them: traces of real programs in two streams
// that interleave, some of their lines in pieces.
func traces(t *testing.T) []string {
	var streams [2][]string
	for i, names := range [2][]string{{"java", "node", "rust"}, {"python", "go-panic", "php", "ruby", "generic"}} {
		for _, name := range names {
			text, err := os.ReadFile(filepath.Join("multiline", "testdata", name+".txt"))
			if err != nil {
				t.Fatal(err)
			}
			for line := range strings.Lines(string(text)) {
				if line[0] != '#' {
					streams[i] = append(streams[i], strings.TrimSuffix(line[2:], "\n"))
				}
			}
		}
	}
	var lines []string
	for n := 0; len(streams[0])+len(streams[1]) > 0; n++ {
		i := (n / 3) % 2
		if len(streams[i]) == 0 {
			continue
		}
		line, head := streams[i][0], fmt.Sprintf("2026-03-05T10:11:%02dZ %s ", n%60, [2]string{"stdout", "stderr"}[i])
		streams[i] = streams[i][1:]
		if at := len(line) / 2; n%7 == 0 {
			lines = append(lines, head+"P "+line[:at]+"\n")
			line = line[at:]
		}
		lines = append(lines, head+"F "+line+"\n")
	}
	return lines
}

// cutting is an agent whose life is cut between lines.
type cutting struct {
	*world
	records []string
	// places says that a record is told by its place in the file and its raw
	// bytes, too, as its id is.
	places bool
	lines  uint64
}

func newCutting(t *testing.T, silence time.Duration, places bool) *cutting {
	c := &cutting{world: newWorld(t), places: places}
	c.opts.Silence, c.opts.Multiline = silence, true
	return c
}

// collect reads what is there, and makes it durable.
func (c *cutting) collect() {
	c.look()
	l := c.agent().Lane(0)
	for l.Read(&c.batch) || !l.ready.empty() {
		for i := range c.batch.Records {
			rec := &c.batch.Records[i]
			text := fmt.Sprintf("%v %d %q", rec.Stream, rec.Flags, c.batch.Bytes(rec.Line))
			if c.places {
				text += fmt.Sprintf(" [%d,%d) %q", rec.Start, rec.End, c.batch.Bytes(rec.Raw))
			}
			c.records = append(c.records, text)
			c.lines += uint64(rec.Lines)
		}
	}
	for _, s := range l.States(DefaultClass, nil) {
		s.Counts = event.Counts{}
		c.known[s.ID] = s
	}
}

// byStream orders records by their streams: which of two streams' records comes
// first depends on when they are read.
func (c *cutting) byStream() []string {
	slices.SortStableFunc(c.records, func(a, b string) int { return strings.Compare(a[:6], b[:6]) })
	return c.records
}

// Wherever between two lines an agent crashes, or a file is rotated, or both, and
// even at every line, the records are those of an agent that read everything at
// once: with the same places and bytes, so the same ids, when there is one file.
func TestCrashesAndRotationsBetweenLines(t *testing.T) {
	lines := traces(t)
	for name, silence := range map[string]time.Duration{"disk": time.Minute, "memory": 0} {
		whole := func(places bool) []string {
			c := newCutting(t, silence, places)
			c.write("a.log", strings.Join(lines, ""))
			c.collect()
			return c.byStream()
		}
		ids, texts := whole(true), whole(false)
		if len(ids) < 60 || len(ids) > len(lines)/2 && silence > 0 {
			t.Fatalf("%d records of %d lines", len(ids), len(lines))
		}
		check := func(what string, want []string, c *cutting) {
			t.Helper()
			if diff := cmp.Diff(want, c.byStream()); diff != "" {
				t.Fatalf("%s, %s (-want +got):\n%s", name, what, diff)
			}
			c.crash()
		}
		step := 1
		if raceEnabled || testing.Short() {
			step = 5
		}
		for i := 1; i < len(lines); i += step {
			c := newCutting(t, silence, true)
			c.write("a.log", strings.Join(lines[:i], ""))
			c.collect()
			c.crash()
			c.write("a.log", strings.Join(lines[i:], ""))
			c.collect()
			check(fmt.Sprintf("a crash before line %d %q", i, lines[i]), ids, c)

			c = newCutting(t, silence, false)
			c.write("a.log", strings.Join(lines[:i], ""))
			c.collect()
			c.must(os.Rename(c.path("a.log"), c.path("a.log.1")))
			if i%2 == 0 {
				c.crash()
			}
			c.write("a.log", strings.Join(lines[i:], ""))
			c.collect()
			check(fmt.Sprintf("a rotation before line %d %q", i, lines[i]), texts, c)
		}
		every := newCutting(t, silence, true)
		rotated := newCutting(t, silence, false)
		for i, line := range lines {
			every.write("a.log", line)
			every.collect()
			every.crash()
			rotated.write("a.log", line)
			rotated.collect()
			if i%5 == 4 {
				rotated.must(os.Rename(rotated.path("a.log"), rotated.path(fmt.Sprintf("a.log.%d", i))))
			}
			if i%7 == 0 {
				rotated.crash()
			}
		}
		check("crashes at every line", ids, every)
		rotated.collect()
		check("rotations at every fifth line", texts, rotated)
	}
}
