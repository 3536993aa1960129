package lint

import (
	"fmt"
	"go/ast"
	"go/token"
	"slices"
	"strings"
)

// NoInit reports func init: components are listed in one place and
// constructed there, so that reading main shows what the program does.
func (r *Repo) NoInit() []Violation {
	var found []Violation
	for _, f := range r.Files {
		for _, d := range f.AST.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" {
				found = append(found, Violation{r.at(fn), "func init registers behind the reader's back; call it from where it is needed"})
			}
		}
	}
	return found
}

var vagueNames = []string{"util", "utils", "common", "helper", "helpers", "misc", "shared", "base", "lib"}

// VagueNames reports packages named after nothing they know.
func (r *Repo) VagueNames() []Violation {
	var found []Violation
	for _, f := range r.Files {
		if slices.Contains(vagueNames, strings.TrimSuffix(f.AST.Name.Name, "_test")) {
			found = append(found, Violation{f.Path, fmt.Sprintf(
				"package %s is named after nothing it knows; name it after its subject", f.AST.Name.Name)})
		}
	}
	return found
}

// LongFiles reports files of more than limit lines, but for tests and those
// that have a reason.
func (r *Repo) LongFiles(limit int, reasons map[string]string) []Violation {
	var found []Violation
	for _, f := range r.Files {
		if !f.Test && f.Lines > limit && reasons[f.Path] == "" {
			found = append(found, Violation{f.Path, fmt.Sprintf(
				"%d lines; split it by subject (limit %d)", f.Lines, limit)})
		}
	}
	return found
}

// banned are functions and variables behind which a global hides, by import
// path.
var banned = map[string]struct {
	names  []string
	advice string
}{
	"github.com/prometheus/client_golang/prometheus": {
		[]string{"MustRegister", "Register", "Unregister", "DefaultRegisterer", "DefaultGatherer"},
		"uses the global metrics registry; take a *prometheus.Registry"},
	"github.com/prometheus/client_golang/prometheus/promhttp": {
		[]string{"Handler"}, "serves the global metrics registry; use HandlerFor"},
	"log/slog": {
		[]string{"Default", "SetDefault", "Debug", "Info", "Warn", "Error", "Log", "LogAttrs", "With",
			"DebugContext", "InfoContext", "WarnContext", "ErrorContext"},
		"writes to the default logger; take a *slog.Logger"},
	"net/http": {
		[]string{"DefaultServeMux", "Handle", "HandleFunc", "ListenAndServe"},
		"serves the global mux; make one with NewServeMux"},
}

// forbiddenImports are packages that have a better form here.
var forbiddenImports = map[string]string{
	"log": "writes to a global logger; take a *slog.Logger",
	"github.com/prometheus/client_golang/prometheus/promauto": "registers globally; take a *prometheus.Registry",
	"net/http/pprof": "registers on the global mux when imported; mount runtime/pprof on a mux of one's own",
}

// NoGlobals reports global registries, loggers and muxes outside of tests.
func (r *Repo) NoGlobals(allowed map[string]string) []Violation {
	var found []Violation
	for _, f := range r.Files {
		if f.Test || allowed[f.Path] != "" {
			continue
		}
		for _, spec := range f.AST.Imports {
			if advice, ok := forbiddenImports[importPath(spec)]; ok {
				found = append(found, Violation{r.at(spec), importPath(spec) + " " + advice})
			}
		}
		found = append(found, r.bannedUses(f)...)
	}
	return found
}

func (r *Repo) bannedUses(f File) []Violation {
	names := localNames(f)
	var found []Violation
	ast.Inspect(f.AST, func(n ast.Node) bool {
		sel, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		pkg, ok := sel.X.(*ast.Ident)
		if !ok {
			return true
		}
		if b := banned[names[pkg.Name]]; slices.Contains(b.names, sel.Sel.Name) {
			found = append(found, Violation{r.at(sel), pkg.Name + "." + sel.Sel.Name + " " + b.advice})
		}
		return true
	})
	return found
}

// localNames are the import paths of a file by the name that they have in it.
func localNames(f File) map[string]string {
	names := map[string]string{}
	for _, spec := range f.AST.Imports {
		p := importPath(spec)
		name := p[strings.LastIndexByte(p, '/')+1:]
		if spec.Name != nil {
			name = spec.Name.Name
		}
		names[name] = p
	}
	return names
}

// Undocumented reports packages without a comment and exported declarations
// without one, outside of tests and commands.
func (r *Repo) Undocumented() []Violation {
	documented, first := map[string]bool{}, map[string]string{}
	var dirs []string
	var found []Violation
	for _, f := range r.Files {
		if f.Test {
			continue
		}
		if first[f.Dir] == "" {
			first[f.Dir] = f.Path
			dirs = append(dirs, f.Dir)
		}
		documented[f.Dir] = documented[f.Dir] || f.AST.Doc != nil
		if f.AST.Name.Name != "main" {
			found = append(found, r.undocumentedIn(f)...)
		}
	}
	for _, dir := range dirs {
		if !documented[dir] {
			found = append(found, Violation{first[dir], "package " + dir + " has no comment that says what it knows"})
		}
	}
	return found
}

func (r *Repo) undocumentedIn(f File) []Violation {
	var found []Violation
	missing := func(n ast.Node, name string) {
		found = append(found, Violation{r.at(n), name + " is exported and has no comment"})
	}
	for _, d := range f.AST.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Doc == nil && d.Name.IsExported() && exportedReceiver(d) {
				missing(d, d.Name.Name)
			}
		case *ast.GenDecl:
			for _, name := range undocumentedNames(d) {
				missing(d, name)
			}
		}
	}
	return found
}

// exportedReceiver says whether a method's type is exported; functions pass.
// Methods that implement a well-known interface need no words.
func exportedReceiver(d *ast.FuncDecl) bool {
	if d.Recv == nil {
		return true
	}
	switch d.Name.Name {
	case "String", "Error", "Unwrap", "Is", "Len", "Less", "Swap":
		return false
	}
	t := d.Recv.List[0].Type
	if star, ok := t.(*ast.StarExpr); ok {
		t = star.X
	}
	if generic, ok := t.(*ast.IndexExpr); ok {
		t = generic.X
	}
	name, ok := t.(*ast.Ident)
	return ok && name.IsExported()
}

func undocumentedNames(d *ast.GenDecl) []string {
	if d.Tok == token.IMPORT || d.Doc != nil {
		return nil
	}
	var names []string
	for _, s := range d.Specs {
		switch s := s.(type) {
		case *ast.TypeSpec:
			if s.Name.IsExported() && s.Doc == nil && s.Comment == nil {
				names = append(names, s.Name.Name)
			}
		case *ast.ValueSpec:
			if s.Names[0].IsExported() && s.Doc == nil && s.Comment == nil {
				names = append(names, s.Names[0].Name)
			}
		}
	}
	return names
}

// leftovers is split so that this file does not report itself.
var leftovers = []string{"TO" + "DO", "FIX" + "ME", "XX" + "X"}

// Leftovers reports comments that put work off.
func (r *Repo) Leftovers() []Violation {
	var found []Violation
	for _, f := range r.Files {
		for _, group := range f.AST.Comments {
			for _, word := range leftovers {
				if slices.Contains(strings.FieldsFunc(group.Text(), notLetter), word) {
					found = append(found, Violation{r.at(group), "a comment puts work off (" + word + "); do it or write an issue"})
				}
			}
		}
	}
	return found
}

func notLetter(c rune) bool { return (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') }
