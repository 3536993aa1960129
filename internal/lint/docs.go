package lint

import (
	"fmt"
	"go/ast"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
)

var (
	codeSpan = regexp.MustCompile("`([^`]+)`")
	testName = regexp.MustCompile(`^(Test|Fuzz|Benchmark)[A-Z]\w*$`)
	filePath = regexp.MustCompile(`^[\w.-]+(/[\w.-]+)+\.(go|md|sh|yaml|yml)$`)
	mdLink   = regexp.MustCompile(`\]\(([^)#\s]+)(#[^)]*)?\)`)
)

// StaleDocs reports names in a Markdown file that no longer exist: code spans
// that look like a test's name or a file's path, and relative links.
func (r *Repo) StaleDocs(root, doc string) ([]Violation, error) {
	text, err := os.ReadFile(filepath.Join(root, doc))
	if err != nil {
		return nil, err
	}
	tests := r.testNames()
	var found []Violation
	for i, line := range strings.Split(string(text), "\n") {
		pos := fmt.Sprintf("%s:%d", doc, i+1)
		for _, m := range codeSpan.FindAllStringSubmatch(line, -1) {
			switch {
			case testName.MatchString(m[1]) && !tests[m[1]]:
				found = append(found, Violation{pos, "no test is called " + m[1]})
			case filePath.MatchString(m[1]) && !exists(root, m[1]):
				found = append(found, Violation{pos, "there is no file " + m[1]})
			}
		}
		for _, m := range mdLink.FindAllStringSubmatch(line, -1) {
			if !strings.Contains(m[1], "://") && !exists(root, path.Join(path.Dir(doc), m[1])) {
				found = append(found, Violation{pos, "the link to " + m[1] + " leads nowhere"})
			}
		}
	}
	return found, nil
}

func exists(root, name string) bool {
	_, err := os.Stat(filepath.Join(root, filepath.FromSlash(name)))
	return err == nil
}

func (r *Repo) testNames() map[string]bool {
	names := map[string]bool{}
	for _, f := range r.Files {
		if !f.Test {
			continue
		}
		for _, d := range f.AST.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && testName.MatchString(fn.Name.Name) {
				names[fn.Name.Name] = true
			}
		}
	}
	return names
}
