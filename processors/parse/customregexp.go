package parse

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"

	"github.com/tailrace/tailrace/pipeline/lineformat"
)

// Bounds of regular expressions. What a line costs grows with the length of
// both; a thousand instructions are a pattern of several hundred characters.
const (
	maxPattern      = 4 << 10
	maxInstructions = 2000
)

// compileRegexp makes a format of the groups of a regular expression.
func (c *custom) compileRegexp(d *lineformat.Definition) error {
	switch {
	case d.Regex == "":
		return errors.New("regex: type regexp needs one, such as ^(?P<level>[A-Z]+) (?P<message>.*)$")
	case len(d.Regex) > maxPattern:
		return fmt.Errorf("regex: has %d bytes: write at most %d", len(d.Regex), maxPattern)
	}
	tree, err := syntax.Parse(d.Regex, syntax.Perl)
	if err != nil {
		return fmt.Errorf("regex: %w: it must be one of Go's (RE2), which has neither look-ahead nor back-references", err)
	}
	tree = tree.Simplify()
	program, err := syntax.Compile(tree)
	if err != nil {
		return fmt.Errorf("regex: %w", err)
	}
	if n := len(program.Inst); n > maxInstructions {
		return fmt.Errorf("regex: compiles to %d instructions, of which each line could need all: write at most %d; smaller repetitions such as x{1,20} help", n, maxInstructions)
	}
	re, err := regexp.Compile(d.Regex)
	if err != nil {
		return fmt.Errorf("regex: %w", err)
	}
	names := re.SubexpNames()
	if re.NumSubexp() == 0 || len(bytes.Join(asBytes(names), nil)) == 0 {
		return errors.New("regex: has no group with a name, so it has no fields: write (?P<name>…) around each")
	}
	prefix := []byte(anchoredPrefix(tree))
	c.split = func(x *customLine) bool { return x.groups(re, prefix) }
	c.misfit = func(text []byte) misfit { return furthest(d.Regex, text) }
	return c.named(d, names)
}

func asBytes(names []string) (all [][]byte) {
	for _, n := range names {
		all = append(all, []byte(n))
	}
	return all
}

// groups matches the line and takes what its groups hold. A line without the
// prefix that every match begins with costs only that comparison.
func (x *customLine) groups(re *regexp.Regexp, prefix []byte) bool {
	l := x.l
	if !bytes.HasPrefix(l.text, prefix) {
		return l.fail(reasonCustom, samePrefix(l.text, string(prefix)))
	}
	at := re.FindSubmatchIndex(l.text)
	if at == nil {
		return l.fail(reasonCustom, len(prefix))
	}
	for i := range x.c.fields {
		f := &x.c.fields[i]
		if f.name != "" && at[2*i] >= 0 && !x.putText(f, at[2*i], at[2*i+1]) {
			return false
		}
	}
	return true
}

// putText is put for the field that stands at text[from:to].
func (x *customLine) putText(f *customField, from, to int) bool {
	x.value = customValue{s: x.l.text[from:to], span: x.l.span(from, to), at: from}
	return x.put(f, &x.value)
}

// anchoredPrefix is the text that a line must begin with for a pattern that
// begins with ^ and text; the regexp package looks for such text only where a
// pattern is not anchored.
func anchoredPrefix(tree *syntax.Regexp) string {
	if tree.Op != syntax.OpConcat || len(tree.Sub) < 2 || tree.Sub[0].Op != syntax.OpBeginText {
		return ""
	}
	if literal := tree.Sub[1]; literal.Op == syntax.OpLiteral && literal.Flags&syntax.FoldCase == 0 {
		return string(literal.Rune)
	}
	return ""
}

// furthest finds where a line leaves a pattern: behind the longest part from
// the pattern's beginning that fits, and which part should be there.
func furthest(pattern string, text []byte) misfit {
	tree, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil || tree.Op != syntax.OpConcat {
		return misfit{0, pattern, true}
	}
	for n := len(tree.Sub) - 1; n > 0; n-- {
		head := &syntax.Regexp{Op: syntax.OpConcat, Sub: tree.Sub[:n], Flags: tree.Flags}
		re, err := regexp.Compile(head.String())
		if err != nil {
			continue
		}
		if found := re.FindIndex(text); found != nil && (tree.Sub[0].Op == syntax.OpBeginText || found[1] > 0) {
			return misfitAt(text, found[1], tree.Sub[n])
		}
	}
	return misfitAt(text, 0, tree.Sub[0])
}

// misfitAt is the misfit of part, of which text may have the beginning where
// it is literal.
func misfitAt(text []byte, at int, part *syntax.Regexp) misfit {
	if part.Op != syntax.OpLiteral || part.Flags&syntax.FoldCase != 0 {
		return misfit{at, part.String(), true}
	}
	literal := string(part.Rune)
	n := samePrefix(text[at:], literal)
	return misfit{at + n, literal[n:], n == len(literal)}
}
