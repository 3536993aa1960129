package demo

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// What the kubelet and containerd do with a container's log.
const (
	// maxChunk is where containerd splits a line
	// (max_container_log_line_size).
	maxChunk = 16 << 10
	// maxFiles counts the live file too (containerLogMaxFiles).
	maxFiles = 5
	// grace is how long a rotated file stays at least: at the kubelet's own
	// sizes it would be minutes.
	grace = 20 * time.Second
)

// containerLog writes one container's log as containerd and the kubelet do:
// CRI lines in <dir>/0.log, renamed when it is large.
type containerLog struct {
	name, dir string
	rotateAt  int64

	mu      sync.Mutex
	file    *os.File
	size    int64
	rotated []rotatedFile
	buf     bytes.Buffer
	count   FileStats
}

type rotatedFile struct {
	path string
	at   time.Time
}

func (c *containerLog) path() string { return filepath.Join(c.dir, "0.log") }

func (c *containerLog) open() error {
	if err := os.MkdirAll(c.dir, 0o755); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.create()
}

func (c *containerLog) create() (err error) {
	c.file, err = os.OpenFile(c.path(), os.O_CREATE|os.O_EXCL|os.O_WRONLY|os.O_APPEND, 0o640)
	c.size = 0
	return err
}

func (c *containerLog) close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.file == nil {
		return nil
	}
	err := c.file.Close()
	c.file = nil
	return err
}

func (c *containerLog) stats() FileStats {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.count
}

// write takes text of one or more lines that the container writes at once to its
// stdout or stderr.
func (c *containerLog) write(stream string, text []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.file == nil {
		return fs.ErrClosed
	}
	for line := range bytes.Lines(text) {
		if err := c.line(stream, bytes.TrimSuffix(line, []byte("\n"))); err != nil {
			return err
		}
	}
	return nil
}

// line writes one. A long one is split into pieces with the tag P and a last one
// with F; a rotation may fall between them, since the kubelet does not look at
// tags.
func (c *containerLog) line(stream string, line []byte) error {
	for len(line) > maxChunk {
		if err := c.piece(stream, "P", line[:maxChunk]); err != nil {
			return err
		}
		line = line[maxChunk:]
	}
	return c.piece(stream, "F", line)
}

func (c *containerLog) piece(stream, tag string, content []byte) error {
	if c.size >= c.rotateAt {
		if err := c.rotate(); err != nil {
			return err
		}
	}
	c.buf.Reset()
	fmt.Fprintf(&c.buf, "%s %s %s %s\n", time.Now().UTC().Format(time.RFC3339Nano), stream, tag, content)
	n, err := c.file.Write(c.buf.Bytes())
	c.size += int64(n)
	if err == nil {
		c.count.Lines++
	}
	return err
}

// rotate renames the file and begins a new one. The names have the resolution
// of a second; when this second's is taken, the next line tries again.
func (c *containerLog) rotate() error {
	now := time.Now()
	to := c.path() + "." + now.Format("20060102-150405")
	if _, err := os.Lstat(to); err == nil {
		return nil
	}
	if err := os.Rename(c.path(), to); err != nil {
		return err
	}
	c.rotated = append(c.rotated, rotatedFile{to, now})
	c.count.Rotations++
	return errors.Join(c.file.Close(), c.create(), c.prune(now))
}

// prune deletes the oldest rotated files beyond maxFiles.
func (c *containerLog) prune(now time.Time) error {
	for len(c.rotated) > maxFiles-1 && now.Sub(c.rotated[0].at) >= grace {
		if err := os.Remove(c.rotated[0].path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		c.rotated = c.rotated[1:]
	}
	return nil
}
