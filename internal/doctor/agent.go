package doctor

import (
	"errors"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Holder is the process that holds a lock file, 0 when none does. The lock is
// only tried: an agent that starts in the same moment tries again.
func Holder(lock string) (pid int, err error) {
	f, err := os.Open(lock)
	if errors.Is(err, os.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	defer f.Close()
	err = unix.Flock(int(f.Fd()), unix.LOCK_SH|unix.LOCK_NB)
	if err == nil || !errors.Is(err, unix.EWOULDBLOCK) {
		return 0, err
	}
	// The id is the first of the lines.
	var line [32]byte
	n, _ := f.ReadAt(line[:], 0)
	first, _, _ := strings.Cut(string(line[:n]), "\n")
	if pid, err = strconv.Atoi(first); err != nil {
		return 0, errors.New("the lock is held, but its file does not say by which process")
	}
	return pid, nil
}

// Agent compares who holds the journal's lock with what the health endpoint
// answers.
func Agent(pid int, answer string, unwell error) Finding {
	switch {
	case pid == 0 && unwell != nil:
		return fine("agent", "none runs on this journal").or(Warning, "start it: tailrace run")
	case pid == 0:
		return fine("agent", "one answers, but none holds this journal, so that it works on another or waits for this one: %s", answer).
			or(Wrong, "give each agent its own service.telemetry.metrics.address and service.journal.directory, or cure what it waits for")
	case unwell != nil:
		return fine("agent", "process %d holds the journal, and is not well: %v", pid, unwell).
			or(Wrong, "read its log; if it makes no progress, restart it")
	}
	return fine("agent", "process %d holds the journal and says: %s", pid, answer)
}
