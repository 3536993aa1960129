package pipeline

import (
	"context"
	"net/http"

	"github.com/tailrace/tailrace/internal/status"
	"github.com/tailrace/tailrace/internal/telemetry"
)

// serve opens the agent's own endpoint.
func (a *Agent) serve(context.Context) error {
	address := a.cfg.Service.Telemetry.Metrics.Address
	if address == "" {
		return nil
	}
	registry := telemetry.NewRegistry(a.opts.Version)
	registry.MustRegister(telemetry.Collector(a.collect))
	server, err := telemetry.Serve(telemetry.ServerOptions{
		Address: address,
		Metrics: registry,
		Alive:   a.watchdog.Alive,
		Ready:   func() error { return nil },
		Pages:   map[string]http.Handler{status.Path: http.HandlerFunc(a.serveStatus)},
		Pprof:   a.cfg.Service.Telemetry.Metrics.Pprof,
		Logger:  a.log,
	})
	a.server = server
	return err
}
