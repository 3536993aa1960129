package pipeline

import (
	"context"
	"errors"
	"log/slog"
	"syscall"
	"time"

	"github.com/tailrace/tailrace/pipeline/journal"
)

// diskRetry is how often the state is tried to be opened again.
const diskRetry = time.Second

// patiently opens a part of the state. While the disk fails it waits and tries
// again: an agent that ended would come back to the same disk.
func patiently[T any](ctx context.Context, log *slog.Logger, open func() (T, error)) (T, error) {
	for said := false; ; said = true {
		part, err := open()
		if !isPassing(err) {
			return part, err
		}
		if !said {
			log.Error("the agent's state cannot be opened; it is tried again every second", "error", err, "cure", journal.Cure(err))
		}
		select {
		case <-ctx.Done():
			return part, err
		case <-time.After(diskRetry):
		}
	}
}

// isPassing says whether an error is one of the disk, which may pass.
func isPassing(err error) bool {
	for _, errno := range []syscall.Errno{syscall.EIO, syscall.ENOSPC, syscall.EDQUOT} {
		if errors.Is(err, errno) {
			return true
		}
	}
	return false
}
