package pipeline

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/tailrace/tailrace/internal/tail"
	"github.com/tailrace/tailrace/pipeline/config"
)

// DryStart makes every component of a configuration and throws it away: it
// fails if one of them cannot be made here, such as for a certificate that is
// not there. Nothing is written, and nobody is asked.
func DryStart(cfg *config.Config, version string) error {
	a := &Agent{
		cfg: cfg, node: NodeName(cfg), started: time.Now(), hold: &Hold{},
		opts: Options{Version: version, Stdout: io.Discard}, log: slog.New(slog.DiscardHandler),
	}
	if err := a.onePipeline(); err != nil {
		return err
	}
	return a.dryStart()
}

func (a *Agent) dryStart() error {
	for _, id := range a.conf.Exporters {
		e, err := a.newExporter(id)
		if err != nil {
			return fmt.Errorf("exporter %s: %w", id, err)
		}
		if c, ok := e.Exporter.(io.Closer); ok {
			if err := c.Close(); err != nil {
				return fmt.Errorf("exporter %s: %w", id, err)
			}
		}
	}
	if err := a.openMetadata(context.Background()); err != nil {
		return err
	}
	for _, id := range a.conf.Processors {
		if _, err := a.newProcessor(id); err != nil {
			return fmt.Errorf("processor %s: %w", id, err)
		}
	}
	if _, err := a.newFrameReceivers(); err != nil {
		return err
	}
	return a.eachReceiver(func(tail.Provider) error { return nil })
}
