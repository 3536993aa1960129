// Package pipeline assembles the agent: it is the only package that knows all
// components. A receiver's files are read by lanes, whose sealed frames go to
// the journal; each exporter reads the journal at its own pace.
package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/tailrace/tailrace/internal/checkpoint"
	"github.com/tailrace/tailrace/internal/tail"
	"github.com/tailrace/tailrace/internal/telemetry"
	"github.com/tailrace/tailrace/internal/vfs"
	"github.com/tailrace/tailrace/pipeline/config"
	"github.com/tailrace/tailrace/pipeline/frame"
	"github.com/tailrace/tailrace/pipeline/journal"
	"github.com/tailrace/tailrace/pipeline/shipping"
	"github.com/tailrace/tailrace/processors/parse"
)

// Options are what an agent needs beside its configuration.
type Options struct {
	Version string
	Logger  *slog.Logger
	// Stdout is where the console exporter prints.
	Stdout io.Writer
	// Drain is how long exporters may go on after the lanes have stopped.
	// What is not delivered by then waits in the journal.
	Drain time.Duration
}

// Agent is one running Tailrace. Everything that reads stops before what it
// writes to, so that nothing is handed to a part that has gone.
type Agent struct {
	cfg  *config.Config
	opts Options
	log  *slog.Logger
	node string
	conf config.Pipeline

	lock       io.Closer
	journal    *journal.Journal
	checkpoint *checkpoint.Store
	dead, park *journal.Store
	// missing is to be read again when the engine is there.
	missing  []frame.Missing
	engine   *tail.Engine
	lanes    []*lane
	parsers  []*parse.Parser
	shippers []*shipper
	watchdog telemetry.Watchdog
	fsyncs   fsyncTimes
	started  time.Time
	server   *telemetry.Server
}

// shipper is one exporter's loop and what it reads by.
type shipper struct {
	name     string
	cursor   *journal.Cursor
	loop     *shipping.Shipper
	exporter shipping.Exporter
}

// compressionLevel is that of this project's own compressor.
const compressionLevel = 1

// saveInterval is how often positions are written. It bounds what a restart
// has to walk of the journal, not what it knows: see checkpoint.
const saveInterval = 5 * time.Second

// New opens the state and makes all parts. The caller must Run the agent, or
// Close it.
func New(ctx context.Context, cfg *config.Config, o Options) (*Agent, error) {
	a := &Agent{cfg: cfg, opts: o, log: o.Logger, node: nodeName(cfg.Service.Node), started: time.Now()}
	if err := a.onePipeline(); err != nil {
		return nil, err
	}
	for _, step := range []func(context.Context) error{a.openState, a.openExporters, a.openReceivers, a.serve} {
		if err := step(ctx); err != nil {
			return nil, errors.Join(err, a.Close())
		}
	}
	return a, nil
}

// onePipeline picks the pipeline that this agent runs.
func (a *Agent) onePipeline() error {
	if len(a.cfg.Service.Pipelines) != 1 {
		return fmt.Errorf("service.pipelines has %d pipelines, and this version runs exactly one: keep one, with all receivers and exporters in it", len(a.cfg.Service.Pipelines))
	}
	for _, p := range a.cfg.Service.Pipelines {
		a.conf = p
	}
	return nil
}

// nodeName is what Kubernetes or the configuration calls this node.
func nodeName(configured string) string {
	if configured != "" {
		return configured
	}
	if n := os.Getenv("NODE_NAME"); n != "" {
		return n
	}
	n, _ := os.Hostname()
	return n
}

// The folders below service.journal.directory.
const (
	LogsDir       = "logs"
	DeadLetterDir = "deadletter"
	ParkDir       = "park"
	CheckpointDir = "checkpoint"
	LockFile      = "lock"
)

// openState takes the lock, recovers the journal and rolls the positions
// forward over the frames that are behind the checkpoint.
func (a *Agent) openState(ctx context.Context) (err error) {
	dir, fs := a.cfg.Service.Journal.Directory, vfs.OS{}
	if err := fs.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("cannot make the journal's directory: %w; change service.journal.directory or its permissions", err)
	}
	if a.lock, err = a.waitForLock(ctx, fs, filepath.Join(dir, LockFile)); err != nil {
		return err
	}
	if a.checkpoint, err = checkpoint.Open(checkpoint.Options{FS: fs, Dir: filepath.Join(dir, CheckpointDir), Logger: a.log}); err != nil {
		return err
	}
	if a.journal, err = journal.Open(a.journalOptions(fs, dir)); err != nil {
		return err
	}
	if err := a.journal.Replay(a.checkpoint.Seq(), a.apply); err != nil {
		return err
	}
	return a.openStores(fs, dir)
}

// openStores opens the places for what backends refuse.
func (a *Agent) openStores(fs vfs.FS, dir string) (err error) {
	c := a.cfg.Service.Journal
	open := func(folder string, s config.Store, owner func(*journal.Refused) string) (*journal.Store, error) {
		return journal.OpenStore(journal.StoreOptions{
			FS: fs, Dir: filepath.Join(dir, folder), Quota: int64(s.MaxSize),
			Owner: owner, Refuse: s.OnFull == config.Block, Logger: a.log,
		})
	}
	if a.dead, err = open(DeadLetterDir, c.DeadLetter, journal.ByContainer); err != nil {
		return err
	}
	a.park, err = open(ParkDir, c.Park, journal.ByIndex)
	return err
}

func (a *Agent) apply(m *frame.Meta) error {
	a.checkpoint.Apply(m)
	return nil
}

// durable acknowledges frames: from now on their lines are never read again.
func (a *Agent) durable(metas []*frame.Meta) {
	for _, m := range metas {
		a.checkpoint.Apply(m)
	}
}

// damaged has the lines of a frame that the disk did not keep read once more,
// of the files that are still there.
func (a *Agent) damaged(m *frame.Meta) {
	ranges, err := a.journal.Missing(m)
	if err != nil {
		a.log.Error("the lines of a damaged frame are not read again: where they were is not known", "frame", m.Seq, "error", err)
	}
	if a.engine == nil {
		a.missing = append(a.missing, ranges...)
		return
	}
	a.engine.ReadAgain(ranges)
}

func (a *Agent) journalOptions(fs vfs.FS, dir string) journal.Options {
	c := a.cfg.Service.Journal
	return journal.Options{
		FS: fs, Dir: filepath.Join(dir, LogsDir),
		MaxSize: int64(c.MaxSize), MaxAge: c.MaxAge,
		MinFree:   journal.Reserve{Share: float64(c.MinFree) / 100},
		Logger:    a.log,
		OnSync:    a.fsyncs.observe,
		OnDurable: a.durable,
		OnDamaged: a.damaged,
	}
}

// lockRetry is how often a lock that another agent holds is tried again.
const lockRetry = 100 * time.Millisecond

// waitForLock waits for another agent on the same directory to end: the next
// one may be started before, and takes over at once.
func (a *Agent) waitForLock(ctx context.Context, fs vfs.FS, name string) (io.Closer, error) {
	for said := false; ; said = true {
		l, err := fs.Lock(name)
		if !errors.Is(err, vfs.ErrLocked) {
			return l, err
		}
		if !said {
			a.log.Info("waiting for another agent on the same journal directory to end", "lock", name)
		}
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-time.After(lockRetry):
		}
	}
}

// openExporters gives each exporter its cursor and its loop.
func (a *Agent) openExporters(context.Context) error {
	for _, id := range a.conf.Exporters {
		e, err := a.newExporter(id)
		if err != nil {
			return fmt.Errorf("exporter %s: %w", id, err)
		}
		s, err := a.newShipper(id.String(), e)
		if err != nil {
			return err
		}
		a.shippers = append(a.shippers, s)
	}
	return nil
}

func (a *Agent) newShipper(name string, e exporter) (*shipper, error) {
	o := e.options
	cursor, err := a.journal.Cursor(name, o.Position)
	if err != nil {
		return nil, err
	}
	position := cursor.Stats().Position
	if err := errors.Join(a.dead.Rollback(name, position), a.park.Rollback(name, position)); err != nil {
		return nil, err
	}
	o.Name, o.Cursor, o.Exporter, o.Logger = name, cursor, e.Exporter, a.log
	o.DeadLetter, o.Park = a.dead, a.park
	return &shipper{name: name, cursor: cursor, loop: shipping.New(o), exporter: e.Exporter}, nil
}

// openReceivers makes the engine that finds files and the lanes that read them.
func (a *Agent) openReceivers(context.Context) error {
	var providers []tail.Provider
	for _, id := range a.conf.Receivers {
		p, err := a.newReceiver(id)
		if err != nil {
			return fmt.Errorf("receiver %s: %w", id, err)
		}
		providers = append(providers, p)
	}
	a.engine = tail.NewEngine(tail.Options{
		Providers: providers, Positions: a.checkpoint, PositionsLost: a.checkpoint.Lost(),
		Node: a.node, Lanes: a.cfg.Service.Lanes, Silence: silence, Logger: a.log,
		Limits: limits(&a.cfg.Service.Limits),
	})
	a.engine.ReadAgain(a.missing)
	for i := range a.cfg.Service.Lanes {
		l, err := a.newLane(a.engine.Lane(i))
		if err != nil {
			return err
		}
		a.lanes = append(a.lanes, l)
	}
	return nil
}

func limits(c *config.Limits) tail.Limits {
	l := tail.Limits{Pod: int64(c.Pod), Namespace: int64(c.Namespace), Burst: c.Burst, Namespaces: make(map[string]int64, len(c.Namespaces))}
	for name, limit := range c.Namespaces {
		l.Namespaces[name] = int64(limit)
	}
	return l
}

// silence is after how long an unfinished line is recorded as it is.
const silence = time.Minute
