package config

import (
	"cmp"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"go.opentelemetry.io/collector/confmap"
	"go.yaml.in/yaml/v3"
)

// source is where a configuration came from: the merged values, and the YAML
// nodes of each file for the line numbers that merging forgets.
type source struct {
	docs []document
	conf *confmap.Conf
}

// document is one file that was named on the command line.
type document struct {
	name string
	// path is empty for what is no file.
	path string
	root *yaml.Node
}

// problem is a mistake at p, with the place of the longest part of p that a
// file has.
func (s *source) problem(p Path, message string) Problem {
	return Problem{Position: s.position(p), Path: p, Message: message}
}

// position is where p was set: in the last file that has it, as merging
// prefers; what no file has (it came out of a reference) is where the nearest
// value around it is.
func (s *source) position(p Path) Position {
	if s == nil {
		return Position{}
	}
	best, bestDepth := Position{}, 0
	for _, doc := range s.docs {
		if bestDepth == 0 {
			best = Position{File: doc.name}
		}
		key, _, depth := find(doc.root, p)
		if depth >= bestDepth && key != nil {
			best, bestDepth = Position{File: doc.name, Line: key.Line}, depth
		}
	}
	return best
}

// ordered are m's keys in the order of the files, so that problems are
// reported from top to bottom.
func (s *source) ordered(p Path, m map[string]any) []string {
	lines := make(map[string]int, len(m))
	for k := range m {
		lines[k] = s.position(p.With(k)).Line
	}
	return slices.SortedFunc(slices.Values(keys(m)), func(a, b string) int {
		return cmp.Or(cmp.Compare(lines[a], lines[b]), cmp.Compare(a, b))
	})
}

// find follows p below n as far as it goes: the node that names the value
// reached (its key, or the list element itself), the value, and how many
// elements of p were found.
func find(n *yaml.Node, p Path) (key, value *yaml.Node, depth int) {
	value = n
	for _, elem := range p {
		k, v := child(value, elem)
		if v == nil {
			return key, value, depth
		}
		key, value, depth = k, v, depth+1
	}
	return key, value, depth
}

func child(n *yaml.Node, elem string) (key, value *yaml.Node) {
	switch {
	case n == nil:
		return nil, nil
	case n.Kind == yaml.AliasNode:
		return child(n.Alias, elem)
	case n.Kind == yaml.DocumentNode && len(n.Content) > 0:
		return child(n.Content[0], elem)
	case n.Kind == yaml.SequenceNode:
		return element(n, elem)
	case n.Kind != yaml.MappingNode:
		return nil, nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == elem {
			return n.Content[i], n.Content[i+1]
		}
	}
	return nil, nil
}

func element(n *yaml.Node, elem string) (key, value *yaml.Node) {
	i, err := strconv.Atoi(elem)
	if err != nil || i < 0 || i >= len(n.Content) {
		return nil, nil
	}
	return n.Content[i], n.Content[i]
}

// original is the text of the value at p when a ${…} reference gave it:
// confmap keeps it beside the value that YAML made of it, and hands it out
// only to a string field, so that a password 0123 stays what it was.
func (s *source) original(p Path) (string, bool) {
	if s == nil || s.conf == nil || len(p) < 2 || !s.isReference(p) {
		return "", false
	}
	last := len(p) - 1
	sub, err := s.conf.Sub(strings.Join(p[:last], confmap.KeyDelimiter))
	if err != nil {
		return "", false
	}
	holder := reflect.New(reflect.StructOf([]reflect.StructField{{
		Name: "Text",
		Type: reflect.TypeFor[string](),
		Tag:  reflect.StructTag("mapstructure:" + strconv.Quote(p[last])),
	}}))
	if err := sub.Unmarshal(holder.Interface(), confmap.WithIgnoreUnused()); err != nil {
		return "", false
	}
	return holder.Elem().Field(0).String(), true
}

// mention is the first place where a single value contains text.
func (s *source) mention(text string) Position {
	var at Position
	for _, doc := range s.docs {
		eachScalar(doc.root, func(n *yaml.Node) {
			if at.Line == 0 && strings.Contains(n.Value, text) {
				at = Position{doc.name, n.Line}
			}
		})
	}
	return at
}

func (s *source) isReference(p Path) bool {
	for _, doc := range slices.Backward(s.docs) {
		_, value, depth := find(doc.root, p)
		if depth == len(p) {
			return strings.Contains(value.Value, "${")
		}
	}
	return false
}
