package journal

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tailrace/tailrace/internal/vfs"
)

func openStore(t *testing.T, opts StoreOptions) *Store {
	t.Helper()
	if opts.FS == nil {
		opts.FS = vfs.OS{}
	}
	s, err := OpenStore(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func refused(container string, frame uint64, text string) Refused {
	return Refused{
		Time: time.Unix(1, 2).UTC(), Exporter: "elasticsearch", Container: container, Frame: frame,
		Status: 400, Type: "document_parsing_exception", Reason: "failed to parse", Lines: 2,
		Action: []byte(`{"create":{}}`), Document: fmt.Appendf(nil, `{"b" : %q}`, text),
	}
}

func put(t *testing.T, s *Store, docs ...Refused) {
	t.Helper()
	if err := s.Put(context.Background(), docs); err != nil {
		t.Fatal(err)
	}
}

// contents lists the documents of a store in order, with their containers.
func contents(t *testing.T, s *Store) string {
	t.Helper()
	var b strings.Builder
	for _, bundle := range s.Bundles("elasticsearch") {
		docs, err := s.Documents(bundle)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range docs {
			fmt.Fprintf(&b, "%s %s\n", d.Container, d.Document)
		}
	}
	return b.String()
}

func TestStoreKeepsOriginalBytesOverARestart(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, StoreOptions{Dir: dir, Quota: 1 << 20})
	odd := refused("ns/b/c", 2, "")
	odd.Document = []byte("not JSON\nat all \xff")
	put(t, s, refused("ns/a/c", 1, "x"), refused("ns/a/c", 1, "y"))
	put(t, s, odd)
	want := "ns/a/c {\"b\" : \"x\"}\nns/a/c {\"b\" : \"y\"}\nns/b/c not JSON\nat all \xff\n"
	if got := contents(t, s); got != want {
		t.Errorf("contents %q, want %q", got, want)
	}
	s.Close()
	s = openStore(t, StoreOptions{Dir: dir, Quota: 1 << 20})
	if got := contents(t, s); got != want {
		t.Errorf("after a restart: contents %q, want %q", got, want)
	}
	st := s.Stats()
	if len(st) != 1 || st[0].Bundles != 2 || st[0].Docs != 3 || st[0].Lines != 6 {
		t.Errorf("after a restart: figures %+v", st)
	}
}

func TestFullStoreGivesUpTheOldestOfTheLargestOwner(t *testing.T) {
	s := openStore(t, StoreOptions{Dir: t.TempDir(), Quota: 4 * block})
	put(t, s, refused("quiet", 1, "q"))
	for i := range 5 {
		put(t, s, refused("noisy", uint64(i+2), fmt.Sprint(i)))
	}
	want := "quiet {\"b\" : \"q\"}\nnoisy {\"b\" : \"2\"}\nnoisy {\"b\" : \"3\"}\nnoisy {\"b\" : \"4\"}\n"
	if got := contents(t, s); got != want {
		t.Errorf("contents %q, want %q", got, want)
	}
	if r := s.Stats()[0].Result; r.Lost != 4 || r.LostDocs != 2 {
		t.Errorf("lost %d lines of %d documents; want 4 of 2", r.Lost, r.LostDocs)
	}
}

func TestFullStoreThatMayGiveUpNothingRefuses(t *testing.T) {
	s := openStore(t, StoreOptions{Dir: t.TempDir(), Quota: block, Refuse: true})
	put(t, s, refused("a", 1, "kept"))
	err := s.Put(context.Background(), []Refused{refused("a", 2, "late")})
	if !errors.Is(err, ErrStoreFull) {
		t.Errorf("Put into a full store = %v, want ErrStoreFull", err)
	}
	if got := contents(t, s); got != "a {\"b\" : \"kept\"}\n" {
		t.Errorf("contents %q", got)
	}
}

func TestSettlingABundle(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, StoreOptions{Dir: dir, Quota: 1 << 20})
	put(t, s, refused("a", 1, "x"), refused("a", 1, "y"))
	b := s.Bundles("elasticsearch")[0]
	docs, err := s.Documents(b)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Settle(b, docs[1:], Result{Delivered: 2, DeliveredDocs: 1}); err != nil {
		t.Fatal(err)
	}
	s.Close()
	s = openStore(t, StoreOptions{Dir: dir, Quota: 1 << 20})
	if got := contents(t, s); got != "a {\"b\" : \"y\"}\n" {
		t.Errorf("after half was delivered: contents %q", got)
	}
	if err := s.Settle(s.Bundles("elasticsearch")[0], nil, Result{Dead: 2, DeadDocs: 1}); err != nil {
		t.Fatal(err)
	}
	s.Close()
	s = openStore(t, StoreOptions{Dir: dir, Quota: 1 << 20})
	want := Result{Delivered: 2, DeliveredDocs: 1, Dead: 2, DeadDocs: 1}
	if st := s.Stats(); contents(t, s) != "" || st[0].Result != want {
		t.Errorf("in the end: contents %q, figures %+v", contents(t, s), st)
	}
}

func TestRollbackDiscardsWhatTheCursorHasNotPassed(t *testing.T) {
	s := openStore(t, StoreOptions{Dir: t.TempDir(), Quota: 1 << 20})
	put(t, s, refused("a", 7, "passed"), refused("a", 8, "again"))
	put(t, s, refused("a", 9, "again"))
	if err := s.Rollback("elasticsearch", 7); err != nil {
		t.Fatal(err)
	}
	if got := contents(t, s); got != "a {\"b\" : \"passed\"}\n" {
		t.Errorf("contents %q", got)
	}
}

func TestStoreReaderNeedsNoLock(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, StoreOptions{Dir: dir, Quota: 1 << 20})
	put(t, s, refused("a", 1, "x"))
	var got []string
	err := NewStoreReader(vfs.OS{}, dir).Each(func(b Bundle, docs []Refused, err error) error {
		got = append(got, fmt.Sprintf("%s %s %d %v", b.Exporter(), b.Owner(), len(docs), err))
		return nil
	})
	if err != nil || len(got) != 1 || got[0] != "elasticsearch a 1 <nil>" {
		t.Errorf("Each gave %q, %v", got, err)
	}
}
