package main

import (
	"context"
	"log/slog"
	"os"

	"github.com/tailrace/tailrace/internal/servicemanager"
)

// tellManager tells systemd, if that has started the agent, that it runs, by
// and by that it is alive, and when ctx ends that it is about to end. The
// function that it returns is to be called when it has.
func tellManager(ctx context.Context, log *slog.Logger, alive func() error) (ended func()) {
	warn := func(err error) {
		if err != nil {
			log.Warn("the service manager may restart the agent without need", "error", err,
				"cure", "start it by the unit in deploy/systemd, or without NOTIFY_SOCKET and WATCHDOG_USEC in its environment")
		}
	}
	manager, err := servicemanager.FromEnvironment(os.Getenv, os.Getpid())
	warn(err)
	warn(manager.Ready())
	forget := context.AfterFunc(ctx, func() { warn(manager.Stopping()) })
	// Signs of life are expected until the process is gone.
	beating, stop := context.WithCancel(context.WithoutCancel(ctx))
	go manager.KeepAlive(beating, log, alive)
	return func() {
		forget()
		stop()
	}
}
