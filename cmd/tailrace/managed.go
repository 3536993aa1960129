package main

import (
	"context"
	"log/slog"
	"os"

	"github.com/tailrace/tailrace/internal/servicemanager"
)

// manager is systemd, if that has started the agent. It begins to be told of
// signs of life when the agent is ready first.
type manager struct {
	servicemanager.Manager
	log   *slog.Logger
	alive func() error
	// ctx ends when the agent is asked to end.
	ctx context.Context
	// ended is nil before the agent was ready.
	ended func()
}

func managerOf(ctx context.Context, log *slog.Logger, alive func() error) *manager {
	m := &manager{log: log, alive: alive, ctx: ctx}
	var err error
	m.Manager, err = servicemanager.FromEnvironment(os.Getenv, os.Getpid())
	m.warn(err)
	return m
}

func (m *manager) warn(err error) {
	if err != nil {
		m.log.Warn("the service manager may restart the agent without need", "error", err,
			"cure", "start it by the unit in deploy/systemd, or without NOTIFY_SOCKET and WATCHDOG_USEC in its environment")
	}
}

// Ready implements pipeline.Manager.
func (m *manager) Ready() {
	m.warn(m.Manager.Ready())
	if m.ended == nil {
		m.follow()
	}
}

// Reloading implements pipeline.Manager.
func (m *manager) Reloading() { m.warn(m.Manager.Reloading()) }

// follow tells by and by that the agent is alive, and that it is about to end.
func (m *manager) follow() {
	forget := context.AfterFunc(m.ctx, func() { m.warn(m.Manager.Stopping()) })
	// Signs of life are expected until the process is gone.
	beating, stop := context.WithCancel(context.WithoutCancel(m.ctx))
	go m.KeepAlive(beating, m.log, m.alive)
	m.ended = func() {
		forget()
		stop()
	}
}

// close is for when the agent has ended.
func (m *manager) close() {
	if m.ended != nil {
		m.ended()
	}
}
