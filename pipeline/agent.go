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
	"slices"
	"time"

	"github.com/tailrace/tailrace/internal/checkpoint"
	"github.com/tailrace/tailrace/internal/control"
	"github.com/tailrace/tailrace/internal/owner"
	"github.com/tailrace/tailrace/internal/tail"
	"github.com/tailrace/tailrace/internal/telemetry"
	"github.com/tailrace/tailrace/internal/vfs"
	"github.com/tailrace/tailrace/pipeline/config"
	"github.com/tailrace/tailrace/pipeline/frame"
	"github.com/tailrace/tailrace/pipeline/journal"
	"github.com/tailrace/tailrace/pipeline/shipping"
	"github.com/tailrace/tailrace/processors/kubernetes"
	"github.com/tailrace/tailrace/processors/parse"
	"github.com/tailrace/tailrace/processors/redact"
	"github.com/tailrace/tailrace/receivers/pods"
)

// Options are what an agent needs beside its configuration.
type Options struct {
	Version string
	Logger  *slog.Logger
	// Stdout is where the console exporter prints.
	Stdout io.Writer
	// Drain is how long exporters may go on after the lanes have stopped.
	// What is not delivered by then waits in the journal. A backend that has
	// taken nothing for Patience is not waited for; 0 is Drain.
	Drain, Patience time.Duration
	// Hold is used and left as it is, so that the next agent in this process
	// can use it. Nil: the agent has one of its own, which ends with it.
	Hold *Hold
	// TakesOver is the zero time unless the agent goes on in place of another
	// one that read until then; New notes it itself when it waited for another
	// process.
	TakesOver time.Time
	// Reloads is what metrics and status say of the configuration; nil is
	// nothing.
	Reloads *Reloads
}

// Agent is one running Tailrace. Everything that reads stops before what it
// writes to, so that nothing is handed to a part that has gone.
type Agent struct {
	cfg  *config.Config
	opts Options
	log  *slog.Logger
	node string
	conf config.Pipeline

	hold *Hold
	// opener opens what is on disk, and waiting answers meanwhile.
	opener  *opener
	waiting *waitingRoom
	// owner is what was noted of the state directory; of none, the zero value.
	owner   owner.Record
	journal storage
	// cursor opens an exporter's position in the journal.
	cursor     func(name string, o journal.CursorOptions) (cursor, error)
	checkpoint *checkpoint.Store
	// dead and park are where refused documents go; park is nil without a
	// disk. stores are those of them that are on disk, by their folders.
	dead   letters
	park   lot
	stores map[string]*journal.Store
	// missing is to be read again when the engine is there.
	missing []frame.Missing
	engine  *tail.Engine
	lanes   []*lane
	// metadata is nil without a processor kubernetes.
	metadata *kubernetes.Pods
	// terminations is nil when the ends of containers are not told of, podLogs
	// are the receivers of the logs of those that are.
	terminations *terminations
	podLogs      []*pods.Receiver
	// frameReceivers bring whole frames, past the lanes.
	frameReceivers []namedReceiver
	parsers        []*parse.Parser
	redactors      []*redact.Processor
	shippers       []*shipper
	watchdog       telemetry.Watchdog
	fsyncs         fsyncTimes
	started        time.Time
	control        *control.Server
}

// shipper is one exporter's loop and what it reads by.
type shipper struct {
	name     string
	cursor   cursor
	loop     *shipping.Shipper
	exporter shipping.Exporter
	// carried are the lines that the stores had of the exporter at the start
	// and the cursor does not know of.
	carried uint64
}

// compressionLevel is that of this project's own compressor.
const compressionLevel = 1

// saveInterval is how often positions are written. It bounds what a restart
// has to walk of the journal, not what it knows: see checkpoint. With a journal
// in memory it bounds what a crash sends again, so it is shorter.
const (
	saveInterval         = 5 * time.Second
	saveIntervalInMemory = time.Second
)

// New opens the state and makes all parts. The caller must Run the agent, or
// Close it.
func New(ctx context.Context, cfg *config.Config, o Options) (*Agent, error) {
	a := &Agent{cfg: cfg, opts: o, log: o.Logger, node: NodeName(cfg), started: time.Now()}
	if err := a.onePipeline(); err != nil {
		return nil, err
	}
	if a.hold = o.Hold; a.hold == nil {
		a.hold = &Hold{}
	}
	// What cannot work is found before another agent is asked to make room. In a
	// reload it was found before the last one ended, and nothing is read meanwhile.
	if a.hold.lock == nil {
		if err := DryStart(cfg, o.Version); err != nil {
			return nil, err
		}
	}
	a.waiting = a.newWaitingRoom()
	a.opener = &opener{log: a.log, notReadOnly: a.inMemory(), tell: a.waiting.tell}
	for _, step := range []func(context.Context) error{a.openState, a.openExporters, a.openMetadata, a.openReceivers, a.serve, a.serveControl} {
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

// NodeName is what Kubernetes or the configuration calls this node.
func NodeName(cfg *config.Config) string {
	if cfg.Service.Node != "" {
		return cfg.Service.Node
	}
	if n := os.Getenv("NODE_NAME"); n != "" {
		return n
	}
	n, _ := os.Hostname()
	return n
}

// What is below service.journal.directory.
const (
	LogsDir       = "logs"
	DeadLetterDir = "deadletter"
	ParkDir       = "park"
	CheckpointDir = "checkpoint"
	// DeliveredName is the checkpoint's file beside a journal in memory. It is
	// another than beside one on disk because it says something else: how far
	// files were delivered.
	DeliveredName = "delivered.slot"
	LockFile      = "lock"
)

// openState takes the lock, recovers the journal and rolls the positions
// forward over the frames that are behind the checkpoint.
func (a *Agent) openState(ctx context.Context) (err error) {
	if a.cfg.Service.Journal.Type == config.InMemory {
		return a.openMemory(ctx)
	}
	dir, fs := a.cfg.Service.Journal.Directory, vfs.OS{}
	if err := unused(fs, filepath.Join(dir, CheckpointDir, DeliveredName), config.InMemory); err != nil {
		return err
	}
	if err := a.claim(ctx, fs, dir); err != nil {
		return err
	}
	if a.checkpoint, err = patiently(ctx, a.opener, func() (*checkpoint.Store, error) {
		return checkpoint.Open(checkpoint.Options{FS: fs, Dir: filepath.Join(dir, CheckpointDir), Logger: a.log})
	}); err != nil {
		return err
	}
	options := a.journalOptions(fs, dir)
	var j *journal.Journal
	options.OnDamaged = func(m *frame.Meta) { a.damaged(j, m) }
	if j, err = patiently(ctx, a.opener, func() (*journal.Journal, error) { return journal.Open(options) }); err != nil {
		return err
	}
	a.journal, a.cursor = j, cursors(j.Cursor)
	if _, err := patiently(ctx, a.opener, func() (storage, error) { return j, j.Replay(a.checkpoint.Seq(), a.apply) }); err != nil {
		return err
	}
	a.adopt()
	return a.openStores(ctx, fs, dir)
}

// openStores opens the places for what backends refuse.
func (a *Agent) openStores(ctx context.Context, fs vfs.FS, dir string) (err error) {
	c := a.cfg.Service.Journal
	a.stores = map[string]*journal.Store{}
	open := func(folder string, s config.Store, owner func(*journal.Refused) string) (*journal.Store, error) {
		o := journal.StoreOptions{
			FS: fs, Dir: filepath.Join(dir, folder), Quota: int64(s.MaxSize),
			Owner: owner, Refuse: s.OnFull == config.Block, Logger: a.log,
		}
		store, err := patiently(ctx, a.opener, func() (*journal.Store, error) { return journal.OpenStore(o) })
		if err == nil {
			a.stores[folder] = store
		}
		return store, err
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

// acknowledge is told of frames whose lines are not read again from now on.
func (a *Agent) acknowledge(metas []*frame.Meta) {
	for _, m := range metas {
		a.checkpoint.Apply(m)
	}
}

// damaged has the lines of a frame that the disk did not keep read once more,
// of the files that are still there.
func (a *Agent) damaged(j *journal.Journal, m *frame.Meta) {
	ranges, err := j.Missing(m)
	if err != nil {
		a.log.Error("the lines of a damaged frame are not read again: where they were is not known", "frame", m.Seq, "error", err)
	}
	// What the API server has told is not in a file.
	ranges = slices.DeleteFunc(ranges, func(m frame.Missing) bool { return !m.To.Identity.OfFile() })
	a.adoptRanges(ranges)
	if a.engine == nil {
		a.missing = append(a.missing, ranges...)
		return
	}
	a.engine.ReadAgain(ranges)
}

func (a *Agent) journalOptions(fs vfs.FS, dir string) journal.Options {
	c := a.cfg.Service.Journal
	o := journal.Options{
		FS: fs, Dir: filepath.Join(dir, LogsDir),
		MaxSize: int64(c.MaxSize), MaxAge: c.MaxAge,
		MinFree:   journal.Reserve{Share: float64(c.MinFree) / 100},
		Logger:    a.log,
		OnSync:    a.fsyncs.observe,
		OnDurable: a.acknowledge,
	}
	if a.owner.Behind(a.started) {
		o.LeaveOut = numbersOfACopy
	}
	return o
}

// numbersOfACopy are more than a journal gives in its life: the directory that
// a copy was made of may have given them.
const numbersOfACopy = 1 << 32

// openExporters gives each exporter its cursor and its loop.
func (a *Agent) openExporters(ctx context.Context) error {
	for _, id := range a.conf.Exporters {
		e, err := a.newExporter(id)
		if err != nil {
			return fmt.Errorf("exporter %s: %w", id, err)
		}
		s, err := a.newShipper(ctx, id.String(), e)
		if err != nil {
			return err
		}
		a.shippers = append(a.shippers, s)
	}
	return nil
}

func (a *Agent) newShipper(ctx context.Context, name string, e exporter) (*shipper, error) {
	o := e.options
	cursor, err := patiently(ctx, a.opener, func() (cursor, error) { return a.cursor(name, o.Position) })
	if err != nil {
		return nil, err
	}
	if err := a.rollback(ctx, name, cursor.Stats().Position); err != nil {
		return nil, err
	}
	o.Name, o.Cursor, o.Exporter, o.Logger = name, cursor, e.Exporter, a.log
	o.DeadLetter = a.dead
	if a.park != nil {
		o.Park = a.park
	}
	s := &shipper{name: name, cursor: cursor, loop: shipping.New(o), exporter: e.Exporter}
	if a.inMemory() {
		l := a.ledger(s)
		s.carried = l.Delivered + l.Parked + l.Dead + l.Lost
	}
	return s, nil
}

// openReceivers makes what brings frames, the engine that finds files, and the
// lanes that read them.
func (a *Agent) openReceivers(context.Context) (err error) {
	if a.frameReceivers, err = a.newFrameReceivers(); err != nil {
		return err
	}
	var providers []tail.Provider
	if err := a.eachReceiver(func(p tail.Provider) error {
		providers = append(providers, a.withSettings(p))
		if r, ok := p.(*pods.Receiver); ok {
			a.podLogs = append(a.podLogs, r)
		}
		return nil
	}); err != nil {
		return err
	}
	if len(providers) == 0 && len(a.conf.Processors) > 0 {
		a.log.Warn("the pipeline's processors have nothing to do: frames of other nodes pass as they are; configure processors on the nodes")
	}
	a.engine = tail.NewEngine(a.tailOptions(providers))
	a.engine.ReadAgain(a.missing)
	for i := range a.cfg.Service.Lanes {
		l, err := a.newLane(a.engine.Lane(i))
		if err != nil {
			return err
		}
		a.lanes = append(a.lanes, l)
	}
	return a.openTerminations()
}

func limits(c *config.Limits) tail.Limits {
	l := tail.Limits{Pod: int64(c.Pod), Namespace: int64(c.Namespace), Burst: c.Burst, Namespaces: make(map[string]int64, len(c.Namespaces))}
	for name, limit := range c.Namespaces {
		l.Namespaces[name] = int64(limit)
	}
	return l
}

// silence is after how long an unfinished line is recorded as it is. With a
// journal in memory it never is: after a crash the line would be framed anew,
// and be another record.
const silence = time.Minute

func (a *Agent) tailOptions(providers []tail.Provider) tail.Options {
	o := tail.Options{
		Providers: providers, Positions: a.checkpoint, PositionsLost: a.checkpoint.Lost(),
		Node: a.node, Lanes: a.cfg.Service.Lanes, Silence: silence, Multiline: true, Logger: a.log,
		Limits:        limits(&a.cfg.Service.Limits),
		TakesOver:     a.opts.TakesOver,
		UnlinkedBytes: int64(a.cfg.Service.Deleted.MaxSize), UnlinkedFiles: a.cfg.Service.Deleted.MaxFiles,
	}
	if a.metadata != nil {
		o.Gate = a.metadata
	}
	o.PositionsBehind = a.positionsBehind()
	if a.inMemory() {
		o.Silence = 0
	}
	return o
}
