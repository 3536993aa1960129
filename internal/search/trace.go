package search

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/dustin/go-humanize/english"

	"github.com/tailrace/tailrace/internal/render"
)

// TraceScreen is a Sink that shows the lines of a trace: when each came after
// the first, and who wrote it, indented by service in the order in which they
// first appear. It needs documents: Query.Keep nil.
type TraceScreen struct {
	headline string
	look     render.Options
	w        *bufio.Writer
	doc      Document
	line     []byte
	services map[string]int
	first    int64
	last     int64
	lines    int
}

// NewTraceScreen shows lines on w, below a headline.
func NewTraceScreen(w io.Writer, headline string, look render.Options) *TraceScreen {
	look.Bare = true
	return &TraceScreen{headline: headline, look: look, w: bufio.NewWriterSize(w, 16<<10), services: map[string]int{}}
}

// maxIndent is the number of services that are indented further and further.
const maxIndent = 12

// palette are the colours of services in turn: SGR parameters (ECMA-48,
// 8.3.117), without red and yellow, which levels have.
var palette = []string{"36", "35", "34", "32", "96", "95", "94", "92"}

// Line shows one line.
func (t *TraceScreen) Line(l *Line) error {
	if err := t.doc.Read(l.Kept); err != nil {
		return err
	}
	if t.lines == 0 {
		t.begin(l.Time)
	}
	t.lines++
	t.last = max(t.last, l.Time)
	t.line = fmt.Appendf(t.line[:0], "%+12.3f ms  ", float64(l.Time-t.first)/float64(time.Millisecond))
	t.service(t.doc.Service())
	t.line = render.Doc(append(t.line, "  "...), l.Kept, t.look)
	t.w.Write(t.line)
	// The writer keeps the first error and returns it again.
	return t.w.WriteByte('\n')
}

// begin prints what is shown, and the time that the others are counted from.
func (t *TraceScreen) begin(first int64) {
	t.first, t.last = first, first
	zone, layout := time.Local, "2006-01-02 15:04:05.000000 -0700"
	if t.look.UTC {
		zone, layout = time.UTC, "2006-01-02 15:04:05.000000Z"
	}
	fmt.Fprintf(t.w, "%s\n%s\n", t.headline, time.Unix(0, first).In(zone).Format(layout))
}

// service appends who wrote the line, at its place.
func (t *TraceScreen) service(name []byte) {
	if len(name) == 0 {
		name = []byte("-")
	}
	n, known := t.services[string(name)]
	if !known {
		n = len(t.services)
		t.services[string(name)] = n
	}
	t.line = append(t.line, strings.Repeat("  ", min(n, maxIndent))...)
	if t.look.Color {
		t.line = fmt.Appendf(t.line, "\x1b[%sm%s\x1b[0m", palette[n%len(palette)], render.Escape(nil, name))
		return
	}
	t.line = render.Escape(t.line, name)
}

// Flush makes the lines shown so far visible.
func (t *TraceScreen) Flush() error { return t.w.Flush() }

// Close prints how much it was. It returns the number of lines.
func (t *TraceScreen) Close() (int, error) {
	if t.lines > 0 {
		took := time.Duration(t.last - t.first).Round(time.Microsecond)
		fmt.Fprintf(t.w, "%s of %s in %s\n", english.Plural(t.lines, "line", ""), english.Plural(len(t.services), "service", ""), took)
	}
	return t.lines, t.w.Flush()
}

// Headline says what is shown: the traces, and the request id that they were
// found by.
func Headline(terms []Term) string {
	var parts []string
	for _, term := range terms {
		switch {
		case term.Trace:
			parts = append(parts, "trace "+string(term.Text))
		case !alsoTrace(term, terms):
			parts = append(parts, "request "+string(render.Escape(nil, term.Text)))
		}
	}
	return strings.Join(parts, ", ")
}

// alsoTrace says whether a request id is among terms as a trace id too.
func alsoTrace(request Term, terms []Term) bool {
	id, ok := fromDigits(strings.ReplaceAll(string(request.Text), "-", ""))
	return ok && slices.ContainsFunc(terms, func(t Term) bool { return t.Trace && t.Hash == TraceTerm(id).Hash })
}
