package searchflags

import (
	"github.com/spf13/pflag"

	"github.com/tailrace/tailrace/internal/search"
)

// DefaultSince is how far grep looks back when nobody says.
const DefaultSince = "1h"

// Grep says which lines grep looks for, and how many.
type Grep struct {
	Bounds
	Pattern search.PatternOptions

	Level, Status          string
	Most                   int
	Before, After, Context int
	Quiet, Follow          bool
}

// Add adds the flags.
func (g *Grep) Add(f *pflag.FlagSet) {
	f.BoolVarP(&g.Pattern.Fixed, "fixed-strings", "F", false, "PATTERN is plain text")
	f.BoolVarP(&g.Pattern.IgnoreCase, "ignore-case", "i", false, "upper and lower case are the same")
	f.BoolVarP(&g.Pattern.Word, "word-regexp", "w", false, "match whole words only")
	f.BoolVarP(&g.Pattern.Invert, "invert-match", "v", false, "print the lines that do not match")
	f.IntVarP(&g.Most, "max-count", "m", 0, "stop after this many lines")
	f.IntVarP(&g.After, "after-context", "A", 0, "print this many lines of the container after a match")
	f.IntVarP(&g.Before, "before-context", "B", 0, "and this many before it")
	f.BoolVarP(&g.Quiet, "quiet", "q", false, "print nothing, stop at the first match")
	f.BoolVarP(&g.Follow, "follow", "f", false, "go on with new lines")
	f.StringVar(&g.Level, "level", "", "least severity: trace, debug, info, warn, error or fatal")
	f.StringVar(&g.Status, "status", "", "HTTP status: 503, 5xx, 500-504, '>=500'")
	g.AddNames(f)
	g.AddTime(f, DefaultSince)
}

// AddContext adds -C. kubectl's own flags have its usual long name.
func (g *Grep) AddContext(f *pflag.FlagSet, name string) {
	f.IntVarP(&g.Context, name, "C", 0, "print this many lines of the container before and after a match")
}

// Query is what the flags ask for. It settles Before and After.
func (g *Grep) Query(pattern string) (q search.Query, err error) {
	g.After, g.Before = max(g.After, g.Context), max(g.Before, g.Context)
	q.Context = g.After > 0 || g.Before > 0
	if err := g.Apply(&q); err != nil {
		return q, err
	}
	if q.Pattern, err = search.CompilePattern(pattern, g.Pattern); err != nil {
		return q, err
	}
	if g.Level != "" {
		if q.Level, err = search.ParseLevel(g.Level); err != nil {
			return q, err
		}
	}
	if g.Status != "" {
		r, err := search.ParseStatus(g.Status)
		if err != nil {
			return q, err
		}
		q.Status = &r
	}
	return q, nil
}

// Limit is how many lines are enough.
func (g *Grep) Limit() search.Limit {
	if g.Quiet {
		return search.Limit{Most: 1}
	}
	return search.Limit{Most: g.Most, After: g.After}
}

// Sink is next, behind context when some is asked for. gap is called between
// groups of lines.
func (g *Grep) Sink(next search.Sink, gap func() error) search.Sink {
	if g.After == 0 && g.Before == 0 {
		return next
	}
	return &search.Context{Before: g.Before, After: g.After, Next: next, Gap: gap}
}
