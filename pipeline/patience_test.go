package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

func TestStateIsOpenedWhenTheDiskIsWellAgain(t *testing.T) {
	for _, errno := range []error{syscall.EIO, syscall.ENOSPC, syscall.EDQUOT} {
		synctest.Test(t, func(t *testing.T) {
			begun := time.Now()
			got, err := patiently(t.Context(), slog.New(slog.DiscardHandler), func() (string, error) {
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
	_, err := patiently(t.Context(), slog.New(slog.DiscardHandler), func() (int, error) { tries++; return 0, fs.ErrPermission })
	if !errors.Is(err, fs.ErrPermission) || tries != 1 {
		t.Errorf("%v after %d tries", err, tries)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err = patiently(ctx, slog.New(slog.DiscardHandler), func() (int, error) { return 0, syscall.EIO }); !errors.Is(err, syscall.EIO) {
		t.Errorf("after the end of waiting: %v", err)
	}
}
