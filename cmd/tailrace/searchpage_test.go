package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

const searchPage = "../../docs/search.md"

// example is a block of the page that shows a golden of testdata/search.
var example = regexp.MustCompile("(<!-- (\\w+\\.txtar): (\\w+\\.txt) -->\n```text\n)(?:[^`]*\n)?```")

// TestSearchPageShowsGoldens: what docs/search.md shows is what the commands
// print. -rewrite puts it in.
func TestSearchPageShowsGoldens(t *testing.T) {
	page, err := os.ReadFile(searchPage)
	if err != nil {
		t.Fatal(err)
	}
	want := example.ReplaceAllFunc(page, func(block []byte) []byte {
		parts := example.FindSubmatch(block)
		return fmt.Appendf(nil, "%s%s```", parts[1], shown(t, string(parts[2]), string(parts[3])))
	})
	if *rewrite {
		if err := os.WriteFile(searchPage, want, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(string(want), string(page)); diff != "" {
		t.Errorf("%s is not what the commands print, run with -rewrite (-want +got):\n%s", searchPage, diff)
	}
}

// shown is a command of a script and what it prints.
func shown(t *testing.T, script, golden string) string {
	t.Helper()
	a, err := txtar.ParseFile(filepath.Join("testdata/search", script))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range a.Files {
		if f.Name == golden {
			return "$ " + commandOf(t, string(a.Comment), golden) + "\n" + string(f.Data)
		}
	}
	t.Fatalf("%s has no %s", script, golden)
	return ""
}

// commandOf is the command line whose output a script compares with golden,
// without the flag that names the test's journal.
func commandOf(t *testing.T, script, golden string) string {
	t.Helper()
	var last string
	for line := range strings.Lines(script) {
		line = strings.TrimSpace(line)
		if _, command, ok := strings.Cut(line, "exec "); ok {
			last = command
		}
		if strings.HasPrefix(line, "cmp ") && strings.HasSuffix(line, " "+golden) {
			return strings.ReplaceAll(last, " --journal journal", "")
		}
	}
	t.Fatalf("no command prints %s", golden)
	return ""
}
