package pipeline

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/tailrace/tailrace/internal/vfs"
	"github.com/tailrace/tailrace/pipeline/event"
	"github.com/tailrace/tailrace/pipeline/frame"
	"github.com/tailrace/tailrace/pipeline/journal"
)

// goldenFrame is a frame with everything that one can have, another for each n.
// The third has no documents.
func goldenFrame(n int) *frame.Sealed {
	b := frame.NewBuilder(compressionLevel)
	m := frame.Meta{Class: "default", MaybeSeen: n == 2, Rules: []frame.RuleCount{{Name: "health", Lines: uint64(n)}}}
	if n == 4 {
		m.Class = "tenant-a"
	}
	if n != 3 {
		for i := range 3 {
			b.Var(fmt.Appendf(nil, `{"create":{"_index":"logs-generic.otel-default","_id":"%d-%d"}}`+"\n", n, i))
			b.Var(fmt.Appendf(nil, `{"body":{"text":"record %d of frame %d"}}`+"\n", i, n))
			b.EndDoc(uint32(1+i/2), 1_772_700_000_000_000_000+int64(n*10+i))
		}
		b.AddTerm(frame.TermHash(fmt.Appendf(nil, "request-%d", n)))
	}
	m.Sources = []frame.Source{goldenSource("shop_web-0_uid/app/0", n), goldenSource("/var/log/nginx", n)}
	m.Sources[1].Namespace, m.Sources[1].Final = "", n == 3
	for i := range m.Sources {
		m.Counts.Add(m.Sources[i].Counts)
	}
	return b.Seal(m)
}

func goldenSource(path string, n int) frame.Source {
	s := frame.Source{
		Identity: event.Identity{Path: path, Head: [16]byte{1, 2, 3, byte(len(path))}, Generation: 2},
		Path:     path + ".log", Dev: 2049, Ino: 1 << 40, Namespace: "shop",
		Offset: int64(1000 * n), Tail: 0xfedcba9876543210, Size: int64(1000*n + 17), Line: frame.ModeSkip,
		Counts: event.Counts{Lines: 5, DocLines: 2, DroppedLines: 3, Docs: 2, LostBytes: 7, Bytes: 1000},
	}
	s.ID = s.Identity.IDOn("node-a")
	s.Streams[event.Stdout] = frame.StreamState{Mode: frame.ModeOpen, Open: int64(1000*n - 40)}
	s.Streams[event.Stderr] = frame.StreamState{Mode: frame.ModeRest}
	return s
}

// writeStores puts two bundles into each store and settles one in part.
func writeStores(t *testing.T, dir string) {
	t.Helper()
	for name, by := range map[string]func(*journal.Refused) string{DeadLetterDir: journal.ByContainer, ParkDir: journal.ByIndex} {
		s, err := journal.OpenStore(journal.StoreOptions{FS: vfs.OS{}, Dir: filepath.Join(dir, name), Quota: 1 << 20, Owner: by})
		if err != nil {
			t.Fatal(err)
		}
		for i := range 2 {
			docs := []journal.Refused{goldenRefused(i, 1), goldenRefused(i, 2)}
			if err := s.Put(t.Context(), docs); err != nil {
				t.Fatal(err)
			}
		}
		first := s.Bundles("elasticsearch/a")[0]
		docs, err := s.Documents(first)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Settle(first, docs[1:], journal.Result{Delivered: 2, DeliveredDocs: 1}); err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func goldenRefused(i, frame int) journal.Refused {
	return journal.Refused{
		Time: time.Unix(1_772_700_000, 5).UTC(), Exporter: "elasticsearch/a", Namespace: "shop",
		Container: fmt.Sprintf("shop/web-%d/app", i), Index: fmt.Sprintf("logs-%d.otel-default", i),
		Status: 400, Type: "document_parsing_exception", Reason: "failed to parse", Lines: 2,
		Frame: uint64(frame), JournalTime: 1_772_700_000_000_000_000, MaybeSeen: frame == 2,
		Action: []byte(`{"create":{}}`), Document: fmt.Appendf(nil, `{"n": %d, "raw": "\u00e9"}`, frame),
	}
}
