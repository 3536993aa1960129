package search

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/tailrace/tailrace/internal/render"
)

// Format is how lines are shown.
type Format string

// The formats.
const (
	// Text is a line for people, as the console shows it.
	Text Format = "text"
	// JSON is the document as it is stored, one on a line.
	JSON Format = "json"
	// Raw is what the application wrote.
	Raw Format = "raw"
)

// ParseFormat reads the name of a format.
func ParseFormat(s string) (Format, error) {
	switch f := Format(s); f {
	case Text, JSON, Raw:
		return f, nil
	}
	return "", fmt.Errorf("output format %q: want text, json or raw", s)
}

// Look says how a format appears where it is shown.
type Look struct {
	render.Options
	// Terminal escapes control bytes in raw lines too: they could rewrite the
	// screen. Everywhere else raw lines are left as they are.
	Terminal bool
	// Origin and Stamps put the container's name and the full time in front of
	// raw lines.
	Origin, Stamps bool
	// Emphasis is what to highlight in coloured text; nil is nothing.
	Emphasis *Pattern
}

// Keep is what Query.Keep must be for lines of the format.
func (f Format) Keep(look Look) func(dst []byte, d *Document) []byte {
	switch f {
	case JSON:
		return keepSource
	case Raw:
		return look.keepRaw
	default:
		return look.keepText()
	}
}

func (o Look) keepText() func(dst []byte, d *Document) []byte {
	if !o.Color || o.Emphasis == nil || o.Emphasis.invert {
		return func(dst []byte, d *Document) []byte { return render.Doc(dst, d.Source, o.Options) }
	}
	var line []byte
	return func(dst []byte, d *Document) []byte {
		line = render.Doc(line[:0], d.Source, o.Options)
		return o.Emphasis.Highlight(dst, line)
	}
}

// keepRaw keeps what the application wrote. Each of its lines says where it is
// from, so that none looks as if it came from elsewhere.
func (o Look) keepRaw(dst []byte, d *Document) []byte {
	text := d.Original()
	for {
		line, rest, more := bytes.Cut(text, []byte("\n"))
		dst = o.prefix(dst, d)
		if o.Terminal {
			dst = render.Escape(dst, line)
		} else {
			dst = append(dst, line...)
		}
		if !more {
			return dst
		}
		dst, text = append(dst, '\n'), rest
	}
}

func (o Look) prefix(dst []byte, d *Document) []byte {
	if o.Origin {
		from := d.origin()
		dst = render.Escape(dst, []byte("["+from.Namespace+"/"+from.Pod+"/"+from.Container+"] "))
	}
	if o.Stamps {
		dst = time.Unix(0, d.Time()).UTC().AppendFormat(dst, "2006-01-02T15:04:05.000000000Z ")
	}
	return dst
}

// Original is what the application wrote: the line, where it is kept beside the
// message, and the stack trace that followed it.
func (d *Document) Original() []byte {
	if line := d.Attribute("log.record.original"); line != nil {
		return line
	}
	body, stack := d.Body(), d.Attribute("exception.stacktrace")
	if bytes.Contains(stack, body) {
		return stack
	}
	if len(stack) == 0 {
		return body
	}
	return slices.Concat(body, []byte("\n"), stack)
}

// Limit counts matches until there are enough.
type Limit struct {
	// Most is the number of matches that is enough; 0 is no limit. The context
	// that follows the last one still belongs to it.
	Most int
	// After is the length of that context.
	After int
	// Matches counts.
	Matches int

	rest int
}

// Take counts a line in, unless there were enough before it.
func (c *Limit) Take(match bool) bool {
	if c.full() && (match || c.rest == 0) {
		return false
	}
	if c.full() {
		c.rest--
	}
	if match {
		c.Matches++
		c.rest = c.After
	}
	return true
}

// Enough says that no further line is wanted.
func (c *Limit) Enough() bool { return c.full() && c.rest == 0 }

func (c *Limit) full() bool { return c.Most > 0 && c.Matches >= c.Most }

// Printer is a Sink that writes what was kept of each line.
type Printer struct {
	Limit
	// Quiet ends the search at the first match and prints nothing.
	Quiet bool

	w *bufio.Writer
}

// NewPrinter prints to w.
func NewPrinter(w io.Writer) *Printer { return &Printer{w: bufio.NewWriterSize(w, 16<<10)} }

// SetOutput prints to another writer from here on.
func (p *Printer) SetOutput(w io.Writer) { p.w.Reset(w) }

// Line prints l.
func (p *Printer) Line(l *Line) error {
	if !p.Take(l.Match) {
		return ErrEnough
	}
	if p.Quiet {
		return p.stop(p.Matches > 0)
	}
	p.w.Write(l.Kept)
	// The writer keeps the first error and returns it from Flush.
	if err := p.w.WriteByte('\n'); err != nil {
		return err
	}
	return p.stop(p.Enough())
}

func (p *Printer) stop(yes bool) error {
	if !yes {
		return nil
	}
	if err := p.Flush(); err != nil {
		return err
	}
	return ErrEnough
}

// Gap prints what grep prints between groups of lines.
func (p *Printer) Gap() error {
	_, err := p.w.WriteString("--\n")
	return err
}

// Flush makes the lines printed so far visible.
func (p *Printer) Flush() error { return p.w.Flush() }
