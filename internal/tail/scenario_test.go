package tail

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var rewrite = flag.Bool("rewrite", false, "write what happens into the scenarios")

// A scenario is a text of steps: a command, its input, a line of dashes and
// what must happen. A blank line ends a step. The commands are those of
// (*world).run; "@12" in an input is a time at second 12.
func runScenario(t *testing.T, name string) {
	t.Helper()
	path := filepath.Join("testdata", name+".txt")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t)
	w.opts.Gate = w.rules
	var got strings.Builder
	for _, block := range strings.Split(strings.TrimSpace(string(text)), "\n\n") {
		got.WriteString(w.step(block))
	}
	if *rewrite {
		if err := os.WriteFile(path, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(strings.TrimSpace(string(text)), strings.TrimSpace(got.String())); diff != "" {
		t.Errorf("%s: what happens differs (-want +got):\n%s", path, diff)
	}
}

func (w *world) step(block string) string {
	lines := strings.Split(block, "\n")
	var comments []string
	for len(lines) > 0 && strings.HasPrefix(lines[0], "#") {
		comments, lines = append(comments, lines[0]), lines[1:]
	}
	input := lines[min(1, len(lines)):]
	if i := slices.Index(lines, "----"); i >= 0 {
		input = lines[1:i]
	}
	out := strings.Join(comments, "\n")
	if len(lines) == 0 {
		return out + "\n\n"
	}
	if out != "" {
		out += "\n"
	}
	out += lines[0] + "\n"
	for _, l := range input {
		out += l + "\n"
	}
	if result := w.run(strings.Fields(lines[0]), input); result != "" {
		out += "----\n" + result
	}
	return out + "\n"
}

func (w *world) run(cmd, input []string) string {
	switch cmd[0] {
	case "config":
		w.configure(cmd[1:])
	case "append", "append-open":
		w.append(cmd[1], input, cmd[0] == "append")
	case "overwrite":
		w.overwrite(cmd[1], int64(w.number(cmd[2])), input)
	case "fill":
		w.fill(cmd[1], cmd[2], cmd[3])
	case "rename":
		w.must(os.Rename(w.path(cmd[1]), w.path(cmd[2])))
	case "copy":
		p, err := os.ReadFile(w.path(cmd[1]))
		w.must(err)
		w.must(os.WriteFile(w.path(cmd[2]), p, 0o644))
	case "gzip":
		w.gzip(cmd[1], cmd[1]+".gz")
		w.must(os.Remove(w.path(cmd[1])))
	case "gzip-beside":
		w.gzip(cmd[1], cmd[1]+".gz")
	case "damage":
		w.damage(cmd[1], w.number(cmd[2]))
	case "unlink":
		w.must(os.Remove(w.path(cmd[1])))
	case "touch":
		w.write(cmd[1], "")
	case "truncate":
		w.must(os.Truncate(w.path(cmd[1]), int64(w.number(cmd[2]))))
	case "modified":
		at := w.now.Add(time.Duration(w.number(cmd[2])) * time.Hour)
		w.must(os.Chtimes(w.path(cmd[1]), at, at))
	case "symlink":
		w.must(os.Symlink(cmd[1], w.path(cmd[2])))
	case "supersede":
		w.dead = append(w.dead, cmd[1])
	case "advance":
		d, err := time.ParseDuration(cmd[1])
		w.must(err)
		w.now = w.now.Add(d)
	case "crash":
		w.crash()
	case "look":
		w.look()
	case "read":
		w.look()
		return w.read()
	case "settle":
		w.look()
		w.agent().settle()
		return w.read()
	case "read-unseen":
		return w.read()
	case "turn":
		return w.turn()
	case "seal":
		return w.seal(append(cmd, DefaultClass)[1])
	case "exclude", "include":
		w.exclude(cmd[1], cmd[0] == "exclude")
	case "class":
		w.rules.class[cmd[1]] = cmd[2]
		w.agent().Refresh(cmd[1])
	case "read-again":
		w.agent().ReadAgain(w.missing)
		return w.read()
	case "files":
		w.look()
		return w.files()
	default:
		w.t.Fatalf("no command %q", cmd[0])
	}
	return ""
}

func (w *world) configure(args []string) {
	for _, arg := range args {
		key, value, _ := strings.Cut(arg, "=")
		switch key {
		case "decoder":
			w.decoder = map[string]Decoder{"plain": Plain, "container": Container}[value]
		case "max-line":
			w.opts.MaxLine = w.number(value)
		case "budget":
			w.opts.Budget = w.number(value)
		case "only-known":
			w.onlyKnown = value == "yes"
		case "joining":
			w.opts.Joining = w.number(value)
		case "max-files":
			w.opts.MaxFiles = w.number(value)
		case "unlinked-bytes":
			w.opts.UnlinkedBytes = int64(w.number(value))
		case "multiline":
			w.opts.Multiline = value != "off"
			w.multiline = value
		case "silence":
			w.opts.Silence = time.Duration(w.number(value)) * time.Second
		case "start":
			w.start = Start{End: value == "end"}
			if value != "end" {
				w.start.Since = w.now.Add(time.Duration(w.number(value)) * time.Second)
			}
		case "positions":
			w.opts.PositionsLost, w.opts.PositionsBehind = value == "lost", value == "behind"
		default:
			w.t.Fatalf("no option %q", key)
		}
	}
}

var second = regexp.MustCompile(`@(\d\d)`)

func (w *world) append(name string, lines []string, complete bool) {
	text := second.ReplaceAllString(strings.Join(lines, "\n"), "2026-03-05T10:11:${1}Z")
	if complete {
		text += "\n"
	}
	w.write(name, text)
}

// fill appends a line, or a piece of one, of so many bytes.
func (w *world) fill(name, size, kind string) {
	head := map[string]string{"open": "", "line": "", "P": "2026-03-05T10:11:12Z stdout P ", "F": "2026-03-05T10:11:12Z stdout F "}[kind]
	text := head + strings.Repeat("x", w.number(size)-len(head))
	if kind != "open" {
		text += "\n"
	}
	w.write(name, text)
}

// overwrite writes lines at a place, as a writer does that does not append, or
// that maps the file into memory. Newlines are written as \n.
func (w *world) overwrite(name string, at int64, lines []string) {
	f, err := os.OpenFile(w.path(name), os.O_WRONLY, 0)
	w.must(err)
	_, err = f.WriteAt([]byte(strings.ReplaceAll(strings.Join(lines, ""), `\n`, "\n")), at)
	w.must(err)
	w.must(f.Close())
}

func (w *world) write(name, text string) {
	f, err := os.OpenFile(w.path(name), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	w.must(err)
	_, err = f.WriteString(text)
	w.must(err)
	w.must(f.Close())
}

func (w *world) look() {
	w.agent().scan(context.Background(), "")
	for _, c := range w.agent().chains {
		for _, f := range c.files {
			f.poll.hurry()
		}
	}
	w.engine.nextWalk = 0
	w.engine.measure(w.now.UnixNano())
}

// read reads until nothing is ready.
func (w *world) read() string {
	var out strings.Builder
	l := w.agent().Lane(0)
	for l.Read(&w.batch) || !l.ready.empty() {
		out.WriteString(w.records())
	}
	return out.String()
}

// turn reads once.
func (w *world) turn() string {
	w.agent().Lane(0).Read(&w.batch)
	return w.records()
}

// records are those of the batch that was read last.
func (w *world) records() string {
	var out strings.Builder
	for i := range w.batch.Records {
		rec := &w.batch.Records[i]
		w.batch.Source.Counts.DocLines += uint64(rec.Lines)
		fmt.Fprintln(&out, describe(&w.batch, rec))
	}
	return out.String()
}

func (w *world) files() string {
	var out bytes.Buffer
	for _, f := range w.agent().Files() {
		fmt.Fprintf(&out, "%s %d/%d %v", filepath.Base(f.Path), f.Offset, f.Size, f.State)
		if f.Reason != "" {
			fmt.Fprintf(&out, ": %s", f.Reason)
		}
		if f.Unlinked {
			out.WriteString(", deleted")
		}
		out.WriteByte('\n')
	}
	return out.String()
}
