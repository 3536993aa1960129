package vfs

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// Holder is the process that has taken a lock, as the lock's file says it: its
// id, since when, and on which host, each on a line. A process id means little
// beyond its own container, and the host is the name of the pod there.
type Holder struct {
	// PID is 0, Since the zero time and Host empty when the file does not say.
	PID   int
	Since time.Time
	Host  string
}

// LockedError is an ErrLocked that names the holder.
type LockedError struct {
	Name   string
	Holder Holder
}

func (e *LockedError) Error() string {
	return fmt.Sprintf("%s: %v (%s)", e.Name, ErrLocked, e.Holder)
}

func (e *LockedError) Unwrap() error { return ErrLocked }

func (h Holder) String() string {
	if h.PID == 0 {
		return "its file does not say which"
	}
	text := "process " + strconv.Itoa(h.PID)
	if h.Host != "" {
		text += " on " + h.Host
	}
	if !h.Since.IsZero() {
		text += ", since " + h.Since.UTC().Format(time.RFC3339)
	}
	return text
}

// ParseHolder reads what is in a lock's file. What it cannot read is left out:
// the file may just be written.
func ParseHolder(content string) Holder {
	lines := append(strings.Split(content, "\n"), "", "", "")
	h := Holder{Host: lines[2]}
	h.PID, _ = strconv.Atoi(lines[0])
	h.Since, _ = time.Parse(time.RFC3339, lines[1])
	return h
}

// maxHolder bounds what is read of a lock's file.
const maxHolder = 512

func readHolder(f *os.File) Holder {
	b := make([]byte, maxHolder)
	n, _ := f.ReadAt(b, 0)
	return ParseHolder(string(b[:n]))
}

// writeHolder overwrites what the last holder wrote, which needs no space on a
// full disk.
func writeHolder(f *os.File) error {
	host, _ := os.Hostname()
	text := fmt.Appendf(nil, "%d\n%s\n%s\n", os.Getpid(), time.Now().UTC().Format(time.RFC3339), host)
	if _, err := f.WriteAt(text, 0); err != nil {
		return err
	}
	return f.Truncate(int64(len(text)))
}
