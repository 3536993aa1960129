package pipeline

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tailrace/tailrace/internal/control"
)

// ask asks the node's running agent for its dead letters.
func (n *node) ask(d DeadLetters) (r Replayed, err error) {
	return r, control.Ask(n.t.Context(), n.config(toConsole).Service.Journal.Directory, ReplayDeadLettersPath, d, &r)
}

func (n *node) wantReplayed(want Replayed, d DeadLetters) {
	n.t.Helper()
	got, err := n.ask(d)
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		n.t.Errorf("%+v: %v (-want +got):\n%s", d, err, diff)
	}
}

func TestDeadLettersAreSentAgainOnRequest(t *testing.T) {
	n, x := newNode(t), newIndex(t)
	toIndex := fmt.Sprintf("{elasticsearch: {endpoints: [%q], flush: {interval: 5ms}}}", x.URL)
	n.write("one", "bad two", "bad three")
	a, stop := n.start(toIndex)
	ledger := func() Ledger { return a.Snapshot().Ledgers["elasticsearch"] }
	n.until("two dead letters", func() bool { l := ledger(); return l.Delivered == 1 && l.Dead == 2 })

	n.wantReplayed(Replayed{}, DeadLetters{Namespace: "other"})
	n.wantReplayed(Replayed{Parked: 2}, DeadLetters{Namespace: "shop"})
	n.until("both to be refused again", func() bool { l := ledger(); return l.Dead == 2 && l.Parked == 0 })

	x.answerBad(201)
	n.wantReplayed(Replayed{Parked: 2}, DeadLetters{Exporter: "elasticsearch"})
	n.until("both to be delivered", func() bool { return ledger().Delivered == 3 })
	if l := ledger(); !l.Balanced() || l.Dead+l.Parked != 0 {
		t.Errorf("%v", l)
	}
	n.wantReplayed(Replayed{}, DeadLetters{})
	stop()

	if _, err := n.ask(DeadLetters{}); !errors.Is(err, control.ErrNoAgent) {
		t.Errorf("without an agent: %v", err)
	}
}

// noise is text of a size that compresses to three quarters at best.
func noise(size int) string {
	b := make([]byte, size*3/4)
	_, _ = rand.Read(b)
	return base64.StdEncoding.EncodeToString(b)
}

func TestDeadLettersWithoutRoomOrExporterStay(t *testing.T) {
	n, x := newNode(t), newIndex(t)
	toIndex := fmt.Sprintf("{elasticsearch: {endpoints: [%q], flush: {interval: 5ms}}}", x.URL)
	n.journal = "{dead_letter: {max_size: 4MiB}, park: {max_size: 1MiB}}"
	n.write("bad " + noise(900_000))
	a, stop := n.start(toIndex)
	dead := func(lines uint64) func() bool {
		return func() bool { return a.Snapshot().Ledgers["elasticsearch"].Dead == lines }
	}
	n.until("a dead letter", dead(1))
	n.write("bad " + noise(900_000))
	n.until("another", dead(2))

	x.answerBad(429)
	n.wantReplayed(Replayed{Parked: 1, NoRoom: 1}, DeadLetters{})
	x.answerBad(201)
	n.until("one to be delivered", func() bool { return a.Snapshot().Ledgers["elasticsearch"].Delivered == 1 })
	stop()

	_, stop = n.start(toConsole)
	n.wantReplayed(Replayed{NoExporter: 1}, DeadLetters{})
	stop()
}
