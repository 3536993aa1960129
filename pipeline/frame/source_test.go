package frame

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tailrace/tailrace/pipeline/event"
)

func TestSourceOutsideAFrame(t *testing.T) {
	want := Source{ID: event.SourceID{1}, Path: "/var/log/a", Offset: 7, Final: true,
		Identity: event.Identity{Path: "ns_pod_uid/c/0", Generation: 3}, Counts: event.Counts{Lines: 9}}
	b := AppendSource([]byte("before"), &want)
	var got Source
	rest, err := ParseSource(append(b[6:], "after"...), &got)
	if err != nil || string(rest) != "after" {
		t.Fatalf("ParseSource = %q, %v", rest, err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if _, err := ParseSource(b[6:20], &got); err == nil {
		t.Error("a source that is cut off was read")
	}
}

func TestSealedFrameKnowsItsIDs(t *testing.T) {
	b := NewBuilder(1)
	b.AddTerm(TermHash([]byte("one")))
	b.AddTerm(TermHash([]byte("two")))
	b.AddTerm(TermHash([]byte("one")))
	if s := b.Seal(Meta{}); len(s.Terms) != 2 {
		t.Errorf("Terms has %d hashes, want each of 2 ids once", len(s.Terms))
	}
	if s := b.Seal(Meta{}); len(s.Terms) != 0 {
		t.Errorf("the next frame has %d ids", len(s.Terms))
	}
}
