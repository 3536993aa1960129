package pipeline

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/tailrace/tailrace/internal/telemetry"
)

// Hold is what a process keeps while one agent after another works in it: the
// lock of the state directory, and the address at which it answers. The zero
// Hold has neither yet. It belongs to one agent at a time.
type Hold struct {
	lock    io.Closer
	address string
	server  *telemetry.Server
}

// answer has the requests to o.Address answered as o says. Whoever is connected
// stays so, unless the address is another one than before.
func (h *Hold) answer(o telemetry.ServerOptions) error {
	if o.Address == "" {
		return h.silence()
	}
	if h.server != nil && h.address == o.Address {
		h.server.Replace(o)
		return nil
	}
	next, err := telemetry.Serve(o)
	if err != nil {
		return err
	}
	err = h.silence()
	h.server, h.address = next, o.Address
	return err
}

// lastWords is how long requests that are being answered may take when the
// endpoint closes: the next agent waits for it.
const lastWords = 100 * time.Millisecond

func (h *Hold) silence() error {
	if h.server == nil {
		return nil
	}
	stop, cancel := context.WithTimeout(context.Background(), lastWords)
	defer cancel()
	err := h.server.Shutdown(stop)
	if errors.Is(err, context.DeadlineExceeded) {
		err = nil
	}
	h.server = nil
	return err
}

// Close frees the address and then, last of all, lets the next agent in.
func (h *Hold) Close() error {
	err := h.silence()
	if h.lock != nil {
		err = errors.Join(err, h.lock.Close())
		h.lock = nil
	}
	return err
}
