package gateway

import (
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"github.com/tailrace/tailrace/internal/testkit"
	"github.com/tailrace/tailrace/pipeline/frame"
	"github.com/tailrace/tailrace/pipeline/message"
)

// timeOfTests is a time of which no index is older.
var timeOfTests = time.Now()

// incompressible is a frame of one document of about so many bytes.
func (r *rig) incompressible(seq, size int) message.Message {
	const letters = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_"
	text := make([]byte, size)
	for i := range text {
		text[i] = letters[rand.IntN(len(letters))]
	}
	d := r.documents("node-1", seq, 1, timeOfTests)[0]
	b := r.builder
	b.Var([]byte(d[0] + "\n" + d[1][:len(d[1])-1] + `,"pad":"` + string(text) + "\"}\n"))
	b.EndDoc(1, timeOfTests.UnixNano())
	s := b.Seal(frame.Meta{Class: "default"})
	s.Meta.Seq, s.Meta.JournalTime = uint64(seq), timeOfTests.UnixNano()
	return message.New(message.Origin{Journal: "node-1", Node: "node-1"},
		message.Piece{Meta: &s.Meta, Docs: 1, PlainSize: int(s.Meta.PlainSize), Payload: s.Payload}, nil)
}

// most is what a gateway with a journal of 16 MiB may take at most, in bytes: the
// journal, requests under way, Go's heap of twice what is in use, and the program.
const most = 160 << 20

// A queue with far more than fits into memory comes through a gateway that takes
// as much as its budget says, small messages first and large ones then, while
// Elasticsearch is slow.
func TestMemoryOfAGatewayIsBoundedWhateverIsInTheQueue(t *testing.T) {
	r := newRig(t)
	s := r.StartSink("sink", "ok")
	r.configure(s.URL)
	r.binary = testkit.LeanAgent(t)
	small, large := 1_000, 24
	if os.Getenv("TAILRACE_TORTURE") != "" {
		small, large = 100_000, 200
	}
	seq := 0
	fill := func(n, size int) {
		t.Helper()
		for begin := seq; seq < begin+n; {
			var batch []message.Message
			for range min(500, begin+n-seq) {
				batch = append(batch, r.incompressible(seq, size))
				seq++
			}
			r.publish(batch...)
		}
	}
	fill(small, 1000)
	gateway := r.start()
	r.arrived(s, small, gateway)
	fill(large, 3<<20)
	s.Behave("ok:300ms,503:300ms")
	r.arrived(s, small+large, gateway)
	peak := gateway.PeakMemory()
	t.Logf("RESULT messages=%d peak_mib=%d", seq, peak>>20)
	if peak > most {
		t.Errorf("the gateway took %d MiB", peak>>20)
	}
	gateway.Stop()
}
