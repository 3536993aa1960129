// Package owner knows whose a state directory is: which node it belongs to, and
// whether it is the one that the agent has written or a copy of it.
//
// A copy is told by the change time of a file that nobody writes to. No program
// can set a change time (inode(7)), so that of a file which was copied,
// restored or overwritten is later than the one that was noted. What restores
// whole disks, such as a snapshot, restores change times too, and is not seen.
package owner

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"syscall"
	"time"

	"github.com/tailrace/tailrace/internal/slot"
	"github.com/tailrace/tailrace/internal/vfs"
)

const (
	// FileName is what is noted of a state directory, in the directory.
	FileName = "owner.slot"
	// MarkName is the file that nobody writes to.
	MarkName = "owner.mark"

	version = 1
	// capacity is room for two long names of nodes.
	capacity = 2048
	// suspicion is for how long after a copy was noticed what it says may be
	// behind: as long as files that were lost sight of are remembered.
	suspicion = 24 * time.Hour
)

// Record is what is noted of a state directory.
type Record struct {
	Version int `json:"version"`
	// Node is the node that it belongs to.
	Node string `json:"node"`
	// ID is the directory's own and is never given twice: a copy and what has
	// become another node's get another, since from then on both number their
	// frames alike. It is empty in what older versions have noted, until Take.
	ID string `json:"id,omitempty"`
	// Mark is the change time of the mark, ns since the Unix epoch.
	Mark int64 `json:"mark"`
	// Copied is when it was last found to be a copy, ns, and Copies how often it
	// was; both are 0 when it never was.
	Copied int64  `json:"copied,omitempty"`
	Copies uint64 `json:"copies,omitempty"`
	// Before is the node that it belonged to before Moved, ns, and Moves how
	// often that has changed.
	Before string `json:"before,omitempty"`
	Moved  int64  `json:"moved,omitempty"`
	Moves  uint64 `json:"moves,omitempty"`
}

// Behind says whether what the directory says may be older than what was done.
func (r *Record) Behind(now time.Time) bool { return r.recent(r.Copied, now) }

// JustMoved says whether the directory has become this node's within a day.
func (r *Record) JustMoved(now time.Time) bool { return r.recent(r.Moved, now) }

func (r *Record) recent(at int64, now time.Time) bool {
	return at != 0 && now.UnixNano()-at < int64(suspicion)
}

// Finding is what there is to say about a directory.
type Finding struct {
	Record
	// New says that nothing had been noted, NewCopy that it is a copy and
	// NewNode that it was another node's, and that neither was known yet.
	New, NewCopy, NewNode bool
}

// Look compares a directory with what was noted of it, and changes nothing. The
// Record is as it should be now. Without a node, that is not compared.
func Look(fsys vfs.FS, dir, node string, now time.Time) (Finding, error) {
	f, kept, err := open(fsys, dir)
	if err != nil {
		return Finding{}, err
	}
	if f != nil {
		f.Close()
	}
	return compare(fsys, dir, kept, node, now)
}

// Take is Look, and notes what it finds. The caller holds the directory's lock.
func Take(fsys vfs.FS, dir, node string, now time.Time) (Finding, error) {
	f, kept, err := open(fsys, dir)
	if err != nil {
		return Finding{}, err
	}
	if f != nil {
		defer f.Close()
	}
	if err := leaveMark(fsys, dir, kept); err != nil {
		return Finding{}, err
	}
	found, err := compare(fsys, dir, kept, node, now)
	if err != nil || !found.New && !found.NewCopy && !found.NewNode && found.ID != "" {
		return found, err
	}
	found.ID = NewID()
	return found, found.store(fsys, dir, f)
}

// NewID is an id that nobody else has: 128 random bits.
func NewID() string {
	var b [16]byte
	rand.Read(b[:]) // never fails (crypto/rand)
	return hex.EncodeToString(b[:])
}

// leaveMark makes the mark of a directory of which nothing is noted. One that
// has lost it is a copy of a part.
func leaveMark(fsys vfs.FS, dir string, kept *Record) error {
	name := filepath.Join(dir, MarkName)
	if _, err := fsys.Stat(name); kept != nil && kept.Mark != 0 && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return vfs.Replace(fsys, name, func(vfs.File) error { return nil })
}

// open reads what was noted: nil when nothing was. Of a note that is damaged
// nothing is known, so that it counts as one about another directory.
func open(fsys vfs.FS, dir string) (*slot.File, *Record, error) {
	name := filepath.Join(dir, FileName)
	f, err := slot.Open(fsys, name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil, nil
	case errors.Is(err, slot.ErrDamaged):
		return nil, &Record{}, nil
	case err != nil:
		return nil, nil, err
	}
	r, err := parse(f.Newest().Payload)
	if err != nil {
		f.Close()
		return nil, nil, fmt.Errorf("%s: %w", name, err)
	}
	return f, r, nil
}

func parse(b []byte) (*Record, error) {
	var v struct {
		Version int `json:"version"`
	}
	if err := json.Unmarshal(b, &v); err != nil {
		return &Record{}, nil
	}
	if err := slot.CheckVersion(v.Version, version); err != nil {
		return nil, err
	}
	r := &Record{}
	if err := json.Unmarshal(b, r); err != nil {
		return &Record{}, nil
	}
	return r, nil
}

func compare(fsys vfs.FS, dir string, kept *Record, node string, now time.Time) (Finding, error) {
	mark, err := changeTime(fsys, filepath.Join(dir, MarkName))
	if err != nil {
		return Finding{}, err
	}
	if kept == nil {
		return Finding{New: true, Record: Record{Version: version, Node: node, Mark: mark}}, nil
	}
	f := Finding{Record: *kept}
	f.Version = version
	if !same(kept.Mark, mark) {
		f.NewCopy, f.Mark, f.Copied = true, mark, now.UnixNano()
		f.Copies++
	}
	if node == "" || kept.Node == node {
		return f, nil
	}
	f.Node = node
	if kept.Node != "" {
		f.NewNode = true
		f.Before, f.Moved = kept.Node, now.UnixNano()
		f.Moves++
	}
	return f, nil
}

// same compares change times. Some file systems keep seconds only, once the
// file is not in the kernel's memory any more.
func same(noted, found int64) bool {
	const second = int64(time.Second)
	return noted == found || found%second == 0 && noted/second == found/second
}

// changeTime is when a file's inode was changed last, ns since the Unix epoch; 0
// when there is none, or the file system does not say.
func changeTime(fsys vfs.FS, name string) (int64, error) {
	info, err := fsys.Stat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return st.Ctim.Nano(), nil
	}
	return 0, nil
}

// store notes the record, durably.
func (r *Record) store(fsys vfs.FS, dir string, f *slot.File) error {
	b, err := json.Marshal(r)
	if err != nil {
		panic(err) // texts and numbers only: cannot fail
	}
	if f == nil {
		f, err = slot.Create(fsys, filepath.Join(dir, FileName), capacity, b)
		if err != nil {
			return err
		}
		return f.Close()
	}
	if err := f.Write(b); err != nil {
		return err
	}
	return f.Sync()
}
