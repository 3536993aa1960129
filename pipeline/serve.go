package pipeline

import (
	"context"
	"net/http"

	"github.com/tailrace/tailrace/internal/status"
	"github.com/tailrace/tailrace/internal/telemetry"
	"github.com/tailrace/tailrace/pipeline/journal"
)

// serve has the agent itself answer at its address.
func (a *Agent) serve(context.Context) error {
	registry := telemetry.NewRegistry(a.opts.Version)
	registry.MustRegister(telemetry.Collector(a.collect))
	return a.hold.answer(telemetry.ServerOptions{
		Address: a.cfg.Service.Telemetry.Metrics.Address,
		Metrics: registry,
		Alive:   a.Alive,
		Ready:   func() error { return nil },
		Note:    a.trouble,
		Pages:   map[string]http.Handler{status.Path: http.HandlerFunc(a.serveStatus)},
		Pprof:   a.cfg.Service.Telemetry.Metrics.Pprof,
		Logger:  a.log,
	})
}

// Alive is nil, or says which part of the agent is stuck.
func (a *Agent) Alive() error { return a.watchdog.Alive() }

// trouble is why the journal's disk takes nothing at the moment, and the cure.
func (a *Agent) trouble() string {
	if err := a.journal.Stats().Trouble; err != nil {
		return "the journal cannot be written, and nothing is read: " + err.Error() + "; " + journal.Cure(err)
	}
	return ""
}
