package pipeline

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/tailrace/tailrace/internal/checkpoint"
	"github.com/tailrace/tailrace/internal/owner"
	"github.com/tailrace/tailrace/internal/slot"
	"github.com/tailrace/tailrace/internal/vfs"
	"github.com/tailrace/tailrace/pipeline/frame"
	"github.com/tailrace/tailrace/pipeline/journal"
)

const goldenCursor = LogsDir + "/cursors/elasticsearch%2Fa.slot"

// TestStateOfEveryOtherVersionIsRefusedAndKept raises one version after the
// other in a state directory, with the checksums that belong to it. What reads it
// says so, and the file stays as it is.
func TestStateOfEveryOtherVersionIsRefusedAndKept(t *testing.T) {
	for name, c := range map[string]struct {
		file  string
		raise func(t *testing.T, name string)
		open  func(dir string) error
		want  error
	}{
		"positions":            {CheckpointDir + "/" + checkpoint.FileName, raiseValue, openPlaces, slot.ErrVersion},
		"cursor":               {goldenCursor, raiseValue, openCursor, slot.ErrVersion},
		"figures of a store":   {ParkDir + "/state.slot", raiseValue, openPark, slot.ErrVersion},
		"owner":                {owner.FileName, raiseValue, takeOwner, slot.ErrVersion},
		"slots of positions":   {CheckpointDir + "/" + checkpoint.FileName, raiseSlots, openPlaces, slot.ErrVersion},
		"slots of a cursor":    {goldenCursor, raiseSlots, openCursor, slot.ErrVersion},
		"slots of a store":     {ParkDir + "/state.slot", raiseSlots, openPark, slot.ErrVersion},
		"slots of the owner":   {owner.FileName, raiseSlots, takeOwner, slot.ErrVersion},
		"frame, to be checked": {LogsDir + "/00000000000000000004.ndjson.gz", raiseFrame, replay, frame.ErrVersion},
		"frame, indexed":       {LogsDir + "/00000000000000000001.ndjson.gz", raiseFrame, replay, frame.ErrVersion},
	} {
		t.Run(name, func(t *testing.T) {
			dir := copyState(t, golden)
			file := filepath.Join(dir, c.file)
			c.raise(t, file)
			raised := contentsOf(t, file)
			if err := c.open(dir); !errors.Is(err, c.want) {
				t.Errorf("opened with %v, want %v", err, c.want)
			}
			if !bytes.Equal(raised, contentsOf(t, file)) {
				t.Error("the file was changed")
			}
		})
	}
}

// An index says nothing that its segment does not, and is made again.
func TestIndexOfAnotherVersionIsMadeAgain(t *testing.T) {
	dir := copyState(t, golden)
	file := filepath.Join(dir, LogsDir, "00000000000000000001.idx")
	before := contentsOf(t, file)
	// docs/journal-format.md has the places.
	const versionAt, sumAt = 4, 136
	b := bytes.Clone(before)
	b[versionAt]++
	binary.LittleEndian.PutUint32(b[sumAt:], crc32.Checksum(b[:sumAt], castagnoli))
	rewrite(t, file, b)
	j, err := journal.Open(journal.Options{FS: vfs.OS{}, Dir: filepath.Join(dir, LogsDir)})
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	// The open segment has none either.
	if got := j.Stats().Recovery.Rebuilt; got != 2 {
		t.Errorf("%d indexes were made", got)
	}
	if after := contentsOf(t, file); after[versionAt] != before[versionAt] {
		t.Errorf("the index has version %d", after[versionAt])
	}
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func contentsOf(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func rewrite(t *testing.T, name string, b []byte) {
	t.Helper()
	if err := os.WriteFile(name, b, 0o644); err != nil {
		t.Fatal(err)
	}
}

// raiseValue raises the version in the value of a slot.
func raiseValue(t *testing.T, name string) {
	t.Helper()
	f, err := slot.Open(vfs.OS{}, name)
	if err != nil {
		t.Fatal(err)
	}
	value := f.Newest().Payload
	raised := bytes.Replace(value, []byte(`"version":1`), []byte(`"version":2`), 1)
	if bytes.Equal(raised, value) {
		raised = bytes.Clone(value)
		raised[0]++
	}
	f.Close()
	if f, err = slot.Create(vfs.OS{}, name, len(raised), raised); err != nil {
		t.Fatal(err)
	}
	f.Close()
}

// raiseSlots raises the version in what stands before each value.
func raiseSlots(t *testing.T, name string) {
	t.Helper()
	b := bytes.ReplaceAll(contentsOf(t, name), []byte("TRS1"), []byte("TRS2"))
	rewrite(t, name, b)
}

// raiseFrame raises the version of a segment's first frame.
func raiseFrame(t *testing.T, name string) {
	t.Helper()
	const lengthAt, metaAt = 14, 16
	b := contentsOf(t, name)
	meta := b[metaAt : metaAt+int(binary.LittleEndian.Uint16(b[lengthAt:]))]
	meta[0]++
	sum := meta[len(meta)-4:]
	binary.LittleEndian.PutUint32(sum, crc32.Checksum(meta[:len(meta)-4], castagnoli))
	rewrite(t, name, b)
}

func openPlaces(dir string) error {
	_, err := checkpoint.Open(checkpoint.Options{FS: vfs.OS{}, Dir: filepath.Join(dir, CheckpointDir)})
	return err
}

func takeOwner(dir string) error {
	_, err := owner.Take(vfs.OS{}, dir, "node-a", time.Now())
	return err
}

func openPark(dir string) error {
	_, err := journal.OpenStore(journal.StoreOptions{FS: vfs.OS{}, Dir: filepath.Join(dir, ParkDir), Quota: 1 << 20, Owner: journal.ByIndex})
	return err
}

func openCursor(dir string) error {
	j, err := journal.Open(journal.Options{FS: vfs.OS{}, Dir: filepath.Join(dir, LogsDir)})
	if err != nil {
		return err
	}
	defer j.Close()
	_, err = j.Cursor("elasticsearch/a", journal.CursorOptions{})
	return err
}

// replay is a start of the journal whose positions are all lost.
func replay(dir string) error {
	j, err := journal.Open(journal.Options{FS: vfs.OS{}, Dir: filepath.Join(dir, LogsDir)})
	if err != nil {
		return err
	}
	defer j.Close()
	return j.Replay(0, func(*frame.Meta) error { return nil })
}
