package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

func TestStateIsOpenedWhenTheDiskIsWellAgain(t *testing.T) {
	for _, errno := range []error{syscall.EIO, syscall.ENOSPC, syscall.EDQUOT, syscall.EROFS} {
		synctest.Test(t, func(t *testing.T) {
			begun := time.Now()
			got, err := patiently(t.Context(), &opener{log: slog.New(slog.DiscardHandler)}, func() (string, error) {
				if time.Since(begun) < time.Minute {
					return "", fmt.Errorf("cursor: %w", errno)
				}
				return "open", nil
			})
			if got != "open" || err != nil || time.Since(begun) > time.Minute+diskRetry {
				t.Errorf("%v: %q, %v after %v", errno, got, err, time.Since(begun))
			}
		})
	}
}

func TestStateThatCannotBeOpenedIsNotWaitedFor(t *testing.T) {
	tries := 0
	_, err := patiently(t.Context(), &opener{log: slog.New(slog.DiscardHandler)}, func() (int, error) { tries++; return 0, fs.ErrPermission })
	if !errors.Is(err, fs.ErrPermission) || tries != 1 {
		t.Errorf("%v after %d tries", err, tries)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err = patiently(ctx, &opener{log: slog.New(slog.DiscardHandler)}, func() (int, error) { return 0, syscall.EIO }); !errors.Is(err, syscall.EIO) || !errors.Is(err, context.Canceled) {
		t.Errorf("after the end of waiting: %v", err)
	}
}

// A limit or a permission is this agent's, and waiting changes none; without a
// disk to write to, a journal in memory runs all the same.
func TestOnlyErrorsThatMayPassAreWaitedFor(t *testing.T) {
	for _, c := range []struct {
		o     opener
		err   error
		waits bool
	}{
		{opener{}, syscall.EROFS, true},
		{opener{}, fmt.Errorf("lock: %w", syscall.ENFILE), true},
		{opener{}, syscall.EMFILE, false},
		{opener{}, syscall.EACCES, false},
		{opener{}, syscall.ENOTDIR, false},
		{opener{}, nil, false},
		{opener{notReadOnly: true}, syscall.EROFS, false},
		{opener{notReadOnly: true}, syscall.EIO, true},
	} {
		if got := c.o.waitsOut(c.err); got != c.waits {
			t.Errorf("%v: waited for %v, want %v", c.err, got, c.waits)
		}
	}
}

func TestErrorsThatNoWaitingCuresSayWhatDoes(t *testing.T) {
	for err, cure := range map[error]string{
		syscall.EACCES:  "write access",
		syscall.EMFILE:  "limit of open files",
		syscall.ENOTDIR: "in the place of a directory",
	} {
		got := withCure(&fs.PathError{Op: "open", Path: "lock", Err: err})
		if !errors.Is(got, err) || !strings.Contains(got.Error(), cure) {
			t.Errorf("%v becomes %v", err, got)
		}
	}
}
