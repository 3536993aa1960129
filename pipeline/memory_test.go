package pipeline

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tailrace/tailrace/internal/vfs"
)

// deadEnd is an exporter that nobody answers: nobody listens on the discard
// port.
const deadEnd = `{elasticsearch: {endpoints: ["http://127.0.0.1:9"], flush: {interval: 1ms}, retry: {initial_interval: 1ms, max_interval: 5ms}}}`

func inMemory(t *testing.T) *node {
	n := newNode(t)
	n.journal = "{type: memory}"
	return n
}

func TestMemoryJournalContinuesExactlyAfterAGracefulStop(t *testing.T) {
	n := inMemory(t)
	for life := range 3 {
		n.write(fmt.Sprintf("first of life %d", life))
		a, stop := n.start(toConsole)
		n.write(fmt.Sprintf("second of life %d", life))
		n.until("both lines", func() bool { return a.Snapshot().Ledgers["console"].Delivered == 2 })
		stop()
		if l := a.Snapshot().Ledgers["console"]; !l.Balanced() || l.Read != 2 || l.Pending != 0 {
			t.Errorf("life %d: %v", life, l)
		}
		if lines := a.Snapshot().Lines; lines != uint64(2*life+2) {
			t.Errorf("life %d: %d lines were acknowledged in all lives", life, lines)
		}
	}
	n.once("first of life 0", "second of life 0", "first of life 1", "second of life 1", "first of life 2", "second of life 2")
	if _, err := os.Stat(filepath.Join(n.dir, "state", LogsDir)); !os.IsNotExist(err) {
		t.Errorf("there is a journal on disk: %v", err)
	}
}

// once fails unless each text was printed once.
func (n *node) once(texts ...string) {
	n.t.Helper()
	for _, text := range texts {
		if got := strings.Count(n.out.String(), text); got != 1 {
			n.t.Errorf("%q was printed %d times\n%s", text, got, n.out.String())
		}
	}
}

func TestMemoryJournalAcknowledgesNothingThatIsNotDelivered(t *testing.T) {
	n := inMemory(t)
	a, stop := n.start(deadEnd)
	n.write("one", "two")
	n.until("the lines are pending", func() bool { return a.Snapshot().Ledgers["elasticsearch"].Pending == 2 })
	if s := a.Snapshot(); s.Lines != 0 {
		t.Errorf("%d lines are acknowledged while no backend answers", s.Lines)
	}
	if f := a.Report().Files[0]; f.Offset != 0 || f.Size == 0 {
		t.Errorf("the position is %d of %d", f.Offset, f.Size)
	}
	a.opts.Drain = 0
	stop()

	a, stop = n.start(toConsole)
	n.until("both lines", func() bool { return a.Snapshot().Ledgers["console"].Delivered == 2 })
	stop()
	n.once("one", "two")
}

func TestMemoryJournalNeverEmitsAnUnfinishedLine(t *testing.T) {
	n := inMemory(t)
	n.write("whole")
	path := filepath.Join(n.podDir(), "0.log")
	unfinished := func(text string) {
		f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		fmt.Fprint(f, text)
	}
	unfinished("2026-01-01T00:00:00Z stdout F first half ")
	a, stop := n.start(toConsole)
	if silence := a.tailOptions(nil).Silence; silence != 0 {
		t.Errorf("unfinished lines are emitted after %s", silence)
	}
	n.until("the whole line", func() bool { return a.Snapshot().Ledgers["console"].Delivered == 1 })
	stop()
	a, stop = n.start(toConsole)
	unfinished("and second half\n")
	n.until("the other line", func() bool { return a.Snapshot().Ledgers["console"].Delivered == 1 })
	stop()
	n.once("whole", "first half and second half")
}

func TestWithoutADirectoryNothingIsKeptAndThatIsSaid(t *testing.T) {
	n := inMemory(t)
	n.journal = `{type: memory, directory: ""}`
	for range 2 {
		n.write("again and again")
		a, stop := n.start(toConsole)
		n.until("the lines", func() bool {
			return a.Snapshot().Ledgers["console"].Pending == 0 && a.Snapshot().Ledgers["console"].Read > 0
		})
		stop()
	}
	if got := strings.Count(n.out.String(), "again and again"); got != 3 {
		t.Errorf("two lines in two lives were printed %d times, want 1 and then 2", got)
	}
	if !strings.Contains(n.logs.String(), "no positions are kept") {
		t.Errorf("nothing is said of positions\n%s", n.logs.String())
	}
}

func TestDirectoryThatCannotBeWrittenIsNotUsed(t *testing.T) {
	n := newNode(t)
	a := &Agent{log: n.options().Logger, opener: &opener{}, hold: &Hold{}}
	kept, err := a.claimIfWritable(t.Context(), vfs.ReadOnly(vfs.OS{}), n.dir)
	if kept || err != nil || !strings.Contains(n.logs.String(), "cannot be written") {
		t.Errorf("kept %v, error %v, logs %s", kept, err, n.logs.String())
	}
}

func TestRefusedDocumentsWithoutADisk(t *testing.T) {
	x := newIndex(t)
	n := inMemory(t)
	n.journal = `{type: memory, directory: ""}`
	exporter := fmt.Sprintf(`{elasticsearch: {endpoints: [%q], flush: {interval: 1ms}, retry: {initial_interval: 1ms, max_interval: 5ms}}}`, x.URL)
	n.write("good", "bad", "good")
	a, stop := n.start(exporter)
	n.until("one line is lost", func() bool { return a.Snapshot().Ledgers["elasticsearch"].Lost == 1 })
	if l := a.Snapshot().Ledgers["elasticsearch"]; !l.Balanced() || l.Delivered != 2 || l.Dead != 0 {
		t.Error(l)
	}
	x.answerBad(404)
	n.write("good", "bad", "good")
	n.until("a line holds the exporter", func() bool { return a.shippers[0].loop.Stats().Retries > 2 })
	if l := a.Snapshot().Ledgers["elasticsearch"]; !l.Balanced() || l.Lost != 1 || l.Pending == 0 {
		t.Error(l)
	}
	x.answerBad(201)
	n.until("it is delivered", func() bool { return a.Snapshot().Ledgers["elasticsearch"].Delivered == 5 })
	stop()
}

func TestDirectoryIsOfOneTypeOfJournal(t *testing.T) {
	for _, types := range [][2]string{{"disk", "memory"}, {"memory", "disk"}} {
		n := newNode(t)
		n.journal = "{type: " + types[0] + "}"
		_, stop := n.start(toConsole)
		stop()
		n.journal = "{type: " + types[1] + "}"
		_, err := New(t.Context(), n.config(toConsole), n.options())
		if err == nil || !strings.Contains(err.Error(), "belongs to a journal of type "+types[0]) {
			t.Errorf("%s after %s: %v", types[1], types[0], err)
		}
	}
}
