// Package telemetry is what the agent says about itself: its own logs, and an
// HTTP endpoint with its metrics, health and profiles.
package telemetry

import (
	"fmt"
	"io"
	"log/slog"

	"github.com/tailrace/tailrace/internal/terminal"
)

// LogOptions say how the agent's own logs look.
type LogOptions struct {
	// Level is debug, info, warn or error.
	Level string
	// Encoding is console or json.
	Encoding string
}

// NewLogger makes the agent's logger, which writes to w: a line per record,
// coloured when w is a terminal, with the same message at most Burst times
// per Window. Flush writes what is still held back and belongs at the end of
// the process.
func NewLogger(w io.Writer, o LogOptions) (logger *slog.Logger, flush func(), err error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(o.Level)); err != nil {
		return nil, nil, fmt.Errorf("log level %q is not known: write debug, info, warn or error", o.Level)
	}
	var h slog.Handler
	switch o.Encoding {
	case "json":
		h = slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level})
	case "console":
		h = newConsole(w, level, terminal.WantsColor(w))
	default:
		return nil, nil, fmt.Errorf("log encoding %q is not known: write console or json", o.Encoding)
	}
	l := newLimiter(h)
	return slog.New(l), l.flush, nil
}
