// Package lint holds the repository's own rules. Its tests run them over the
// repository, and over small trees in testdata that each break one rule.
package lint

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
)

// Repo is the parsed source of a module.
type Repo struct {
	Module string
	Files  []File
	fset   *token.FileSet
}

// File is one Go file; Path and Dir are relative to the module's root and use
// slashes. The root's Dir is ".".
type File struct {
	Path, Dir string
	Test      bool
	Lines     int
	AST       *ast.File
}

// Violation says where a rule is broken, which one, and what to do.
type Violation struct {
	Pos     string
	Problem string
}

func (v Violation) String() string { return v.Pos + ": " + v.Problem }

// Load parses every Go file below root, but for testdata and hidden folders.
func Load(root string) (*Repo, error) {
	module, err := moduleName(filepath.Join(root, "go.mod"))
	if err != nil {
		return nil, err
	}
	r := &Repo{Module: module, fset: token.NewFileSet()}
	err = filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && name != root && skipped(d.Name()):
			return filepath.SkipDir
		case d.IsDir() || !strings.HasSuffix(name, ".go"):
			return nil
		}
		return r.add(root, name)
	})
	return r, err
}

func skipped(dir string) bool {
	return dir == "testdata" || dir == "bin" || strings.HasPrefix(dir, ".") || strings.HasPrefix(dir, "_")
}

func (r *Repo) add(root, name string) error {
	src, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	rel, err := filepath.Rel(root, name)
	if err != nil {
		return err
	}
	rel = filepath.ToSlash(rel)
	tree, err := parser.ParseFile(r.fset, rel, src, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	r.Files = append(r.Files, File{
		Path:  rel,
		Dir:   path.Dir(rel),
		Test:  strings.HasSuffix(rel, "_test.go"),
		Lines: bytes.Count(src, []byte{'\n'}),
		AST:   tree,
	})
	return nil
}

func moduleName(gomod string) (string, error) {
	b, err := os.ReadFile(gomod)
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(string(b)) {
		if name, ok := strings.CutPrefix(line, "module "); ok {
			return strings.TrimSpace(name), nil
		}
	}
	return "", fmt.Errorf("%s names no module", gomod)
}

// at is the position of a node, as an editor wants it.
func (r *Repo) at(n ast.Node) string {
	p := r.fset.Position(n.Pos())
	return p.Filename + ":" + strconv.Itoa(p.Line)
}

// internal is the folder of an imported package of this module, and whether
// it is one.
func (r *Repo) internal(spec *ast.ImportSpec) (string, bool) {
	name := importPath(spec)
	if name == r.Module {
		return ".", true
	}
	return strings.CutPrefix(name, r.Module+"/")
}

func importPath(spec *ast.ImportSpec) string {
	name, err := strconv.Unquote(spec.Path.Value)
	if err != nil {
		return spec.Path.Value
	}
	return name
}
