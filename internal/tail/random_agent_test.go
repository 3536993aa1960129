package tail

import (
	"fmt"
	"slices"
	"time"

	"github.com/tailrace/tailrace/pipeline/event"
)

// What follows is the agent's part in a random life.

func (s *life) lookOnly() {
	s.world.look()
	for _, c := range s.contents {
		switch {
		case c.name != "":
			c.opened, c.held, c.unseen, c.measured = true, true, false, len(c.text)
		case c.truncated && c.held:
			c.stage = max(c.stage, looked)
		}
	}
	s.noticeRegrown()
	s.say("look")
}

// noticeRegrown does so for all truncated files: a lane that reads one may notice
// before anybody looks.
func (s *life) noticeRegrown() {
	for _, c := range s.contents {
		if c.truncated && c.held && c.name == "" {
			s.regrown(c)
		}
	}
}

// regrown notes that a truncated file is as large again as it was: then nobody
// can tell whether what it grew by is the old content's.
func (s *life) regrown(c *content) {
	for _, next := range s.contents[slices.Index(s.contents, c)+1:] {
		if next.file == c.file && len(next.text) >= c.measured && c.stage < counted {
			c.atLeast, c.regrown = 0, len(next.text)
		}
	}
}

func (s *life) lookAndCollect() {
	s.lookOnly()
	s.collect(-1)
}

// collect reads a number of turns, or everything.
func (s *life) collect(turns int) {
	var b event.Batch
	l := s.agent().Lane(0)
	s.say("collect %d turns", turns)
	for ; turns != 0; turns-- {
		s.noticeRegrown()
		switch {
		case l.Read(&b):
			s.take(&b)
		case l.ready.empty():
			s.settled(looked, accounted)
			return
		}
	}
}

func (s *life) take(b *event.Batch) {
	for i := range b.Records {
		rec := &b.Records[i]
		b.Source.Counts.DocLines += uint64(rec.Lines)
		id := recordID{b.Source.ID, rec.Start, rec.End, string(b.Bytes(rec.Line))}
		if s.open[id] {
			s.wrong("read twice: %q", id.text)
		}
		s.open[id] = true
		s.say("read %s", describe(b, rec))
	}
}

// settled moves the contents that are gone on, from one stage to the next.
func (s *life) settled(from, to stage) {
	for _, c := range s.contents {
		if c.gone && c.stage == from && (to != counted || c.identified) {
			c.stage = to
		}
	}
}

// account lets the agent see what of its past is not there any more; it does so
// some time after it has looked.
func (s *life) account() {
	if !s.agent().started {
		return
	}
	s.agent().settle()
	s.collect(-1)
	s.say("settle")
}

// record makes what was read durable, as a frame does.
func (s *life) record() {
	for _, state := range s.agent().Lane(0).States(DefaultClass, nil) {
		s.say("record %s size=%d", describeState(&state), state.Size)
		s.ledger.Add(s.mutant.counts(state.Counts))
		state.Counts = event.Counts{}
		s.known[state.ID] = s.mutant.state(state)
		s.attribute(&state)
	}
	for id := range s.open {
		if s.recorded[id] {
			s.wrong("recorded twice: %q", id.text)
		}
		s.recorded[id] = true
	}
	clear(s.open)
	s.settled(accounted, counted)
}

// wait lets time pass: for some lives so much that unfinished records are
// recorded as they are. Now and then the clock is set.
func (s *life) wait() {
	d := time.Duration(s.random.IntN(7)) * time.Second
	torn := slices.ContainsFunc(s.writers, func(w *writer) bool { return w.torn != "" })
	if s.opts.Silence != 0 && !torn {
		d *= 20
	}
	s.now = s.now.Add(d)
	s.say("wait %v", d)
	if s.random.IntN(8) == 0 {
		s.skew += time.Duration(s.random.IntN(49)-24) * time.Hour
		s.say("set the clock, %v off", s.skew)
	}
}

func (s *life) die() {
	s.say("crash")
	s.end()
}

// dieWithAFrame loses a frame that was sealed and never became durable.
func (s *life) dieWithAFrame() {
	_ = s.agent().Lane(0).States(DefaultClass, nil)
	s.say("crash-with-frame")
	s.end()
}

func (s *life) stop() {
	s.record()
	s.say("stop")
	s.end()
}

// end is the agent's end: deleted files go with their descriptors.
func (s *life) end() {
	if s.engine != nil {
		_, bytes := s.engine.Gaps()
		s.gaps += bytes
	}
	s.world.crash()
	if s.mutant == nil || !s.mutant.acknowledgesEarly {
		clear(s.open)
	}
	for _, c := range s.contents {
		c.held, c.identified = false, false
		if c.name == "" {
			s.lost(c, 0)
			if c.stage != counted && c.regrown == 0 {
				c.atLeast = c.durable
			}
			if c.stage != counted {
				c.stage = 0
			}
		}
	}
}

// finish lets the containers end their lines, and themselves, and the agent read
// everything. An empty file may yet turn out to be the one that the agent
// misses, so each gets a line.
func (s *life) finish() {
	for _, w := range s.writers {
		s.say("log %s: %q", w.chain, s.model.log(s.random, w))
		s.model.write(w, s.complete(w))
		for which := range w.half {
			if w.half[which] != nil {
				s.pieces++
				s.model.write(w, s.line(s.random, w, which, "", fmt.Sprintf("p%d. ", s.pieces), true))
			}
		}
	}
	// Empty files are left one after the other, and where descriptors are few,
	// files take turns.
	for round := range 12 + 3*len(s.named("")) {
		s.lookAndCollect()
		s.now = s.now.Add(10 * time.Second)
		for _, w := range s.writers[:min(round/3, 1)*len(s.writers)] {
			s.dead = append(s.dead, w.chain)
		}
	}
	// What a compressed file was made of is in use until a frame says otherwise.
	s.record()
	s.lookAndCollect()
	s.account()
	s.record()
	s.end()
}
