package redact

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write what is redacted now as what is expected")

// corpora are the logs that the formats are tested with: of real programs, and
// written by hand.
func corpora(t *testing.T) (names []string) {
	for _, pattern := range []string{"../../testdata/formats/*/*.log", "../parse/testdata/*.log"} {
		found, err := filepath.Glob(pattern)
		if err != nil || len(found) == 0 {
			t.Fatal("no corpora", err)
		}
		names = append(names, found...)
	}
	return names
}

func corpusLines(t *testing.T) (lines []string) {
	for _, name := range corpora(t) {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			lines = append(lines, strings.TrimSuffix(line, "\n"))
		}
	}
	return lines
}

// testdata/corpora.golden lists all that is redacted in the corpora, with what
// stands before it: a credential each, so that a rule that finds more than it
// should is seen here.
//
//	go test ./processors/redact -run Corpora -update
func TestOnlyCredentialsAreRedactedInCorpora(t *testing.T) {
	const golden = "testdata/corpora.golden"
	var got strings.Builder
	p := built(DefaultConfig())
	for _, name := range corpora(t) {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			b := batchOf(strings.TrimSuffix(line, "\n"))
			for _, r := range p.Explain(b, 0) {
				fmt.Fprintf(&got, "%s\t%s\t%s\n", strings.TrimLeft(name, "./"), r.Rule, line[max(0, r.Column-25):min(len(line)-1, r.Column+15)])
			}
		}
	}
	if *update {
		if err := os.WriteFile(golden, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Errorf("redacted in the corpora (-want +got), see -update:\n%s", diff)
	}
}
