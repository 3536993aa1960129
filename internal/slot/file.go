package slot

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/tailrace/tailrace/internal/vfs"
)

// File is an open file of two slots. It is not safe for concurrent use.
type File struct {
	fsys vfs.FS
	name string
	file vfs.File
	// size is that of one slot.
	size int64

	// values are the slots' as they were last written or read; what a failed
	// write left is no value. Their payloads are parts of encoded, the slots'
	// bytes.
	values  [2]Value
	encoded [2][]byte
	// target is the slot that the next write goes to.
	target int
	// dirty says that the target was written and not synced, so that it is
	// written again in place.
	dirty bool
	// suspect is set by a failed sync or replacement: the file is never synced
	// again, and the next write or sync makes a new one.
	suspect bool
}

// ErrDamaged is returned by Open for a file that holds no valid value.
var ErrDamaged = errors.New("both slots are damaged")

// Open opens a file that Create made; there being none is fs.ErrNotExist. What
// it finds is synced before it is trusted, since a process that was killed may
// have written it to memory only.
func Open(fsys vfs.FS, name string) (*File, error) {
	file, err := fsys.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	f := &File{fsys: fsys, name: name, file: file}
	if err := f.load(); err != nil {
		f.file.Close()
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return f, nil
}

// Create makes the file, in place of any there is, with payload as its value,
// durably. The slots take payloads of capacity bytes without growing.
func Create(fsys vfs.FS, name string, capacity int, payload []byte) (*File, error) {
	f := &File{fsys: fsys, name: name, size: slotSize(max(capacity, len(payload)))}
	f.set(0, Value{Payload: payload, Generation: 1})
	if err := f.replace(); err != nil {
		return nil, err
	}
	return f, nil
}

func slotSize(payload int) int64 {
	return (int64(payload) + headerSize + align - 1) / align * align
}

// load reads both slots.
func (f *File) load() error {
	size, err := f.file.Size()
	if err != nil {
		return err
	}
	if size < 2*align || size > 2*(maxPayload+align) {
		return fmt.Errorf("%w: its size is %d bytes", ErrDamaged, size)
	}
	f.size = size / 2 / align * align
	var problems [2]error
	for i := range f.values {
		if f.values[i], problems[i] = f.read(i); problems[i] != nil && !errors.Is(problems[i], errNoValue) {
			return problems[i]
		}
	}
	if !f.Newest().Valid() {
		return noValue(problems)
	}
	f.target = 1 - f.newest()
	return f.confirm()
}

// noValue is why neither slot has a value. Where one is whole and of another
// version, the file is not damaged.
func noValue(problems [2]error) error {
	for _, p := range problems {
		if errors.Is(p, ErrVersion) {
			return p
		}
	}
	return fmt.Errorf("%w: %w; %w", ErrDamaged, problems[0], problems[1])
}

// confirm makes what load found durable.
func (f *File) confirm() error {
	if err := f.file.Sync(); err != nil {
		f.suspect = true
		return f.replace()
	}
	return nil
}

func (f *File) read(i int) (Value, error) {
	b := make([]byte, f.size)
	n, err := f.file.ReadAt(b, int64(i)*f.size)
	if err != nil && err != io.EOF {
		return Value{}, err
	}
	v, err := decode(b[:n])
	// The slot may be much larger than its value.
	f.encoded[i] = slices.Clone(b[:headerSize+len(v.Payload)])
	v.Payload = f.encoded[i][headerSize:]
	return v, err
}

func (f *File) newest() int {
	if f.values[1].Generation > f.values[0].Generation {
		return 1
	}
	return 0
}

// Newest is the file's value. Its payload must not be changed, and is valid
// until the next Write.
func (f *File) Newest() Value { return f.values[f.newest()] }

// Older is the value that Newest falls back to when it is lost; invalid when
// there is none. Its payload is as Newest's.
func (f *File) Older() Value { return f.values[1-f.newest()] }

// Write replaces the value. It survives the death of the process at once, and
// that of the machine after Sync.
func (f *File) Write(payload []byte) error {
	v := Value{Payload: payload, Generation: f.Newest().Generation + 1}
	if int64(headerSize+len(payload)) > f.size || f.suspect {
		return f.replaceWith(v)
	}
	f.set(f.target, v)
	f.dirty = true
	if _, err := f.file.WriteAt(f.encoded[f.target], int64(f.target)*f.size); err != nil {
		f.values[f.target] = Value{}
		return err
	}
	return nil
}

// set gives slot i the value v in memory, with a copy of its payload.
func (f *File) set(i int, v Value) {
	f.encoded[i] = encode(f.encoded[i][:0], v)
	f.values[i] = Value{Payload: f.encoded[i][headerSize:], Generation: v.Generation}
}

// Sync makes the value durable.
func (f *File) Sync() error {
	if f.suspect {
		return f.replace()
	}
	if !f.dirty {
		return nil
	}
	if err := f.file.Sync(); err != nil {
		f.suspect = true
		return err
	}
	f.dirty = false
	if f.values[f.target].Valid() {
		f.target = 1 - f.target
	}
	return nil
}

// replaceWith makes a new file whose newest value is v.
func (f *File) replaceWith(v Value) error {
	f.size = max(f.size, slotSize(len(v.Payload)+len(v.Payload)/2))
	f.set(f.target, v)
	return f.replace()
}

// replace writes the values to a new file, durably, which then takes the
// name. Until all of that is done the file counts as suspect: the open one may
// have no name any more.
func (f *File) replace() error {
	f.suspect = true
	if err := vfs.Replace(f.fsys, f.name, f.writeSlots); err != nil {
		return err
	}
	file, err := f.fsys.OpenFile(f.name, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	if f.file != nil {
		f.file.Close()
	}
	f.file = file
	f.target = 1 - f.newest()
	f.dirty, f.suspect = false, false
	return nil
}

func (f *File) writeSlots(file vfs.File) error {
	if err := file.Allocate(2 * f.size); err != nil {
		return err
	}
	for i, v := range f.values {
		if !v.Valid() {
			continue
		}
		if _, err := file.WriteAt(f.encoded[i], int64(i)*f.size); err != nil {
			return err
		}
	}
	return nil
}

// Close closes the file without syncing it.
func (f *File) Close() error { return f.file.Close() }
