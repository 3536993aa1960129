package tail

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/zeebo/xxh3"

	"github.com/tailrace/tailrace/pipeline/frame"
)

// stage is how far the agent has got with a content that is gone.
type stage uint8

const (
	looked stage = iota + 1
	accounted
	// counted: its loss is in a frame.
	counted
)

func (s *life) wrong(format string, args ...any) {
	s.problems = append(s.problems, fmt.Sprintf(format, args...))
}

// attribute notes what a frame tells of a content: the one whose bytes are before
// the position.
func (s *life) attribute(state *frame.Source) {
	n := int(min(state.Offset, tailSize))
	for _, c := range slices.Backward(s.contents) {
		end := int(state.Offset)
		if end > 0 && end <= len(c.text) && xxh3.Hash(c.text[end-n:end]) == state.Tail {
			c.durable, c.identified = max(c.durable, min(int(state.Size), len(c.text))), true
			return
		}
	}
}

func (s *life) check() {
	found := s.readBack()
	s.checkPieces(found)
	if s.opts.Silence == 0 {
		s.checkMessages()
	}
	s.checkLoss(found)
	s.checkLedger()
}

// readBack counts the pieces in the records, and sees that a record has
// nothing in it but pieces of one message in their order.
func (s *life) readBack() map[*part]int {
	byToken := map[string]*part{}
	var banners []*part
	for _, m := range s.messages {
		for _, p := range m.pieces {
			if p.token == bannerToken {
				banners = append(banners, p)
			} else {
				byToken[p.token] = p
			}
		}
	}
	found := map[*part]int{}
	recordedBanners := 0
	for id := range s.recorded {
		text := unmarked(id.text)
		if parts, ok := strings.CutSuffix(text, bannerToken); ok {
			recordedBanners++
			text = parts
		}
		s.readRecord(text, byToken, found)
	}
	s.checkBanners(banners, recordedBanners)
	return found
}

func (s *life) readRecord(text string, byToken map[string]*part, found map[*part]int) {
	var last *part
	at := 0
	for _, token := range strings.SplitAfter(text, " ") {
		p := byToken[token]
		rest := text[at:]
		at += len(token)
		switch {
		case token == "":
		case p == nil:
			if !s.isFragment(rest) {
				s.wrong("%q is recorded and was never written", text)
			}
			return
		case last != nil && !p.follows(last):
			s.wrong("%q is one record and was not one message", text)
			return
		default:
			found[p]++
			last = p
		}
	}
}

// follows says whether p may be behind another part in a record: because it is
// in the message, or because something in between is gone with a file.
func (p *part) follows(last *part) bool {
	if at := slices.Index(p.message.pieces, p); at > 0 && p.message != last.message {
		// What it goes on with is gone with a file, and it looks as if it went on
		// with what is before that.
		return p.message.pieces[at-1].in.gone
	}
	rest := last.message.pieces[slices.Index(last.message.pieces, last)+1:]
	return slices.Contains(rest, p) || slices.ContainsFunc(rest, func(o *part) bool { return o.in.gone })
}

func (s *life) isFragment(text string) bool {
	return slices.ContainsFunc(s.contents, func(c *content) bool { return c.fragment != "" && c.hasFragment(text) })
}

// hasFragment says whether a text is recorded of the line that was never
// completed: what Docker meant if only the newline is missing, otherwise what is
// there.
func (c *content) hasFragment(text string) bool {
	var line struct{ Log string }
	if json.Unmarshal([]byte(c.fragment), &line) == nil {
		return text == unmarked(strings.TrimSuffix(line.Log, "\n"))
	}
	return strings.Contains(unmarked(c.fragment), text)
}

// checkBanners: all files have the same first line, so only its number tells.
func (s *life) checkBanners(all []*part, recorded int) {
	gone := 0
	for _, p := range all {
		if p.in.gone {
			gone++
		}
	}
	if recorded < len(all)-gone || recorded > len(all) {
		s.wrong("%d first lines that are alike were written, %d of them may be missing, %d are recorded", len(all), gone, recorded)
	}
}

// checkPieces: everything is recorded once, in whatever records.
func (s *life) checkPieces(found map[*part]int) {
	for _, m := range s.messages {
		for _, p := range m.pieces {
			n := found[p]
			if p.token != bannerToken && (n > 1 || n == 0 && !p.in.gone) {
				s.wrong("%q is recorded %d times", p.token, n)
			}
		}
	}
}

// checkMessages: what was written as one line is one record. Where a file is gone
// in between, the agent cannot know whether the message ended there, and the
// next one may be taken for its end.
func (s *life) checkMessages() {
	texts := map[string]int{}
	for id := range s.recorded {
		texts[unmarked(id.text)]++
	}
	for _, m := range s.messages {
		text, certain := "", m.whole && !s.isInterrupted(m) && (m.before == nil || !s.isInterrupted(m.before)) &&
			(!s.joins || m.after == nil || !s.isInterrupted(m.after))
		for _, p := range m.pieces {
			text += p.token
			certain = certain && p.token != bannerToken
		}
		if certain && texts[text] != 1 {
			s.wrong("the message %q is recorded %d times as one", text, texts[text])
		}
	}
}

// isInterrupted says whether a content is gone that the message is in, or that
// was written to while it was, or was copied and truncated meanwhile.
func (s *life) isInterrupted(m *message) bool {
	if len(m.pieces) == 0 {
		return false
	}
	first := slices.Index(s.contents, m.pieces[0].in)
	last := slices.Index(s.contents, m.pieces[len(m.pieces)-1].in)
	return slices.ContainsFunc(s.contents[first:last+1], func(c *content) bool {
		return (c.gone || c.copied) && c.chain == s.contents[first].chain
	})
}

// checkLoss: what is missing is counted, in bytes.
func (s *life) checkLoss(found map[*part]int) {
	least, most := 0, 0
	for _, c := range s.contents {
		if c.copied {
			// Nobody can tell that a file that was truncated before its first line
			// was seen is in a copy: it may be counted although nothing is missing.
			most += len(c.text)
		}
		if !c.gone {
			continue
		}
		l, m := c.missing(found)
		if c.copied && s.opts.MaxFiles > 0 {
			// The copy may never have been open, and the original have grown again
			// when it was: nobody can tell what was in it.
			l = 0
		}
		least, most = least+l, most+m
	}
	counted := int(s.ledger.LostBytes) + int(s.gaps)
	if counted < least || counted > most {
		s.wrong("%d bytes are counted as lost (%d of them before they had an identity); at least %d and at most %d are missing",
			counted, s.gaps, least, most)
		s.tellMissing(found)
	}
}

func (s *life) tellMissing(found map[*part]int) {
	for i, c := range s.contents {
		if c.gone {
			l, m := c.missing(found)
			s.wrong("content %d of %s: %d bytes, %d durable, known to have been %d; %d to %d missing",
				i, c.chain, len(c.text), c.durable, c.atLeast, l, m)
		}
	}
}

// missing is how many bytes the agent must, and may, count as lost. Where the
// pieces of two streams alternate, it counts from the first that is open.
func (c *content) missing(found map[*part]int) (least, most int) {
	first := lastLine(c)
	for _, p := range slices.Backward(c.pieces) {
		if found[p] > 0 || p.token == bannerToken {
			continue
		}
		first = p.start
		if p.end <= c.atLeast {
			least += p.end - p.start
		}
	}
	if c.opened {
		most = max(len(c.text), c.regrown) - first
	}
	if c.hasBanner() {
		most = max(len(c.text), c.regrown)
	}
	return least, most
}

func (c *content) hasBanner() bool { return len(c.pieces) > 0 && c.pieces[0].token == bannerToken }

// checkLedger: every line of the files is counted once.
func (s *life) checkLedger() {
	if s.ledger.Lines != s.ledger.DocLines+s.ledger.DroppedLines {
		s.wrong("the ledger: %+v", s.ledger)
	}
	lines := uint64(0)
	for _, c := range s.contents {
		if c.gone || c.copied {
			return
		}
		lines += uint64(len(c.pieces))
		if c.fragment != "" {
			lines++
		}
	}
	if s.ledger.Lines != lines || s.ledger.LostBytes != 0 {
		s.wrong("%d lines were written, and nothing lost; the ledger: %+v", lines, s.ledger)
	}
}
