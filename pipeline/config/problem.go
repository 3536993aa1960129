package config

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Path leads from the document's root to a value: keys, and decimal indexes
// of list elements.
type Path []string

// With is the path of a value inside the one that p leads to.
func (p Path) With(elem ...string) Path { return append(p[:len(p):len(p)], elem...) }

// String is the path as people write it: service.journal.max_size, rules[2].
func (p Path) String() string {
	var b strings.Builder
	for i, elem := range p {
		if _, err := strconv.Atoi(elem); err == nil && i > 0 {
			b.WriteString("[" + elem + "]")
			continue
		}
		if i > 0 {
			b.WriteByte('.')
		}
		b.WriteString(elem)
	}
	return b.String()
}

// Position is a place in a configuration file; Line counts from 1 and is 0
// when it is not known.
type Position struct {
	File string
	Line int
}

// String is the position as compilers write it.
func (p Position) String() string {
	switch {
	case p.File == "":
		return "config"
	case p.Line == 0:
		return p.File
	}
	return p.File + ":" + strconv.Itoa(p.Line)
}

// Problem is one mistake in a configuration: where it is, what is wrong and
// what to change.
type Problem struct {
	Position
	Path    Path
	Message string
}

// Error is the problem on one line.
func (p Problem) Error() string {
	if len(p.Path) == 0 {
		return fmt.Sprintf("%s: %s", p.Position, p.Message)
	}
	return fmt.Sprintf("%s: %s: %s", p.Position, p.Path, p.Message)
}

// Problems are all mistakes that were found, in the order of the document.
type Problems []Problem

// Error has one problem per line.
func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.Error()
	}
	return strings.Join(lines, "\n")
}

// below says that something at p or inside it is already known to be wrong.
func (ps Problems) below(p Path) bool {
	return slices.ContainsFunc(ps, func(known Problem) bool {
		return len(known.Path) >= len(p) && slices.Equal(known.Path[:len(p)], p)
	})
}

// asError is nil when there are no problems.
func (ps Problems) asError() error {
	if len(ps) == 0 {
		return nil
	}
	return ps
}
