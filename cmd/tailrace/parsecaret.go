package main

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/tailrace/tailrace/internal/render"
	"github.com/tailrace/tailrace/processors/parse"
)

// Bounds on how much of a line is shown around the byte that does not fit.
const (
	caretBefore = 60
	caretBehind = 40
)

// printCaret shows where a line leaves the layout that was given, and what the
// layout has there.
func printCaret(w io.Writer, line []byte, m parse.Mismatch) error {
	at := min(m.Column-1, len(line))
	from, to := max(at-caretBefore, 0), min(at+caretBehind, len(line))
	head, tail := render.Escape(nil, line[from:at]), render.Escape(nil, line[at:to])
	_, err := fmt.Fprintf(w, "    %s%s%s%s\n    %s^ %s\n",
		ellipsis(from > 0), head, tail, ellipsis(to < len(line)),
		strings.Repeat(" ", utf8.RuneCountInString(ellipsis(from > 0))+utf8.RuneCount(head)), wanted(&m))
	return err
}

func ellipsis(left bool) string {
	if left {
		return "…"
	}
	return ""
}

// wanted says what a layout has at a byte: a variable, text, or its end.
func wanted(m *parse.Mismatch) string {
	switch what := m.Wanted; {
	case what == "" && m.Format != givenFormat:
		return "this does not fit"
	case what == "":
		return "the layout ends here"
	case m.Described || strings.ContainsAny(what[:1], "$%"):
		return string(render.Escape(nil, []byte(what))) + " should be here"
	}
	return fmt.Sprintf("%q should be here", m.Wanted)
}
