package oracle

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"
)

// logFile is a log that is rotated by rename. Its writer, like a container
// runtime, goes on writing to the renamed file until it has opened the new one.
type logFile struct {
	path    string
	archive archive
	file    *os.File
	size    int64
	// limit is the size at which it is rotated.
	limit int64

	// pending is what the records to come look like in the file: whole lines.
	pending []byte
	// renamed says that path is free and the new file not yet opened.
	renamed bool
}

// archive makes room for a log that is rotated and says its new name; empty
// when it cannot be rotated yet.
type archive func(path string) (string, error)

// kubeletArchive names a log as the kubelet does, by the second.
func kubeletArchive(path string) (string, error) {
	name := path + "." + time.Now().Format("20060102-150405")
	if _, err := os.Stat(name); err == nil {
		return "", nil
	}
	return name, nil
}

// shiftArchive is the numbering of logrotate: .1 is always the newest.
func shiftArchive(path string) (string, error) {
	n := 1
	for ; exists(numbered(path, n)); n++ {
	}
	for ; n > 1; n-- {
		if err := os.Rename(numbered(path, n-1), numbered(path, n)); err != nil {
			return "", err
		}
	}
	return numbered(path, 1), nil
}

func numbered(path string, n int) string { return fmt.Sprintf("%s.%d", path, n) }

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func createLog(path string, limit int64, a archive) (*logFile, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	l := &logFile{path: path, limit: limit, archive: a}
	return l, l.reopen()
}

func (l *logFile) reopen() error {
	if l.file != nil {
		l.file.Close()
	}
	f, err := os.OpenFile(l.path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	l.file, l.size, l.renamed = f, 0, false
	return err
}

// step writes what is pending, now and then only to the middle of a line, and
// rotates the file when it has reached its limit. The renamed file takes what
// is left of the line, and of whatever else is pending, one step later.
func (l *logFile) step(r *rand.Rand) error {
	n := len(l.pending)
	if n > 1 && !l.renamed && r.IntN(4) == 0 {
		n = 1 + r.IntN(n-1)
	}
	if err := l.write(n); err != nil {
		return err
	}
	switch {
	case l.renamed:
		return l.reopen()
	case l.size >= l.limit:
		return l.rename()
	}
	return nil
}

func (l *logFile) write(n int) error {
	written, err := l.file.Write(l.pending[:n])
	l.size += int64(written)
	l.pending = append(l.pending[:0], l.pending[written:]...)
	return err
}

func (l *logFile) rename() error {
	name, err := l.archive(l.path)
	if err != nil || name == "" {
		return err
	}
	l.renamed = true
	return os.Rename(l.path, name)
}

// finish writes everything that is pending.
func (l *logFile) finish() error {
	if err := l.write(len(l.pending)); err != nil {
		return err
	}
	return l.file.Close()
}
