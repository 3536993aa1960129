package pipeline

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tailrace/tailrace/internal/vfs"
	"github.com/tailrace/tailrace/pipeline/journal"
)

// flipPayload flips a bit in the payload of a frame of the node's journal.
func (n *node) flipPayload(seq uint64) {
	n.t.Helper()
	dir := filepath.Join(n.dir, "state", LogsDir)
	r := journal.NewReader(vfs.OS{}, dir)
	segments, err := r.Segments()
	if err != nil {
		n.t.Fatal(err)
	}
	flipped := false
	for _, s := range segments {
		_, err := r.Entries(context.Background(), s, 0, func(e *journal.Entry) error {
			if e.Seq != seq {
				return nil
			}
			flipped = true
			return flipBit(filepath.Join(dir, s.Name), e.Offset+int64(e.HeaderSize)+5)
		})
		if err != nil {
			n.t.Fatal(err)
		}
	}
	if !flipped {
		n.t.Fatalf("no frame %d in the journal", seq)
	}
}

func flipBit(name string, at int64) error {
	p, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	p[at] ^= 4
	return os.WriteFile(name, p, 0o640)
}

func TestLinesOfADamagedFrameAreReadAgain(t *testing.T) {
	const fromTheStart = "{console: {color: never, start_at: beginning}}"
	n := newNode(t)
	a, stop := n.start(`{elasticsearch: {endpoints: ["http://127.0.0.1:9"]}}`)
	for i, text := range []string{"one", "two", "three"} {
		n.write(text)
		n.until(text+" is durable", func() bool { return a.Snapshot().Lines == uint64(i+1) })
	}
	a.opts.Drain = 0
	stop()
	n.flipPayload(2)

	a, stop = n.start(fromTheStart)
	n.until("four lines, one of them lost and read again", func() bool {
		l := a.Snapshot().Ledgers["console"]
		return l.Read == 4 && l.Delivered == 3 && l.Lost == 1
	})
	stop()
	for _, text := range []string{"one", "two", "three"} {
		if got := strings.Count(n.out.String(), text); got != 1 {
			t.Errorf("%q was printed %d times\n%s", text, got, n.out.String())
		}
	}
	if l := a.Snapshot().Ledgers["console"]; !l.Balanced() {
		t.Error(l)
	}
}
