package pipeline

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tailrace/tailrace/internal/tail"
	"github.com/tailrace/tailrace/pipeline/config"
)

// Discover yields the files that the receivers of a configuration find now,
// and those that they exclude or refuse, with the reason. It opens none.
func Discover(ctx context.Context, cfg *config.Config, yield func(tail.Target)) error {
	a := &Agent{cfg: cfg, node: NodeName(cfg), started: time.Now()}
	if err := a.onePipeline(); err != nil {
		return err
	}
	return a.eachReceiver(func(p tail.Provider) error { return p.Scan(ctx, "", yield) })
}

// eachReceiver makes what finds the files of each receiver and calls fn with
// it. What is wrong with any of them is reported at once.
func (a *Agent) eachReceiver(fn func(tail.Provider) error) error {
	var all []error
	for _, id := range a.conf.Receivers {
		if isOfFrames(id) {
			continue
		}
		p, err := a.newReceiver(id)
		if err == nil {
			err = fn(p)
		}
		if err != nil {
			all = append(all, fmt.Errorf("receiver %s: %w", id, err))
		}
	}
	return errors.Join(all...)
}
