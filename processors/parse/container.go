package parse

import (
	"sync/atomic"

	"github.com/tailrace/tailrace/pipeline/event"
)

// Detection is given up for anew after misses of so many lines of a window.
const (
	windowLines  = 64
	windowMisses = 16
)

// closedContainers bounds how many containers without an open file are
// remembered: enough for those of a large node that are quiet, at some hundred
// bytes each, and nothing for a node's history.
const closedContainers = 16 << 10

// container is what is known of one container, over all its files.
type container struct {
	name        string
	open        int
	streams     [event.NumStreams]stream
	quarantined atomic.Bool
}

// stream is the detection's state for one stream of a container. Only the
// lane writes it; format may be read from elsewhere.
type stream struct {
	// format is the index of the format found, formatUnknown before.
	format        atomic.Uint32
	lines, misses uint8
}

// hit and miss count a line that the found format explained or not.
func (s *stream) hit() {
	if s.lines++; s.lines >= windowLines {
		s.lines, s.misses = 0, 0
	}
}

func (s *stream) miss() {
	if s.misses++; s.misses >= windowMisses {
		s.lines, s.misses = 0, 0
		s.format.Store(formatUnknown)
		return
	}
	s.hit()
}

// Container says what the parser made of a container.
type Container struct {
	Name string
	// Formats has the format found for each stream, "" before there is one.
	Formats [event.NumStreams]string
	// Quarantined containers are not parsed any more.
	Quarantined bool
}

// Containers are those that are remembered. It may be called from any goroutine.
func (p *Parser) Containers() []Container {
	p.mu.Lock()
	defer p.mu.Unlock()
	var all []Container
	for _, c := range p.containers {
		out := Container{Name: c.name, Quarantined: c.quarantined.Load()}
		for i := range c.streams {
			if f := c.streams[i].format.Load(); f != formatUnknown {
				out.Formats[i] = formats[f].name
			}
		}
		all = append(all, out)
	}
	return all
}

// acquire returns the state of src's container, new or remembered.
func (p *Parser) acquire(src *event.Source) *container {
	name := src.Container
	if name == "" {
		name = src.Path
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	c := p.containers[name]
	if c == nil {
		c = &container{name: name}
		for i := range c.streams {
			c.streams[i].format.Store(formatUnknown)
		}
		p.containers[name] = c
	}
	c.open++
	return c
}

// release takes an open file off c and, when it was the last, puts c in the
// queue of those that are forgotten first.
func (p *Parser) release(c *container) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if c.open--; c.open > 0 {
		return
	}
	p.closed = append(p.closed, c)
	if len(p.closed) <= closedContainers {
		return
	}
	if oldest := p.closed[0]; oldest.open == 0 && p.containers[oldest.name] == oldest {
		delete(p.containers, oldest.name)
	}
	p.closed = p.closed[1:]
}
