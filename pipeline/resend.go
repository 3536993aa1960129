package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/tailrace/tailrace/pipeline/config"
	"github.com/tailrace/tailrace/pipeline/frame"
	"github.com/tailrace/tailrace/pipeline/journal"
	"github.com/tailrace/tailrace/pipeline/shipping"
)

// ResendOptions say what is sent again, and where to.
type ResendOptions struct {
	// Exporter is one of the configuration's.
	Exporter config.ID
	// Frames are what is sent. An error ends it, after what came before.
	Frames iter.Seq2[*journal.Frame, error]
	// Progress is told after each request; it may be nil.
	Progress func(Resent)
	Logger   *slog.Logger
	// Stdout is where the console exporter prints.
	Stdout io.Writer
}

// Resent counts documents by what became of them.
type Resent struct {
	// Stored ones are new to the backend, Existed were there already, of which
	// Removed had been stored once more and were deleted again.
	Stored, Existed, Removed uint64
	// Refused are those that the backend will never take, by the reason.
	Refused map[string]uint64
	// Trouble says why nothing moves.
	Trouble shipping.Trouble
}

// RefusedDocs counts them for all reasons.
func (r *Resent) RefusedDocs() (n uint64) {
	for _, docs := range r.Refused {
		n += docs
	}
	return n
}

// Resend sends frames to an exporter of the configuration, apart from the
// agent, which may be running: no position of it is changed. Documents that
// the backend has are known by their ids.
func Resend(ctx context.Context, cfg *config.Config, o ResendOptions) (Resent, error) {
	e, err := exporterOf(cfg, &o)
	if err != nil {
		return Resent{}, err
	}
	if c, ok := e.Exporter.(io.Closer); ok {
		defer c.Close()
	}
	r := &resend{Exporter: e.Exporter, progress: o.Progress, frames: newPull(o.Frames)}
	defer r.frames.stop()
	s := e.options
	s.Name, s.Cursor, s.Exporter, s.DeadLetter, s.Logger = o.Exporter.String(), &r.frames, r, r, o.Logger
	// Frames are chosen already.
	s.Classes = nil
	shipper := shipping.New(s)
	shipper.Drain()
	r.trouble = func() shipping.Trouble { return shipper.Stats().Trouble }
	err = shipper.Run(ctx)
	return r.counts(), errors.Join(err, r.frames.err, context.Cause(ctx))
}

// exporterOf makes the exporter, or names those that there are.
func exporterOf(cfg *config.Config, o *ResendOptions) (exporter, error) {
	if _, ok := cfg.Exporters[o.Exporter]; !ok {
		var names []string
		for id := range cfg.Exporters {
			names = append(names, id.String())
		}
		slices.Sort(names)
		return exporter{}, fmt.Errorf("the configuration has no exporter %s, only: %s", o.Exporter, strings.Join(names, ", "))
	}
	a := &Agent{cfg: cfg, log: o.Logger, opts: Options{Stdout: o.Stdout}}
	return a.newExporter(o.Exporter)
}

// resend counts what becomes of documents on their way to the exporter.
type resend struct {
	shipping.Exporter
	frames   pull
	progress func(Resent)
	trouble  func() shipping.Trouble

	mu  sync.Mutex
	sum Resent
}

// Export implements shipping.Exporter.
func (r *resend) Export(ctx context.Context, req *shipping.Request) (*shipping.Response, error) {
	resp, err := r.Exporter.Export(ctx, req)
	if err == nil {
		r.count(resp)
	}
	if r.progress != nil {
		r.progress(r.counts())
	}
	return resp, err
}

func (r *resend) count(resp *shipping.Response) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sum.Removed += uint64(resp.Removed)
	for _, o := range resp.Outcomes {
		switch o {
		case shipping.Stored:
			r.sum.Stored++
		case shipping.Exists:
			r.sum.Existed++
		}
	}
}

// Put implements shipping.Letters: what is refused is where it came from.
func (r *resend) Put(_ context.Context, docs []journal.Refused) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.sum.Refused == nil {
		r.sum.Refused = make(map[string]uint64)
	}
	for i := range docs {
		r.sum.Refused[fmt.Sprintf("%d %s: %s", docs[i].Status, docs[i].Type, docs[i].Reason)]++
	}
	return nil
}

func (r *resend) counts() Resent {
	r.mu.Lock()
	defer r.mu.Unlock()
	sum := r.sum
	sum.Refused = maps.Clone(sum.Refused)
	sum.Trouble = r.trouble()
	return sum
}

// pull is a shipping.Cursor over frames that are made one after the other. It
// is closed when all of them have been passed.
type pull struct {
	next func() (*journal.Frame, error, bool)
	stop func()
	// ahead counts frames that were given and not passed, given all.
	ahead int
	given uint64
	ended bool
	err   error
}

func newPull(frames iter.Seq2[*journal.Frame, error]) pull {
	next, stop := iter.Pull2(frames)
	return pull{next: next, stop: stop}
}

// Next implements shipping.Cursor.
func (p *pull) Next(ctx context.Context) (*journal.Frame, error) {
	if !p.ended {
		f, err, ok := p.next()
		if ok && err == nil {
			p.given++
			p.ahead++
			return f, nil
		}
		p.ended, p.err = true, err
	}
	if p.ahead == 0 {
		return nil, journal.ErrClosed
	}
	<-ctx.Done()
	return nil, context.Cause(ctx)
}

// Advance implements shipping.Cursor.
func (p *pull) Advance(*journal.Frame, journal.Result) error {
	p.ahead--
	return nil
}

// kept is a payload in memory.
type kept []byte

// Read implements journal.Payload.
func (k kept) Read(_ *frame.Meta, buf []byte) ([]byte, error) { return append(buf[:0], k...), nil }
