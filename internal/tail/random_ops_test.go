package tail

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"time"
)

// What follows is what containers, runtimes and users do to files.

func (s *life) anyWriter() *writer { return s.writers[s.random.IntN(len(s.writers))] }

func (s *life) write() {
	w := s.anyWriter()
	text := s.model.log(s.random, w)
	s.say("log %s %s: %q", w.chain, w.live.name, text)
}

func (s *life) rotate() {
	w := s.anyWriter()
	if s.copying && !w.renamed && s.random.IntN(4) > 0 {
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
	s.regrowTo(w, len(old.text))
}

// regrowTo sometimes lets a file that was truncated have its old size again
// before anybody looks.
func (s *life) regrowTo(w *writer, size int) {
	if s.random.IntN(3) > 0 || s.banners {
		return
	}
	if text, ok := s.model.regrow(s.random, w, size); ok {
		s.must(s.stamp(w.live.name, s.now))
		s.say("regrown to %d: %q", size, text)
	}
}

// touch sets when a file was written last, a day ahead or back at most.
func (s *life) touch() {
	if c := s.anyOf(s.named("")); c != nil {
		s.must(s.stamp(c.name, s.now.Add(time.Duration(s.random.IntN(49)-24)*time.Hour)))
		s.say("touch %s", c.name)
	}
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
	old.copied, old.unseen = true, true
	// Of two files that are new to it and alike, the agent reads both.
	if s.random.IntN(2) == 0 && old.identified {
		s.lookOnly()
		s.collect(s.random.IntN(3))
	}
	s.must(old.file.Truncate(0))
	s.begin(w, &content{chain: old.chain, file: old.file, name: old.name, ino: old.ino, opened: old.opened})
	s.regrowTo(w, len(old.text))
	old.name = name
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
	if !c.copied {
		// Nobody writes to it any more: with the agent's descriptor the inode is free.
		s.must(c.file.Close())
	}
	s.say("unlink %s", c.name)
	c.name = ""
	switch {
	case c.unseen:
		// To the agent it was truncated without a copy.
		c.truncated = true
		s.lost(c, c.measured)
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
