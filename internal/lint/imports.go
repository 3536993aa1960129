package lint

import (
	"fmt"
	"path"
	"strings"
)

// Layers say which packages of the module a package may import. A key or a
// value that ends in /* stands for the packages one level below a folder. Test
// files are free, and so are the folders in Free.
type Layers struct {
	May  map[string][]string
	Free []string
}

// Imports reports imports against the layers' direction, packages that are in
// no layer, and siblings that import each other.
func (r *Repo) Imports(l Layers) []Violation {
	var found []Violation
	unlisted := map[string]bool{}
	for _, f := range r.Files {
		if f.Test || l.free(f.Dir) {
			continue
		}
		allowed, listed := l.allowed(f.Dir)
		if !listed && !unlisted[f.Dir] {
			unlisted[f.Dir] = true
			found = append(found, Violation{f.Path, fmt.Sprintf(
				"package %s is in no layer; list it in internal/lint with the packages it may import", f.Dir)})
		}
		if listed {
			found = append(found, r.wrongImports(f, allowed)...)
		}
	}
	return found
}

func (r *Repo) wrongImports(f File, allowed []string) []Violation {
	var found []Violation
	for _, spec := range f.AST.Imports {
		dir, ours := r.internal(spec)
		switch {
		case !ours:
		case siblings(f.Dir, dir):
			found = append(found, Violation{r.at(spec), fmt.Sprintf(
				"%s imports its sibling %s; move what both need into a leaf, or let package pipeline join them", f.Dir, dir)})
		case !matchAny(allowed, dir):
			found = append(found, Violation{r.at(spec), fmt.Sprintf(
				"%s must not import %s; it may import %s", f.Dir, dir, orNothing(allowed))})
		}
	}
	return found
}

// siblings are two components of a kind, such as two exporters.
func siblings(a, b string) bool {
	kind, _, _ := strings.Cut(a, "/")
	other, _, _ := strings.Cut(b, "/")
	switch kind {
	case "receivers", "processors", "exporters", "connectors":
		return kind == other && a != b
	}
	return false
}

func (l Layers) free(dir string) bool {
	for _, f := range l.Free {
		if dir == f || strings.HasPrefix(dir, f+"/") {
			return true
		}
	}
	return false
}

// allowed are the imports of the layer that names dir, exactly or else by its
// parent folder.
func (l Layers) allowed(dir string) ([]string, bool) {
	if a, ok := l.May[dir]; ok {
		return a, true
	}
	a, ok := l.May[path.Dir(dir)+"/*"]
	return a, ok
}

func matchAny(patterns []string, dir string) bool {
	for _, p := range patterns {
		parent, below := strings.CutSuffix(p, "/*")
		if p == dir || below && path.Dir(dir) == parent {
			return true
		}
	}
	return false
}

func orNothing(list []string) string {
	if len(list) == 0 {
		return "nothing of this module"
	}
	return strings.Join(list, ", ")
}
