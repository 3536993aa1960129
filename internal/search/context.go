package search

// Context puts lines around matches: those of the same container, in the
// order of time. It is a Sink between a search with Query.Context and Next.
type Context struct {
	// Before and After are the numbers of lines around each match.
	Before, After int
	Next          Sink
	// Gap is called between groups of lines that are not neighbours.
	Gap func() error

	recent []Line // lines not given yet, oldest first
	bytes  int
	owed   map[uint64]int // lines still to follow a match, by container
	last   uint64         // container of the line given last
	given  bool
	missed map[uint64]bool // containers of which a line was left out since
}

// contextLimit bounds the bytes of lines kept in case a match follows. Among
// very many lines of other containers, context may be shorter than asked for.
const contextLimit = 1 << 20

// Line passes a match on with its context.
func (c *Context) Line(l *Line) error {
	switch {
	case l.Match:
		return c.match(l)
	case c.owed[l.Origin] > 0:
		c.owed[l.Origin]--
		return c.give(l)
	}
	c.keep(l)
	return nil
}

// Oldest is the time of the earliest line that may still become context.
func (c *Context) Oldest() (at int64, any bool) {
	if len(c.recent) == 0 {
		return 0, false
	}
	return c.recent[0].Time, true
}

// Flush passes the call on.
func (c *Context) Flush() error { return c.Next.Flush() }

func (c *Context) match(l *Line) error {
	for _, before := range c.take(l.Origin) {
		if err := c.give(&before); err != nil {
			return err
		}
	}
	if c.owed == nil {
		c.owed = map[uint64]int{}
	}
	if err := c.give(l); err != nil {
		return err
	}
	c.owed[l.Origin] = c.After
	return nil
}

// give passes a line on, behind a gap if it does not follow the last one.
func (c *Context) give(l *Line) error {
	gap := c.given && (c.last != l.Origin || c.missed[l.Origin])
	delete(c.missed, l.Origin)
	c.last, c.given = l.Origin, true
	if gap && c.Gap != nil {
		if err := c.Gap(); err != nil {
			return err
		}
	}
	return c.Next.Line(l)
}

// keep remembers a line in case a match of its container follows.
func (c *Context) keep(l *Line) {
	if c.Before == 0 {
		c.miss(l.Origin)
		return
	}
	kept := *l
	kept.Kept = append([]byte(nil), l.Kept...)
	c.recent = append(c.recent, kept)
	c.bytes += len(kept.Kept) + lineOverhead
	for c.bytes > contextLimit {
		c.bytes -= len(c.recent[0].Kept) + lineOverhead
		c.miss(c.recent[0].Origin)
		c.recent = c.recent[1:]
	}
}

func (c *Context) miss(origin uint64) {
	if c.missed == nil {
		c.missed = map[uint64]bool{}
	}
	c.missed[origin] = true
}

// take removes the kept lines of a container and returns the last of them.
func (c *Context) take(origin uint64) []Line {
	var own []Line
	others := c.recent[:0]
	for _, l := range c.recent {
		if l.Origin != origin {
			others = append(others, l)
			continue
		}
		own = append(own, l)
		c.bytes -= len(l.Kept) + lineOverhead
	}
	clear(c.recent[len(others):])
	c.recent = others
	if extra := len(own) - c.Before; extra > 0 {
		c.miss(origin)
		own = own[extra:]
	}
	return own
}
