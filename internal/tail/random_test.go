package tail

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tailrace/tailrace/pipeline/event"
	"github.com/tailrace/tailrace/pipeline/frame"
)

// story is a random life of a container's log and of an agent that reads it:
// pieces of lines on both streams, torn writes, rotations, reads, frames and
// crashes. What the runtime was asked to log is remembered.
type story struct {
	*world
	random *rand.Rand
	// docker says which runtime writes.
	docker bool
	// messages are whole, half what a stream has begun; torn are the bytes of
	// a write that did not get through yet.
	messages []string
	half     [2]string
	torn     string
	files    int
	// pieces are all that was written, each unlike the others.
	pieces []string
	// open are the records since the last frame, recorded those before it.
	open, recorded map[recordID]string
	ledger         event.Counts
}

type recordID struct {
	source     event.SourceID
	start, end int64
}

// TestRandomLives asserts what must hold in every such life: each message is
// recorded once, as it was, and the ledger adds up.
func TestRandomLives(t *testing.T) {
	for seed := range uint64(150) {
		t.Run(fmt.Sprint("seed=", seed), func(t *testing.T) {
			s := &story{
				world: newWorld(t), random: rand.New(rand.NewPCG(seed, 1)),
				open: map[recordID]string{}, recorded: map[recordID]string{},
			}
			if seed%2 == 0 {
				s.opts.Silence = 0
			}
			s.docker = seed%3 == 0
			s.opts.Budget = 64 << s.random.IntN(6)
			if seed%3 == 0 {
				s.opts.MaxFiles = 1 + s.random.IntN(3)
			}
			for range 200 {
				s.happen()
			}
			s.finish()
			s.check()
		})
	}
}

func (s *story) happen() {
	switch n := s.random.IntN(100); {
	case n < 45:
		s.log()
	case n < 52:
		s.rotate()
	case n < 75:
		s.look()
		s.collect()
	case n < 85:
		s.record()
	case n < 90:
		s.wait()
	case n < 95:
		s.collect()
	default:
		s.crash()
		s.t.Log("crash")
		clear(s.open)
	}
}

// wait lets time pass: for some lives so much that unfinished records are
// recorded as they are.
func (s *story) wait() {
	d := time.Duration(s.random.IntN(7)) * time.Second
	if s.opts.Silence != 0 && s.torn == "" {
		d *= 20
	}
	s.now = s.now.Add(d)
}

// log writes a piece of a line, sometimes not all of its bytes at once.
func (s *story) log() {
	which := s.random.IntN(2)
	piece := fmt.Sprintf("p%d.%s ", len(s.pieces), strings.Repeat("x", s.random.IntN(60)))
	s.pieces = append(s.pieces, piece)
	tag := "P"
	s.half[which] += piece
	if s.random.IntN(3) > 0 {
		tag = "F"
		s.messages = append(s.messages, s.half[which])
		s.half[which] = ""
	}
	line := s.torn + s.wrap(s.random.IntN(60), which, tag, piece)
	s.torn = ""
	if s.random.IntN(8) == 0 {
		at := s.random.IntN(len(line))
		line, s.torn = line[:at], line[at:]
	}
	s.write("a.log", line)
	s.t.Logf("log %q", line)
}

// wrap is the line that a runtime writes.
func (s *story) wrap(second, which int, tag, text string) string {
	stream := [2]string{"stdout", "stderr"}[which]
	if !s.docker {
		return fmt.Sprintf("2026-03-05T10:11:%02dZ %s %s %s\n", second, stream, tag, text)
	}
	if tag == "F" {
		text += `\n`
	}
	// A piece has an x in it, some of them written as no runtime would need to.
	text = strings.Replace(text, "x", `\u0078`, s.random.IntN(3))
	return fmt.Sprintf(`{"log":"%s","stream":"%s","time":"2026-03-05T10:11:%02dZ"}`+"\n", text, stream, second)
}

// rotate renames the log. Lines are not torn by it, as the runtime does not.
func (s *story) rotate() {
	if _, err := os.Stat(s.path("a.log")); err != nil {
		return
	}
	s.write("a.log", s.torn)
	s.torn = ""
	s.files++
	s.must(os.Rename(s.path("a.log"), s.path(fmt.Sprint("a.log.", s.files))))
	s.t.Log("rotate to ", s.files)
}

func (s *story) collect() {
	var b event.Batch
	for l := s.agent().Lane(0); l.Read(&b); {
		for i := range b.Records {
			rec := &b.Records[i]
			b.Source.Counts.DocLines += uint64(rec.Lines)
			s.open[recordID{b.Source.ID, rec.Start, rec.End}] = string(b.Bytes(rec.Line))
			s.t.Log("read ", describe(&b, rec))
		}
	}
}

// record makes what was read durable, as a frame does.
func (s *story) record() {
	for _, state := range s.agent().Lane(0).States(DefaultClass, nil) {
		s.t.Log("record ", describeState(&state))
		s.ledger.Add(state.Counts)
		state.Counts = event.Counts{}
		s.known[state.ID] = state
	}
	for id, text := range s.open {
		if old, ok := s.recorded[id]; ok {
			s.t.Errorf("recorded twice: %q and %q", old, text)
		}
		s.recorded[id] = text
	}
	clear(s.open)
}

// finish lets the writer end its lines and the agent read everything.
func (s *story) finish() {
	s.write("a.log", s.torn)
	for which, half := range s.half {
		if half != "" {
			s.write("a.log", s.wrap(12, which, "F", "end"))
			s.messages = append(s.messages, half+"end")
			s.pieces = append(s.pieces, "end")
		}
	}
	// With few descriptors, files take turns.
	for range 3 + 6*s.files {
		s.look()
		s.collect()
		s.now = s.now.Add(10 * time.Second)
	}
	s.record()
}

func (s *story) check() {
	if s.opts.Silence == 0 {
		s.checkMessages()
	}
	s.checkPieces()
	s.checkLedger()
}

// checkMessages: what was written as one line is one record.
func (s *story) checkMessages() {
	got := map[string]int{}
	for _, text := range s.recorded {
		got[text]++
	}
	for _, m := range s.messages {
		if got[m] != 1 {
			s.t.Errorf("%q is recorded %d times", m, got[m])
		}
		delete(got, m)
	}
	for text, n := range got {
		s.t.Errorf("%q is recorded %d times and was never written so", text, n)
	}
}

// checkPieces: everything is recorded once, in whatever records.
func (s *story) checkPieces() {
	all := strings.Join(slices.Collect(maps.Values(s.recorded)), "")
	for _, p := range s.pieces {
		if n := strings.Count(all, p); n != 1 && p != "end" {
			s.t.Errorf("%q is recorded %d times", p, n)
		}
	}
}

// checkLedger: every line of the files is counted once, and nothing is open.
func (s *story) checkLedger() {
	if s.ledger.Lines != uint64(len(s.pieces)) {
		s.t.Errorf("%d lines were written, %d are counted", len(s.pieces), s.ledger.Lines)
	}
	if s.ledger.Lines != s.ledger.DocLines+s.ledger.DroppedLines || s.ledger.LostBytes != 0 {
		s.t.Errorf("the ledger: %+v", s.ledger)
	}
	for _, state := range s.known {
		for _, stream := range state.Streams {
			if stream.Mode == frame.ModeOpen {
				s.t.Errorf("%s: a record is open at the end: %v", state.Path, state.Streams)
			}
		}
	}
}
