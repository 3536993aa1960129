// Package searchflags are the flags of the commands that search: those that
// search the journal of a node, and those that have all nodes search theirs.
package searchflags

import (
	"fmt"
	"io"
	"time"

	"github.com/spf13/pflag"

	"github.com/tailrace/tailrace/internal/render"
	"github.com/tailrace/tailrace/internal/search"
	"github.com/tailrace/tailrace/internal/terminal"
)

// Look says how lines are shown.
type Look struct {
	Output, Color string
	UTC           bool
	// Origin and Stamps put more in front of raw lines.
	Origin, Stamps bool
}

// Add adds the flags that every search has.
func (f *Look) Add(flags *pflag.FlagSet) {
	flags.StringVarP(&f.Output, "output", "o", "text", "text, json (the stored document) or raw (what was said)")
	flags.StringVar(&f.Color, "color", "auto", "auto, always or never")
	flags.BoolVar(&f.UTC, "utc", false, "show times in UTC")
}

// AddRaw adds those that put something in front of raw lines.
func (f *Look) AddRaw(flags *pflag.FlagSet) {
	flags.BoolVar(&f.Stamps, "timestamps", false, "put the full time in front of raw lines")
	flags.BoolVar(&f.Origin, "prefix", false, "put namespace, pod and container in front of raw lines")
}

// On is what the flags amount to where out is what shows the lines.
func (f *Look) On(out io.Writer) (search.Look, error) {
	l := search.Look{Terminal: terminal.Is(out), Origin: f.Origin, Stamps: f.Stamps, Options: render.Options{UTC: f.UTC, Date: true}}
	switch f.Color {
	case "always":
		l.Color = true
	case "auto":
		l.Color = terminal.WantsColor(out)
	case "never":
	default:
		return l, fmt.Errorf("color %q: want auto, always or never", f.Color)
	}
	return l, nil
}

// Keep is the format that lines are kept in; emphasis may be nil.
func (f *Look) Keep(out io.Writer, emphasis *search.Pattern) (func([]byte, *search.Document) []byte, error) {
	format, err := search.ParseFormat(f.Output)
	if err != nil {
		return nil, err
	}
	look, err := f.On(out)
	look.Emphasis = emphasis
	return format.Keep(look), err
}

// Clock shows a moment in a note.
func Clock(ns int64, utc bool) string {
	t := time.Unix(0, ns)
	if utc {
		return t.UTC().Format("2006-01-02 15:04:05Z")
	}
	return t.Format("2006-01-02 15:04:05")
}
