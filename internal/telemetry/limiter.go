package telemetry

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// Burst records of one message are written per Window; of the others in it,
// the last is written at its end, with their number: a fault that repeats for
// every line or request must not fill the disk that it may be about.
const (
	Burst  = 5
	Window = 10 * time.Second
)

// limiter is a slog.Handler that holds back repeated messages. A message is
// the same when its level and text are: texts are constants, what varies is
// in attributes.
type limiter struct {
	slog.Handler
	state *limiterState
}

type limiterState struct {
	mu   sync.Mutex
	seen map[messageKey]*repeats
}

type messageKey struct {
	level slog.Level
	text  string
}

// repeats are the records of one message in the current window.
type repeats struct {
	written int
	held    int
	last    slog.Record
	handler slog.Handler
}

func newLimiter(h slog.Handler) *limiter {
	return &limiter{Handler: h, state: &limiterState{seen: map[messageKey]*repeats{}}}
}

// WithAttrs implements slog.Handler.
func (l *limiter) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &limiter{Handler: l.Handler.WithAttrs(attrs), state: l.state}
}

// WithGroup implements slog.Handler.
func (l *limiter) WithGroup(name string) slog.Handler {
	return &limiter{Handler: l.Handler.WithGroup(name), state: l.state}
}

// Handle implements slog.Handler.
func (l *limiter) Handle(ctx context.Context, r slog.Record) error {
	if l.state.hold(l.Handler, r) {
		return nil
	}
	return l.Handler.Handle(ctx, r)
}

// hold keeps r back when its message was written often enough.
func (s *limiterState) hold(h slog.Handler, r slog.Record) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := messageKey{r.Level, r.Message}
	m := s.seen[key]
	if m == nil {
		m = new(repeats)
		s.seen[key] = m
		time.AfterFunc(Window, func() { s.end(key) })
	}
	if m.written < Burst {
		m.written++
		return false
	}
	m.held++
	m.last, m.handler = r.Clone(), h
	return true
}

// end closes a message's window and writes what was held back in it.
func (s *limiterState) end(key messageKey) {
	s.mu.Lock()
	m := s.seen[key]
	delete(s.seen, key)
	s.mu.Unlock()
	if m == nil || m.held == 0 {
		return
	}
	m.last.AddAttrs(slog.Int("repeated", m.held))
	_ = m.handler.Handle(context.Background(), m.last)
}

// flush ends every window now.
func (l *limiter) flush() {
	l.state.mu.Lock()
	keys := make([]messageKey, 0, len(l.state.seen))
	for key := range l.state.seen {
		keys = append(keys, key)
	}
	l.state.mu.Unlock()
	for _, key := range keys {
		l.state.end(key)
	}
}
