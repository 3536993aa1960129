package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/tailrace/tailrace/internal/tail"
	"github.com/tailrace/tailrace/pipeline/encode"
	"github.com/tailrace/tailrace/processors/filter"
	"github.com/tailrace/tailrace/processors/parse"
)

// newLane makes a lane with processors of its own: parsing comes before those of
// the configuration.
func (a *Agent) newLane(r *tail.Lane) (*lane, error) {
	zone, err := a.cfg.Service.Location()
	if err != nil {
		return nil, err
	}
	custom, err := parse.Compile(a.cfg.Service.Formats)
	if err != nil {
		return nil, fmt.Errorf("service.formats.%w", err)
	}
	parser := parse.New(parse.Options{Location: zone, Custom: custom, Logger: a.log})
	a.parsers = append(a.parsers, parser)
	first := []Processor{parser}
	if a.metadata != nil {
		first = []Processor{new(filter.Wanted), parser}
	}
	l, err := a.laneOver(r, "a lane", first...)
	if err != nil {
		return nil, err
	}
	r.OnOpen, r.OnClose = l.openSource, l.closeSource
	return l, nil
}

// laneOver makes a lane with the processors of the pipeline behind some others.
// Before all of them secrets are taken out: nothing else sees them.
func (a *Agent) laneOver(r Reader, name string, first ...Processor) (*lane, error) {
	c := a.cfg.Service.Journal.Flush
	redactor, err := NewRedactor(a.cfg, a.conf.Processors, a.log)
	if err != nil {
		return nil, err
	}
	a.redactors = append(a.redactors, redactor)
	l := &lane{
		reader:  r,
		encoder: encode.New(encode.Options{Node: a.node, Mapping: encode.Mapping(a.conf.Mapping)}),
		journal: a.journal,
		flush:   Flush{Interval: c.Interval, Bytes: int(c.Bytes)},
		log:     a.log,
		pulse:   a.watchdog.Watch(name, stuckAfter),
	}
	for _, p := range append([]Processor{redactor}, first...) {
		l.add(p)
	}
	for _, id := range a.conf.Processors {
		if id.Type == redactType {
			continue
		}
		p, err := a.newProcessor(id)
		if err != nil {
			return nil, errors.Join(errors.New("processor "+id.String()), err)
		}
		l.add(p)
	}
	return l, nil
}

// stuckAfter is after how long without a turn a lane that does not wait for
// the journal counts as stuck.
const stuckAfter = time.Minute

// ruled is a processor that drops records, each by one of its rules.
type ruled interface {
	Rules() []string
	NumberFrom(n int)
}

// add appends a processor. Rules are numbered over all processors of the lane.
func (l *lane) add(p Processor) {
	if f, ok := p.(ruled); ok {
		f.NumberFrom(len(l.rules))
		l.rules = append(l.rules, f.Rules()...)
	}
	l.processors = append(l.processors, p)
}

// Run works until ctx ends: then lanes seal what they have read, the journal
// takes it, exporters that get on have Options.Drain to deliver it, unless
// another agent waits to go on with them, and positions are saved. What was not
// delivered waits in the journal for the next start, or goes back to where it
// came from.
func (a *Agent) Run(ctx context.Context) error {
	reading, stopReading := context.WithCancel(context.WithoutCancel(ctx))
	shipping, stopShipping := context.WithCancel(context.WithoutCancel(ctx))
	acknowledging, stopAcknowledging := context.WithCancel(context.WithoutCancel(ctx))
	defer stopReading()
	defer stopShipping()
	defer stopAcknowledging()

	var readers, shippers, receivers sync.WaitGroup
	failed := make(chan error, 1+len(a.lanes)+len(a.shippers)+len(a.frameReceivers))
	for _, s := range a.shippers {
		shippers.Go(func() { failed <- s.loop.Run(shipping) })
	}
	for _, r := range a.frameReceivers {
		receivers.Go(func() { failed <- r.Run(reading, acknowledging) })
	}
	readers.Go(func() { failed <- a.engine.Run(reading) })
	readers.Go(func() { a.saveRegularly(reading) })
	readers.Go(func() { a.followMetadata(reading) })
	for _, l := range a.lanes {
		readers.Go(func() { l.run(reading) })
	}

	var err error
	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	stopReading()
	readers.Wait()
	err = errors.Join(err, a.flush(ctx))
	a.drain(a.heir(ctx))
	stopShipping()
	shippers.Wait()
	stopAcknowledging()
	receivers.Wait()
	return errors.Join(err, a.Close())
}

// saveRegularly writes the positions and tells the journal which frames need
// not be replayed any more.
func (a *Agent) saveRegularly(ctx context.Context) {
	interval := saveInterval
	if a.inMemory() {
		interval = saveIntervalInMemory
	}
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			a.save()
		}
	}
}

func (a *Agent) save() {
	covered, err := a.checkpoint.Save()
	if err != nil {
		a.log.Error("positions were not saved; a restart begins with older ones, nothing is lost", "error", err)
		return
	}
	a.journal.Checkpointed(covered)
}

// Close ends the parts that Run has not ended, in the order in which data
// flows. Nothing is written after it. The next agent is let in, unless the lock
// is the caller's (Options.Hold).
func (a *Agent) Close() error {
	var err error
	if a.control != nil {
		err = errors.Join(err, a.control.Close())
	}
	if a.journal != nil {
		err = errors.Join(err, a.journal.Close())
		a.save()
	}
	for _, s := range a.shippers {
		if c, ok := s.exporter.(io.Closer); ok {
			err = errors.Join(err, c.Close())
		}
	}
	for _, s := range a.stores {
		err = errors.Join(err, s.Close())
	}
	if a.checkpoint != nil {
		err = errors.Join(err, a.checkpoint.Close())
	}
	if a.opts.Hold == nil {
		err = errors.Join(err, a.hold.Close())
	}
	return err
}
