package checkpoint

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tailrace/tailrace/internal/slot"
	"github.com/tailrace/tailrace/internal/vfs"
	"github.com/tailrace/tailrace/internal/vfs/crashfs"
	"github.com/tailrace/tailrace/pipeline/event"
	"github.com/tailrace/tailrace/pipeline/frame"
)

const dir = "/state/checkpoint"

func open(t *testing.T, fsys vfs.FS) *Store {
	t.Helper()
	s, err := Open(Options{FS: fsys, Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func save(t *testing.T, s *Store) uint64 {
	t.Helper()
	covered, err := s.Save()
	if err != nil {
		t.Fatal(err)
	}
	return covered
}

// meta is a frame that brings the file n up to offset.
func meta(seq uint64, n uint32, offset int64) *frame.Meta {
	src := frame.Source{
		Identity: event.Identity{Path: fmt.Sprintf("ns_pod_uid/c/%d", n)},
		Path:     fmt.Sprintf("/var/log/%d.log", n), Offset: offset,
		Counts: event.Counts{Lines: 2, DocLines: 1, DroppedLines: 1, Docs: 1, Bytes: 10},
	}
	binary.BigEndian.PutUint32(src.ID[:], n)
	src.Streams[event.Stdout] = frame.StreamState{Mode: frame.ModeOpen, Open: 5}
	return &frame.Meta{Seq: seq, JournalTime: time.Now().UnixNano(), Sources: []frame.Source{src}}
}

func TestStateOfALaterVersionIsRefusedAndKept(t *testing.T) {
	fsys := crashfs.New()
	if err := fsys.MkdirAll(dir, 0o750); err != nil {
		t.Fatal(err)
	}
	f, err := slot.Create(fsys, dir+"/"+FileName, 100, append([]byte{version + 1, 0, 0, 0}, make([]byte, 90)...))
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
	if _, err := Open(Options{FS: fsys, Dir: dir}); !errors.Is(err, slot.ErrVersion) {
		t.Errorf("opened with %v, want a word about the version", err)
	}
	if f, err = slot.Open(fsys, dir+"/"+FileName); err != nil || f.Newest().Payload[0] != version+1 {
		t.Errorf("the file was changed: %v", err)
	}
}

func TestFramesAreAddedUp(t *testing.T) {
	s := open(t, crashfs.New())
	s.Apply(meta(1, 1, 100))
	s.Apply(meta(2, 2, 50))
	s.Apply(meta(3, 1, 200))
	s.Apply(meta(3, 1, 999)) // contained already
	if s.Seq() != 3 {
		t.Errorf("Seq = %d", s.Seq())
	}
	found := s.Find("ns_pod_uid/c/1")
	if len(found) != 1 || found[0].Offset != 200 || found[0].Counts.Lines != 4 {
		t.Errorf("Find = %+v; want one file read up to 200, 4 lines", found)
	}
	if total := s.Total(); total.Lines != 6 || total.Bytes != 30 {
		t.Errorf("Total = %+v", total)
	}
}

func TestEverythingComesBack(t *testing.T) {
	disk := crashfs.New()
	s := open(t, disk)
	for i := range uint32(300) {
		s.Apply(meta(uint64(i+1), i%100, int64(i)))
	}
	s.Present(s.Entries()[0].ID, false)
	save(t, s)
	again := open(t, disk.Crash(crashfs.LoseAll, 0))
	if diff := cmp.Diff(s.All(), again.All()); diff != "" {
		t.Error(diff)
	}
	if again.Seq() != 300 || again.Lost() || again.Total() != s.Total() {
		t.Errorf("Seq %d, lost %v, total %+v", again.Seq(), again.Lost(), again.Total())
	}
}

func TestSaveTellsWhatTheOlderGenerationCovers(t *testing.T) {
	disk := crashfs.New()
	s := open(t, disk)
	var covered []uint64
	for seq := range uint64(3) {
		s.Apply(meta(seq+1, 1, int64(seq)))
		covered = append(covered, save(t, s))
	}
	covered = append(covered, save(t, s), save(t, s))
	if diff := cmp.Diff([]uint64{0, 1, 2, 3, 3}, covered); diff != "" {
		t.Error(diff)
	}
	again := open(t, disk)
	again.Apply(meta(9, 1, 9))
	if got := save(t, again); got != 3 {
		t.Errorf("after a restart Save = %d, want what the newest generation at the start covers", got)
	}
}

func TestDamagedGenerations(t *testing.T) {
	saved := func() *crashfs.FS {
		disk := crashfs.New()
		s := open(t, disk)
		s.Apply(meta(1, 1, 100))
		save(t, s)
		s.Apply(meta(2, 1, 200))
		save(t, s)
		return disk
	}
	// The first generation is in the first slot, the second in the other.
	size := int64(firstCapacity+4096) / 4096 * 4096
	first, second := int64(100), size+100

	disk := saved()
	disk.Corrupt(dir+"/"+FileName, second, 1)
	s := open(t, disk)
	if s.Seq() != 1 || s.Lost() {
		t.Errorf("without the newest generation: Seq %d, lost %v; want 1, false", s.Seq(), s.Lost())
	}

	disk = saved()
	disk.Corrupt(dir+"/"+FileName, first, 1)
	disk.Corrupt(dir+"/"+FileName, second, 1)
	s = open(t, disk)
	if s.Seq() != 0 || !s.Lost() {
		t.Errorf("without both: Seq %d, lost %v; want 0, true", s.Seq(), s.Lost())
	}
	s.Apply(meta(2, 1, 200))
	save(t, s)
	if s = open(t, disk); s.Seq() != 2 || !s.Lost() || s.Find("ns_pod_uid/c/1")[0].Offset != 200 {
		t.Error("what the frames had was not rebuilt, or the loss was forgotten")
	}
}

func TestRemovedStoreIsNoticedByTheJournal(t *testing.T) {
	s := open(t, crashfs.New())
	s.Apply(meta(1, 1, 1))
	if s.Lost() {
		t.Error("a new store beside a new journal counts as lost")
	}
	s = open(t, crashfs.New())
	s.Apply(meta(77, 1, 1))
	if !s.Lost() {
		t.Error("a new store beside an old journal does not count as lost")
	}
}

func TestLossIsForgottenAfterADay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, crashfs.New())
		s.Apply(meta(77, 1, 1))
		run(t, s, 25*time.Hour)
		if s.Lost() {
			t.Error("the store still counts as lost")
		}
	})
}

func TestWhatIsForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, crashfs.New())
		final := meta(1, 1, 1)
		final.Sources[0].Final = true
		s.Apply(final)
		s.Apply(meta(2, 2, 1)) // idle, and there
		s.Apply(meta(3, 3, 1)) // absent
		s.Apply(meta(4, 4, 1)) // absent, and back
		for _, n := range []uint32{3, 4} {
			s.Present(meta(0, n, 0).Sources[0].ID, false)
		}
		run(t, s, 23*time.Hour)
		s.Present(meta(0, 4, 0).Sources[0].ID, true)
		if got := paths(s); got != "1 2 3 4" {
			t.Errorf("after 23 hours: %s", got)
		}
		run(t, s, 2*time.Hour)
		if got := paths(s); got != "2 4" {
			t.Errorf("after 25 hours: %s; want those that are there", got)
		}
		if s.Total().Lines != 8 {
			t.Errorf("the lines of forgotten files are not in the total: %+v", s.Total())
		}
	})
}

func paths(s *Store) string {
	var list []string
	for _, e := range s.Entries() {
		list = append(list, strings.TrimPrefix(e.Identity.Path, "ns_pod_uid/c/"))
	}
	return strings.Join(list, " ")
}

func TestTooManyEntries(t *testing.T) {
	s := open(t, crashfs.New())
	for n := range uint32(maxEntries + 3) {
		m := meta(uint64(n+1), n, 1)
		m.JournalTime = int64(n + 1)
		s.Apply(m)
	}
	absent := meta(0, 50_000, 0).Sources[0]
	s.Present(absent.ID, false)
	save(t, s)
	if s.Forgotten() != 3 || len(s.Entries()) != maxEntries {
		t.Errorf("%d forgotten, %d left", s.Forgotten(), len(s.Entries()))
	}
	if len(s.Find(absent.Identity.Path)) != 0 || len(s.Find("ns_pod_uid/c/0")) != 0 || len(s.Find("ns_pod_uid/c/2")) != 1 {
		t.Error("not the absent one and the two that were silent for longest are gone")
	}
}

func TestStoreWithoutADirectoryKeepsNothing(t *testing.T) {
	s, err := Open(Options{})
	if err != nil {
		t.Fatal(err)
	}
	s.Apply(meta(1, 1, 100))
	if got := save(t, s); got != 1 {
		t.Errorf("Save = %d, want 1: nothing waits to be saved", got)
	}
	if err := s.Close(); err != nil || s.Lost() || len(s.Find("ns_pod_uid/c/1")) != 1 {
		t.Errorf("Close = %v, lost %v", err, s.Lost())
	}
}

func TestTotalsOutliveTheProcess(t *testing.T) {
	dir := t.TempDir()
	s, err := Open(Options{FS: vfs.OS{}, Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	m := meta(1, 7, 9)
	m.Sources[0].Namespace = "shop"
	m.Rules = []frame.RuleCount{{Name: "noise", Lines: 4}}
	s.Apply(m)
	want := s.Totals()
	if want.Rules["noise"] != 4 || want.Namespaces["shop"] != m.Sources[0].Counts {
		t.Errorf("totals: %+v", want)
	}
	if _, err := s.Save(); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := Open(Options{FS: vfs.OS{}, Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if diff := cmp.Diff(want, again.Totals()); diff != "" {
		t.Errorf("read again (-want +got):\n%s", diff)
	}
}

func FuzzParse(f *testing.F) {
	s := &Store{}
	s.clear()
	f.Add(s.append(nil))
	s.seq = 3
	src := meta(1, 7, 9).Sources[0]
	s.add(&src, &Entry{Source: src, LastSeen: 5})
	f.Add(s.append(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		s := &Store{}
		s.clear()
		if s.parse(b) != nil {
			return
		}
		again := &Store{}
		again.clear()
		if err := again.parse(s.append(nil)); err != nil || !bytes.Equal(list(s), list(again)) {
			t.Errorf("what was read cannot be written and read again: %v", err)
		}
	})
}

func list(s *Store) []byte { return fmt.Append(nil, s.seq, s.totals, s.All()) }
