package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/tailrace/tailrace/bench/sink"
)

const (
	// calmFiles and calmRate are a node with little to say, on which there is
	// something to send at any time.
	calmFiles = 30
	calmRate  = 10
	// fleet is how many such nodes the result is told for.
	fleet = 1000
)

// quiet counts the requests of a quiet node, and what a fleet of such nodes
// asks of a cluster.
func quiet(ctx context.Context, l *lab, name string) error {
	if l.own {
		return nil
	}
	span := l.span(time.Minute, 20*time.Second)
	dir := filepath.Join(l.dir, name)
	defer os.RemoveAll(dir)
	var requests int64
	var used time.Duration
	_, err := l.overFiles(ctx, dir, calmFiles, byDefault(l.url), func(a *agent, w *writer) (err error) {
		requests, used, err = l.quietRequests(ctx, a, w, span)
		return err
	})
	if err != nil {
		return err
	}
	perSecond := float64(requests) / span.Seconds()
	fmt.Printf("%s lines_per_s=%d requests_per_s=%.2f fleet=%d fleet_requests_per_s=%.0f core_percent=%.2f\n",
		name, calmRate, perSecond, fleet, fleet*perSecond, 100*used.Seconds()/span.Seconds())
	return nil
}

// quietRequests counts the requests, and the agent's CPU time, of a span.
func (l *lab) quietRequests(ctx context.Context, a *agent, w *writer, span time.Duration) (int64, time.Duration, error) {
	load := pace{rate: calmRate, files: calmFiles, step: time.Second}
	if err := w.write(ctx, load, pacedWarmUp); err != nil {
		return 0, 0, err
	}
	if _, err := sink.Read(l.url, true); err != nil {
		return 0, 0, err
	}
	used, err := a.cpuWhile(func() error { return w.write(ctx, load, span) })
	if err != nil {
		return 0, 0, err
	}
	c, err := sink.Read(l.url, false)
	return c.Requests, used, err
}
