package gather

import (
	"fmt"
	"hash/fnv"
	"io"
	"strings"

	"github.com/tailrace/tailrace/internal/render"
	"github.com/tailrace/tailrace/internal/search"
)

// Printer is a Sink that prints lines, with the node's name in front when Names
// says so.
type Printer struct {
	*search.Printer
	// Keep is what is printed of a document.
	Keep         func(dst []byte, d *search.Document) []byte
	Names, Color bool
	// Groups says that lines have context, so that those of another node are set
	// apart.
	Groups bool

	doc  search.Document
	kept []byte
	last string
}

// NewPrinter prints to w.
func NewPrinter(w io.Writer) *Printer { return &Printer{Printer: search.NewPrinter(w)} }

// Line implements Sink.
func (p *Printer) Line(node string, l *search.Line, gap bool) error {
	p.kept = p.kept[:0]
	if p.Names {
		p.name(node)
	}
	if err := p.doc.Read(l.Kept); err != nil {
		// What is no document is shown as it stands.
		p.kept = render.Escape(p.kept, l.Kept)
	} else {
		p.kept = p.Keep(p.kept, &p.doc)
	}
	if p.Groups && p.last != "" && (gap || p.last != node) {
		if err := p.Gap(); err != nil {
			return err
		}
	}
	p.last = node
	return p.Printer.Line(&search.Line{Time: l.Time, Match: l.Match, Kept: p.kept})
}

// Keep is what a Printer keeps of documents in a format. Documents that others
// have sent may hold what a terminal obeys, also in JSON.
func Keep(f search.Format, look search.Look) func(dst []byte, d *search.Document) []byte {
	if f == search.JSON && look.Terminal {
		return func(dst []byte, d *search.Document) []byte { return render.Escape(dst, d.Source) }
	}
	return f.Keep(look)
}

// palette are the colours of nodes: SGR parameters (ECMA-48, 8.3.117), without
// red and yellow, which levels have.
var palette = []string{"36", "35", "34", "32", "96", "95", "94", "92"}

// name appends the node's name up to the first dot, in its colour.
func (p *Printer) name(node string) {
	short, _, _ := strings.Cut(node, ".")
	if !p.Color {
		p.kept = append(render.Escape(p.kept, []byte(short)), ' ')
		return
	}
	h := fnv.New32a()
	_, _ = io.WriteString(h, node)
	p.kept = fmt.Appendf(p.kept, "\x1b[%sm%s\x1b[0m ", palette[h.Sum32()%uint32(len(palette))], render.Escape(nil, []byte(short)))
}

// Trace is a Sink that shows a trace.
type Trace struct{ *search.TraceScreen }

// Line implements Sink. What is no document is left out.
func (t Trace) Line(_ string, l *search.Line, _ bool) error {
	var d search.Document
	if d.Read(l.Kept) != nil {
		return nil
	}
	return t.TraceScreen.Line(l)
}

// TraceIDs is a Sink that collects the traces that lines belong to.
type TraceIDs struct {
	search.TraceIDs
	doc search.Document
}

// Line implements Sink.
func (t *TraceIDs) Line(_ string, l *search.Line, _ bool) error {
	if t.doc.Read(l.Kept) != nil {
		return nil
	}
	return t.TraceIDs.Line(&search.Line{Kept: t.doc.TraceID()})
}
