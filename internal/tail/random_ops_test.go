package tail

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/tailrace/tailrace/pipeline/event"
)

func (s *life) anyWriter() *writer { return s.writers[s.random.IntN(len(s.writers))] }

func (s *life) write() {
	w := s.anyWriter()
	text := s.model.log(s.random, w)
	s.say("log %s %s: %q", w.chain, w.live.name, text)
}

func (s *life) rotate() {
	w := s.anyWriter()
	if s.copying {
		s.copyAndTruncate(w)
		return
	}
	s.renameLive(w)
	s.say("rotate %s to %s", w.chain, w.live.name)
	s.renew(w)
}

// renew lets the writer open a new file, when its last line is whole.
func (s *life) renew(w *writer) {
	s.model.write(w, s.complete(w))
	s.must(s.create(w))
	s.noteReuse(w.live)
}

func (s *life) noteReuse(c *content) {
	if slices.ContainsFunc(s.contents, func(o *content) bool { return o != c && o.ino == c.ino && o.file != c.file }) {
		s.say("inode-reused by %s", c.name)
	}
}

func (s *life) renameLive(w *writer) {
	if w.renamed {
		return
	}
	w.number++
	w.renamed = true
	s.move(w.live, fmt.Sprintf("%s.log.%d", w.chain, w.number))
}

func (s *life) move(c *content, name string) {
	s.must(os.Rename(s.model.path(c.name), s.model.path(name)))
	c.name = name
}

// rename rotates, but the writer does not notice yet.
func (s *life) rename() {
	w := s.anyWriter()
	if s.copying {
		return
	}
	s.renameLive(w)
	s.say("rename %s to %s", w.chain, w.live.name)
}

// reopen makes the writer notice, or undoes the renaming.
func (s *life) reopen() {
	w := s.anyWriter()
	switch {
	case !w.renamed:
	case s.random.IntN(3) == 0:
		s.move(w.live, w.chain+".log")
		w.renamed = false
		s.say("rename-back %s", w.chain)
	default:
		s.renew(w)
		s.say("reopen %s", w.chain)
	}
}

// storm exchanges the names of two logs that the agent reads, and back.
func (s *life) storm() {
	if len(s.writers) < 2 || s.engine == nil {
		return
	}
	a, b := s.writers[0], s.writers[1]
	if a.renamed || b.renamed || !a.live.held || !b.live.held {
		return
	}
	s.say("storm of %s and %s", a.chain, b.chain)
	s.exchange(a.live, b.live)
	for range s.random.IntN(5) {
		[]func(){s.write, s.lookAndCollect, s.lookOnly, s.record, func() { s.collect(1) }}[s.random.IntN(5)]()
	}
	s.exchange(a.live, b.live)
	s.say("calm")
}

func (s *life) exchange(a, b *content) {
	nameA, nameB := a.name, b.name
	s.move(a, "between")
	if s.random.IntN(3) == 0 {
		s.lookOnly()
	}
	s.move(b, nameA)
	s.move(a, nameB)
}

// cutOff truncates a live file.
func (s *life) cutOff() {
	w := s.anyWriter()
	if s.copying {
		return
	}
	s.model.write(w, s.complete(w))
	old := w.live
	s.must(old.file.Truncate(0))
	s.say("truncate %s at %d", old.name, len(old.text))
	s.begin(w, &content{chain: old.chain, file: old.file, name: old.name, ino: old.ino, opened: old.opened})
	old.name, old.truncated = "", true
	s.lost(old, old.measured)
}

// copyAndTruncate rotates a live file by a copy: the content is in the copy then.
func (s *life) copyAndTruncate(w *writer) {
	if len(w.live.text) == 0 {
		return
	}
	s.model.write(w, s.complete(w))
	old := w.live
	w.number++
	name := fmt.Sprintf("%s.log.%d", w.chain, w.number)
	s.must(os.WriteFile(s.model.path(name), old.text, 0o644))
	s.say("copytruncate %s to %s", old.name, name)
	// Of two files that are new to it and alike, the agent reads both.
	if s.random.IntN(2) == 0 && old.identified {
		s.lookOnly()
		s.collect(s.random.IntN(3))
	}
	s.must(old.file.Truncate(0))
	s.begin(w, &content{chain: old.chain, file: old.file, name: old.name, ino: old.ino, opened: old.opened})
	copied, err := os.Open(s.model.path(name))
	s.must(err)
	old.name, old.file, old.copied = name, copied, true
}

// lost notes that what was not read of a content may be missing from now on.
func (s *life) lost(c *content, known int) {
	if !c.gone {
		c.gone, c.atLeast = true, c.durable
		// Where descriptors are few it may have had none.
		if c.held && s.opts.MaxFiles == 0 {
			c.atLeast = known
		}
	}
}

// unlink deletes a rotated file.
func (s *life) unlink() {
	if c := s.anyOf(s.rotated()); c != nil {
		s.delete(c)
	}
}

// rotated are the files with a name that nobody writes to.
func (s *life) rotated() []*content {
	return slices.DeleteFunc(s.named(""), func(c *content) bool {
		return slices.ContainsFunc(s.writers, func(w *writer) bool { return w.live == c })
	})
}

func (s *life) anyOf(all []*content) *content {
	if len(all) == 0 {
		return nil
	}
	return all[s.random.IntN(len(all))]
}

// compress compresses a rotated file as the kubelet does: the compressed one
// appears whole, then the one that it was made of goes.
func (s *life) compress() {
	c := s.anyOf(slices.DeleteFunc(s.rotated(), func(c *content) bool {
		return c.compressed || strings.HasSuffix(c.name, ".log")
	}))
	if c == nil {
		return
	}
	s.say("compress %s", c.name)
	s.gzip(c.name, c.name+".tmp")
	s.must(os.Rename(s.model.path(c.name+".tmp"), s.model.path(c.name+".gz")))
	if s.random.IntN(3) == 0 {
		s.lookOnly()
	}
	if s.random.IntN(3) == 0 {
		s.collect(1 + s.random.IntN(3))
	}
	s.must(os.Remove(s.model.path(c.name)))
	c.name += ".gz"
	c.compressed = true
}

func (s *life) delete(c *content) {
	s.must(os.Remove(s.model.path(c.name)))
	// Nobody writes to it any more: with the agent's descriptor the inode is free.
	s.must(c.file.Close())
	s.say("unlink %s", c.name)
	c.name = ""
	switch {
	case s.opts.MaxFiles > 0, c.compressed:
		s.lost(c, 0)
	case !c.held || s.opts.UnlinkedBytes > 0:
		s.lost(c, len(c.text))
	}
}

// restartContainer ends a container; the next one has a log of its own.
func (s *life) restartContainer() {
	w := s.anyWriter()
	s.model.end(s.random, w)
	s.dead = append(s.dead, w.chain)
	s.chains++
	next := fmt.Sprint(w.chain[:1], s.chains)
	s.say("container %s after %s, which ends with %q", next, w.chain, w.live.fragment)
	s.must(s.container(next))
	s.birth()
}

// removePod deletes all of a container's files.
func (s *life) removePod() {
	w := s.anyWriter()
	if s.chains >= 26 {
		return
	}
	s.model.end(s.random, w)
	s.say("pod of %s is removed", w.chain)
	for _, c := range s.named(w.chain) {
		s.delete(c)
	}
	s.must(s.container(string(rune('a' + s.chains))))
	s.chains++
	s.birth()
}

func (s *life) lookOnly() {
	s.world.look()
	for _, c := range s.contents {
		switch {
		case c.name != "":
			c.opened, c.held, c.measured = true, true, len(c.text)
		case c.truncated && c.held:
			c.stage = max(c.stage, looked)
			s.regrown(c)
		}
	}
	s.say("look")
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
			if c.stage != counted {
				c.stage, c.atLeast = 0, c.durable
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
				s.model.write(w, s.line(s.random, w, which, fmt.Sprintf("p%d. ", s.pieces), true))
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
	s.account()
	s.record()
	s.end()
}
