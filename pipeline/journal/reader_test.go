package journal

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tailrace/tailrace/internal/vfs"
	"github.com/tailrace/tailrace/pipeline/frame"
)

func readSegments(t *testing.T, r *Reader) []Segment {
	t.Helper()
	segments, err := r.Segments()
	if err != nil {
		t.Fatal(err)
	}
	return segments
}

func TestFollowingASegmentThatIsSealedMeanwhile(t *testing.T) {
	dir := t.TempDir()
	j := open(t, Options{Dir: dir, SegmentSize: 3000})
	r := NewReader(vfs.OS{}, dir)
	next := map[string]int64{}
	var seen []uint64
	for i := range 12 {
		appendAll(t, j, sample{docs: 1, tag: fmt.Sprint(i), size: 700})
		flush(t, j)
		for _, s := range readSegments(t, r) {
			n, err := r.Entries(context.Background(), s, next[s.Name], func(e *Entry) error {
				seen = append(seen, e.Seq)
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			next[s.Name] = n
		}
		if len(seen) != i+1 || seen[i] != uint64(i+1) {
			t.Fatalf("after %d frames the follower has seen %v", i+1, seen)
		}
	}
	if len(next) < 3 {
		t.Errorf("all frames are in %d segments", len(next))
	}
}

func TestReaderShowsOnlyWhatIsDurable(t *testing.T) {
	dir := t.TempDir()
	j := open(t, Options{Dir: dir})
	appendAll(t, j, sample{docs: 1, tag: "1"})
	flush(t, j)
	appendAll(t, j, sample{docs: 1, tag: "2"})
	flush(t, j)
	j.writer.mark(1) // as if the fsync of frame 2 had not returned
	if got := numbers(t, j); got != "1" {
		t.Errorf("frames %q, want 1", got)
	}
	if err := os.Remove(filepath.Join(dir, markerName)); err != nil {
		t.Fatal(err)
	}
	if got := numbers(t, j); got != "1 2" {
		t.Errorf("without the marker: frames %q, want 1 2", got)
	}
}

func TestReaderOfADeletedSegment(t *testing.T) {
	dir := t.TempDir()
	j := open(t, Options{Dir: dir})
	appendAll(t, j, sample{docs: 1, tag: "1"})
	flush(t, j)
	r := NewReader(vfs.OS{}, dir)
	s := readSegments(t, r)[0]
	var e Entry
	keep := func(got *Entry) error { e = *got; return nil }
	if _, err := r.Entries(context.Background(), s, 0, keep); err != nil {
		t.Fatal(err)
	}
	remove(t, filepath.Join(dir, s.Name))
	if _, err := r.Entries(context.Background(), s, 0, func(*Entry) error { return errors.New("an entry") }); err != nil {
		t.Errorf("Entries = %v", err)
	}
	if _, err := r.Payload(s, &e, nil); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Payload = %v", err)
	}
	if has, err := r.MayContain(s, 1); !has || err != nil {
		t.Errorf("MayContain = %v, %v", has, err)
	}
}

func TestErrorsOfTheVisitorEndTheVisit(t *testing.T) {
	dir := t.TempDir()
	j := open(t, Options{Dir: dir, SegmentSize: 2000})
	for i := range 6 {
		appendAll(t, j, sample{docs: 1, tag: fmt.Sprint(i), size: 900})
		flush(t, j)
	}
	r := NewReader(vfs.OS{}, dir)
	enough := errors.New("enough")
	for _, s := range readSegments(t, r) {
		n, err := r.Entries(context.Background(), s, 0, func(e *Entry) error { return enough })
		if !errors.Is(err, enough) || n != 0 {
			t.Errorf("%s: Entries = %d, %v", s.Name, n, err)
		}
	}
}

func TestSegmentFilterHasEveryIDOfItsFrames(t *testing.T) {
	dir := t.TempDir()
	j := open(t, Options{Dir: dir, SegmentSize: 30_000})
	id := func(i, k int) string { return fmt.Sprintf("id-%d-%d", i, k) }
	for i := range 40 {
		s := sample{docs: 2, tag: fmt.Sprint(i), size: 900}
		for k := range 30 {
			s.ids = append(s.ids, id(i, k))
		}
		appendAll(t, j, s)
		flush(t, j)
	}
	r := NewReader(vfs.OS{}, dir)
	segments := readSegments(t, r)
	if len(segments) < 2 {
		t.Fatalf("%d segments", len(segments))
	}
	wrong, absent := 0, 2000
	for i := range absent {
		if has, err := r.MayContain(segments[0], frame.TermHash([]byte(id(99, i)))); err != nil || has {
			wrong++
		}
	}
	if wrong > absent/20 {
		t.Errorf("the filter claims %d of %d ids that are not there", wrong, absent)
	}
	for i := range 10 {
		for k := range 30 {
			if has, err := r.MayContain(segments[0], frame.TermHash([]byte(id(i, k)))); err != nil || !has {
				t.Fatalf("id %d of frame %d is not in the filter: %v", k, i, err)
			}
		}
	}
}

// sealed makes a journal of some segments, and returns what it contains and
// the segments' files.
func sealed(t *testing.T) (documents int, files []string) {
	t.Helper()
	dir := t.TempDir()
	j := open(t, Options{Dir: dir, SegmentSize: 5000})
	for i := range 10 {
		appendAll(t, j, sample{docs: 3, tag: fmt.Sprint(i), size: 400})
		flush(t, j)
	}
	appendAll(t, j, sample{tag: "no documents, only positions"})
	j.Close()
	files, err := filepath.Glob(filepath.Join(dir, "*"+segmentSuffix))
	if err != nil || len(files) < 2 {
		t.Fatalf("segments %q, %v", files, err)
	}
	return 30, files
}

func TestSegmentsAreOrdinaryGzipFiles(t *testing.T) {
	documents, files := sealed(t)
	lines := 0
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		z, err := gzip.NewReader(bytes.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		plain, err := io.ReadAll(z)
		if err != nil {
			t.Fatal(err)
		}
		lines += bytes.Count(plain, newline)
	}
	if lines != 2*documents {
		t.Errorf("%d lines, want an action and a document for each of %d", lines, documents)
	}
}

func TestZcatAndJqReadSegments(t *testing.T) {
	for _, tool := range []string{"zcat", "jq"} {
		if _, err := exec.LookPath(tool); err != nil && os.Getenv("CI") == "" {
			t.Skipf("%s is not installed", tool)
		}
	}
	documents, files := sealed(t)
	out, err := exec.Command("sh", "-c", `zcat "$@" | jq -r 'select(.tag) | .tag'`, "sh", files[0], files[1]).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	rest, err := exec.Command("sh", append([]string{"-c", `zcat "$@" | jq -c 'select(.create)' | wc -l`, "sh"}, files...)...).Output()
	if err != nil || strings.TrimSpace(string(rest)) != fmt.Sprint(documents) {
		t.Errorf("%s action lines, %v; want %d", rest, err, documents)
	}
	if got := strings.Fields(string(out)); len(got) < 4 || got[0] != "0" || got[3] != "1" {
		t.Errorf("jq read the tags %q", got)
	}
}
