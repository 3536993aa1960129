package oracle

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"sync/atomic"
	"time"
)

// Load is what a generator writes.
type Load struct {
	// Pods is the root of the container logs, Plain a folder for other logs;
	// each is left out when empty.
	Pods, Plain string
	Ledger      string
	Seed        uint64
	// Containers is the number of pods; each writes to both standard streams.
	Containers int
	// Plains is the number of other logs.
	Plains int
	// Rate is in records a second, over all files.
	Rate int
	// Limit is the size in bytes at which files are rotated.
	Limit int64
	// Drops and Poisons turn on records of these fates.
	Drops, Poisons bool
	// Longs makes one record in so many half a megabyte long; 0 makes none.
	Longs int
}

// turn is how often the ledger is committed, step how often files are written.
const (
	turn         = 50 * time.Millisecond
	stepsPerTurn = 10
)

// Generator writes a load.
type Generator struct {
	load    Load
	rand    *rand.Rand
	ledger  *Ledger
	writers []*writer
	records int
	paused  atomic.Bool
}

// Pause begins no more records, or does so again. Those that are begun are still
// written to their ends.
func (g *Generator) Pause(paused bool) { g.paused.Store(paused) }

// NewGenerator creates the files of a load.
func NewGenerator(load Load) (*Generator, error) {
	ledger, err := CreateLedger(load.Ledger)
	if err != nil {
		return nil, err
	}
	g := &Generator{load: load, ledger: ledger, rand: rand.New(rand.NewPCG(load.Seed, 1))}
	for i := range load.Containers {
		if err := g.addContainer(i); err != nil {
			return nil, err
		}
	}
	for i := range load.Plains {
		if err := g.addPlain(i); err != nil {
			return nil, err
		}
	}
	return g, nil
}

// Namespace is the namespace of the i-th container.
func Namespace(i int) string { return [...]string{"shop", "bank"}[i%2] }

func (g *Generator) addContainer(i int) error {
	ns := Namespace(i)
	pod := fmt.Sprintf("%s_web-%d_%08x-0000-4000-8000-%012x", ns, i, uint32(g.load.Seed), i)
	path := filepath.Join(g.load.Pods, pod, "app", "0.log")
	file, err := createLog(path, g.load.Limit, kubeletArchive)
	if err != nil {
		return err
	}
	w := &writer{file: file, frame: &criFraming{}, style: style(i % 3), namespace: ns}
	w.streams = []*stream{{name: fmt.Sprintf("c%d.stdout", i)}, {name: fmt.Sprintf("c%d.stderr", i), stderr: true}}
	g.writers = append(g.writers, w)
	return nil
}

func (g *Generator) addPlain(i int) error {
	file, err := createLog(filepath.Join(g.load.Plain, fmt.Sprintf("app-%d.log", i)), g.load.Limit, shiftArchive)
	if err != nil {
		return err
	}
	w := &writer{file: file, frame: plainFraming{}, style: style(i % 3), namespace: "-"}
	w.streams = []*stream{{name: fmt.Sprintf("f%d", i)}}
	g.writers = append(g.writers, w)
	return nil
}

// Run writes until ctx ends, and then what is unfinished.
func (g *Generator) Run(ctx context.Context) error {
	tick := time.NewTicker(turn / stepsPerTurn)
	defer tick.Stop()
	for ctx.Err() == nil {
		if !g.paused.Load() {
			if err := g.plan(); err != nil {
				return err
			}
		}
		for range stepsPerTurn {
			<-tick.C
			if err := g.step(); err != nil {
				return err
			}
		}
	}
	return g.finish()
}

// longFiller is what a long record has: escaped and framed it stays below the
// megabyte at which an agent may cut.
const longFiller = 512 << 10

func (g *Generator) fillerSize() int {
	if g.load.Longs > 0 && g.rand.IntN(g.load.Longs) == 0 {
		return longFiller
	}
	return fillerSize(g.rand)
}

// plan decides what the next turn writes, and commits it to the ledger.
func (g *Generator) plan() error {
	for range int(float64(g.load.Rate) * turn.Seconds()) {
		w := g.writers[g.rand.IntN(len(g.writers))]
		w.add(g, w.streams[g.rand.IntN(len(w.streams))])
	}
	return g.ledger.Commit()
}

func (g *Generator) step() error {
	for _, w := range g.writers {
		w.release(g.rand)
		if err := w.file.step(g.rand); err != nil {
			return err
		}
	}
	return g.ledger.Written(g.written())
}

// written is how many of the ledger's first records are whole in the files: up
// to the first that is not.
func (g *Generator) written() int {
	n := g.records
	for _, w := range g.writers {
		n = min(n, w.firstUnwritten(g.records))
	}
	return n
}

func (g *Generator) finish() error {
	for _, w := range g.writers {
		for w.unfinished() {
			w.release(g.rand)
			if err := w.file.step(g.rand); err != nil {
				return err
			}
		}
		if err := w.file.finish(); err != nil {
			return err
		}
	}
	return g.ledger.Close()
}
