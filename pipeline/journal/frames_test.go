package journal

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/tailrace/tailrace/internal/vfs"
	"github.com/tailrace/tailrace/pipeline/event"
	"github.com/tailrace/tailrace/pipeline/frame"
)

// sample describes a frame of a test.
type sample struct {
	docs int
	// ids are request ids that its documents have.
	ids []string
	// tag is in every document, so that payloads differ.
	tag    string
	source frame.Source
	// size pads each document with bytes that do not compress well.
	size int
}

// builder is shared by the tests of this package, which do not run in
// parallel.
var builder = frame.NewBuilder(1)

// seal builds the frame. Its source is as many lines further as it has
// documents.
func (s sample) seal() *frame.Sealed {
	random := rand.New(rand.NewPCG(uint64(len(s.tag)), uint64(s.docs)))
	pad := make([]byte, s.size)
	for i := range s.docs {
		for k := range pad {
			pad[k] = 'A' + byte(random.IntN(58))
		}
		builder.Var([]byte(`{"create":{"_index":"logs-generic.otel-default"}}` + "\n"))
		builder.Var(fmt.Appendf(nil, `{"tag":%q,"n":%d,"pad":%q}`+"\n", s.tag, i, pad))
		builder.EndDoc(1, 1_000_000_000*int64(i+1))
	}
	for _, id := range s.ids {
		builder.AddTerm(frame.TermHash([]byte(id)))
	}
	counts := event.Counts{Lines: uint64(s.docs), DocLines: uint64(s.docs), Docs: uint64(s.docs)}
	s.source.Counts = counts
	return builder.Seal(frame.Meta{Class: "default", Counts: counts, Sources: []frame.Source{s.source}})
}

// documents are the tags of a frame's documents.
func tags(t testing.TB, payload []byte, m *frame.Meta) (tags []string) {
	t.Helper()
	plain, err := frame.Inflate(nil, payload, m)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range frame.Documents(plain) {
		tags = append(tags, string(d.Source))
	}
	return tags
}

// open opens a journal in a directory of the test on the real disk.
func open(t testing.TB, opts Options) *Journal {
	t.Helper()
	if opts.FS == nil {
		opts.FS = vfs.OS{}
	}
	j, err := Open(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { j.Close() })
	return j
}

func appendAll(t testing.TB, j *Journal, samples ...sample) {
	t.Helper()
	for _, s := range samples {
		if err := j.Append(context.Background(), s.seal()); err != nil {
			t.Fatal(err)
		}
	}
}

// oldest is the number that the oldest segment begins at; 0 without one.
func oldest(j *Journal) uint64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(j.segments) == 0 {
		return 0
	}
	return j.segments[0].First
}
