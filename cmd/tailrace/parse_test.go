package main

import (
	"bytes"
	"path/filepath"
	"testing"

	"github.com/tailrace/tailrace/internal/strictjson"
)

// TestEveryDocumentIsAcceptable makes documents of the parser's own corpora:
// each must be JSON without a key twice, as Elasticsearch wants it.
func TestEveryDocumentIsAcceptable(t *testing.T) {
	corpora, err := filepath.Glob("../../processors/parse/testdata/*.log")
	if err != nil || len(corpora) == 0 {
		t.Fatal("no corpora", err)
	}
	status, out, errOut := command(t, append([]string{"parse", "-o", "json"}, corpora...)...)
	if status != exitOK {
		t.Fatal(errOut)
	}
	var s strictjson.Scanner
	documents := 0
	for line := range bytes.Lines([]byte(out)) {
		documents++
		if !s.Scan(line) {
			t.Errorf("%v at byte %d: %s", s.Problem, s.At, line)
		}
	}
	if documents < 100 {
		t.Errorf("only %d documents", documents)
	}
}
