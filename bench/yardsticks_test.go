package main

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tailrace/tailrace/bench/corpus"
	"github.com/tailrace/tailrace/bench/reflimit"
	"github.com/tailrace/tailrace/bench/refstd"
)

// The yardsticks measure work only if they write the same documents.
func TestYardsticksAgree(t *testing.T) {
	pod := corpus.Number(7)
	for _, kind := range []corpus.Kind{corpus.SlogJSON, corpus.Nginx} {
		g := corpus.New(kind, 3, firstLine)
		pipeline := refstd.New(kind, pod)
		enc := reflimit.NewEncoder(kind, pod)
		enc.Observed(firstLine)
		for range 500 {
			line := bytes.TrimSuffix(g.Append(nil), []byte("\n"))
			action, doc, err := pipeline.Document(string(line))
			if err != nil {
				t.Fatal(err)
			}
			limit := enc.Append(nil, line)
			std := append(append(append(action, '\n'), doc...), '\n')
			if diff := cmp.Diff(decode(t, std), decode(t, limit)); diff != "" {
				t.Fatalf("%s: %s\nref-std and ref-limit differ: %s", kind, line, diff)
			}
			if len(std) != len(limit) {
				t.Fatalf("%s: %d bytes and %d", kind, len(std), len(limit))
			}
		}
	}
}

// decode reads an action and a document, without what differs from run to
// run: the id's value and the time of reading.
func decode(t *testing.T, plain []byte) (both [2]map[string]any) {
	t.Helper()
	for i, line := range bytes.Split(bytes.TrimSuffix(plain, []byte("\n")), []byte("\n")) {
		if err := json.Unmarshal(line, &both[i]); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
	}
	create := both[0]["create"].(map[string]any)
	create["_id"] = len(create["_id"].(string))
	both[1]["observed_timestamp"] = len(both[1]["observed_timestamp"].(string))
	return both
}
