// Package console prints events for people, a line each and a stack trace below
// it: coloured on a terminal, plain in a pipe.
package console

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/tailrace/tailrace/internal/render"
	"github.com/tailrace/tailrace/internal/terminal"
	"github.com/tailrace/tailrace/pipeline/frame"
	"github.com/tailrace/tailrace/pipeline/shipping"
)

// Config are the keys of the exporter.
type Config struct {
	Color string `mapstructure:"color" doc:"Colours: auto (on a terminal, unless NO_COLOR is set), always or never."`
	UTC   bool   `mapstructure:"utc" doc:"Show times in UTC instead of the machine's zone."`

	shipping.Config `mapstructure:",squash"`
}

// DefaultConfig are the values of keys that are not given.
func DefaultConfig() Config { return Config{Color: "auto", Config: shipping.DefaultConfig()} }

// Validate says what is wrong with the values.
func (c *Config) Validate() error {
	switch c.Color {
	case "auto", "always", "never":
		return c.Config.Validate()
	}
	return fmt.Errorf("color must be auto, always or never, not %q", c.Color)
}

// Shipping is how the shipping loop treats the exporter: events are shown as
// soon as they are durable.
func (c *Config) Shipping() shipping.Options {
	return c.Config.Options(shipping.Flush{Bytes: 1 << 20},
		shipping.Retry{InitialInterval: 100 * time.Millisecond, MaxInterval: 5 * time.Second})
}

// Exporter implements shipping.Exporter. It never feeds itself: an agent does
// not read its own pod's log, and its output is not in its own logs.
type Exporter struct {
	mu    sync.Mutex
	to    io.Writer
	out   *bufio.Writer
	look  render.Options
	plain []byte
	line  []byte
}

// New makes an exporter that prints to out.
func New(c Config, out io.Writer) (*Exporter, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	look := render.Options{UTC: c.UTC, Color: c.Color == "always" || c.Color == "auto" && terminal.WantsColor(out)}
	return &Exporter{to: out, out: bufio.NewWriterSize(out, 32<<10), look: look}, nil
}

// Export implements shipping.Exporter. Events of a request that could not be
// printed to its end are printed again.
func (e *Exporter) Export(ctx context.Context, req *shipping.Request) (*shipping.Response, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for i := range req.Parts {
		if err := e.print(ctx, &req.Parts[i]); err != nil {
			return nil, err
		}
	}
	if err := e.out.Flush(); err != nil {
		// The writer keeps its error; the next attempt begins anew.
		e.out.Reset(e.to)
		return nil, fmt.Errorf("events cannot be printed: %w", err)
	}
	return &shipping.Response{Outcomes: make([]shipping.Outcome, req.Docs())}, nil
}

func (e *Exporter) print(ctx context.Context, p *shipping.Part) error {
	plain, err := frame.Inflate(e.plain[:0], p.Payload, &frame.Meta{PlainSize: uint32(p.PlainSize)})
	if err != nil {
		return err
	}
	e.plain = plain
	for _, doc := range frame.Documents(plain) {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		e.line = append(render.Doc(e.line[:0], doc.Source, e.look), '\n')
		// An error stays with the writer until Flush tells it.
		_, _ = e.out.Write(e.line)
	}
	return nil
}
