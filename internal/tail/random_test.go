package tail

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tailrace/tailrace/pipeline/event"
	"github.com/tailrace/tailrace/pipeline/frame"
)

var (
	lives     = flag.Int("lives", 0, "how many random lives; 0 is 1500, fewer with -short or -race")
	firstLife = flag.Uint64("first", 0, "the seed of the first of them")
	lifeSeed  = flag.Int64("life", -1, "the seed of the one random life to run")
)

// TestRandomLives asserts what must hold in every life of log files and of an
// agent that reads them: what a model of the files says is recorded exactly
// once as it was written, what may be missing is counted, and the ledger adds
// up.
func TestRandomLives(t *testing.T) {
	if *lifeSeed >= 0 {
		report(t, uint64(*lifeSeed), nil)
		return
	}
	var all tally
	for seed := *firstLife; seed < *firstLife+uint64(numberOfLives()); seed++ {
		s := newLife(t, seed, nil)
		s.run(operations(seed))
		if all.add(s); len(s.problems) > 0 {
			report(t, seed, nil)
			break
		}
	}
	t.Logf("%+v", all)
	all.check(t)
}

func numberOfLives() int {
	switch {
	case *lives > 0:
		return *lives
	case raceEnabled:
		// It makes a life several times slower, and looks for something else.
		return 150
	case testing.Short():
		return 300
	}
	return 1500
}

// report shows the shortest list of operations that goes wrong like a seed's.
func report(t *testing.T, seed uint64, m *mutant) {
	t.Helper()
	ops := shrink(operations(seed), func(ops []operation) bool {
		s := newLife(t, seed, m)
		s.run(ops)
		return len(s.problems) > 0
	})
	s := newLife(t, seed, m)
	s.run(ops)
	if len(s.problems) > 0 {
		t.Errorf("a life goes wrong; repeat it with go test ./internal/tail -run TestRandomLives -life %d\n%s\n%s\n%s",
			seed, s.circumstances(), strings.Join(s.trace, "\n"), strings.Join(s.problems, "\n"))
	}
}

// operation is something that happens in a life. What it does depends on its
// own seed only, so that the others can be left out.
type operation struct{ kind, seed uint64 }

func operations(seed uint64) []operation {
	r := rand.New(rand.NewPCG(seed, 1))
	ops := make([]operation, 120)
	for i := range ops {
		ops[i] = operation{r.Uint64N(1000), r.Uint64()}
	}
	return ops
}

// shrink leaves out operations as long as it fails without them.
func shrink(ops []operation, fails func([]operation) bool) []operation {
	if !fails(ops) {
		return ops
	}
	for size := len(ops) / 2; size > 0; size /= 2 {
		for at := 0; at+size <= len(ops); {
			if fewer := slices.Delete(slices.Clone(ops), at, at+size); fails(fewer) {
				ops = fewer
			} else {
				at += size
			}
		}
	}
	return ops
}

// life is a random life: the model's files, and the agent that reads them.
type life struct {
	*world
	model
	seed   uint64
	random *rand.Rand
	mutant *mutant
	// open are the records since the last frame, recorded those before it.
	open, recorded map[recordID]bool
	ledger         event.Counts
	// gaps are the bytes that were lost of contents without an identity.
	gaps int64
	// copying says that logs are mostly rotated by copying and truncating them, as
	// plain ones may be.
	copying bool
	// skew is by how much the clock was set.
	skew time.Duration
	// did counts what happened, by name.
	did      map[string]int
	trace    []string
	problems []string
}

// recordID is what a document's id is made of. A record that goes on from one
// file into the next may have the place of another one, but not its text.
type recordID struct {
	source     event.SourceID
	start, end int64
	text       string
}

// newLife draws the circumstances of a life from its seed.
func newLife(t *testing.T, seed uint64, m *mutant) *life {
	r := rand.New(rand.NewPCG(seed, 2))
	s := &life{
		world: &world{t: t, decoder: Container, known: map[event.SourceID]frame.Source{}}, random: r, seed: seed, mutant: m,
		open: map[recordID]bool{}, recorded: map[recordID]bool{}, did: map[string]int{},
	}
	s.now = time.Date(2026, 3, 5, 10, 11, 0, 0, time.UTC)
	s.opts = Options{Node: "node", Budget: 64 << r.IntN(6), Now: func() time.Time { return s.now }, Positions: s.positions()}
	s.opts.wall = func() time.Time { return s.now.Add(s.skew) }
	if r.IntN(2) == 0 {
		s.opts.Silence = time.Minute
	}
	if r.IntN(4) == 0 {
		s.opts.UnlinkedBytes = int64(1 + r.IntN(500))
	}
	// Deleted files with an open record keep the few descriptors until silence
	// ends it.
	if r.IntN(3) == 0 && s.opts.Silence > 0 {
		s.opts.MaxFiles = leastFiles + r.IntN(2)
	}
	s.docker = r.IntN(3) == 0
	if s.plain = r.IntN(3) == 0; s.plain {
		s.decoder = Plain
	}
	if s.banners = r.IntN(4) == 0; s.banners {
		s.opts.Budget = 1024
	}
	s.copying = s.plain && !s.banners && r.IntN(2) == 0
	if r.IntN(2) == 0 && !s.banners {
		s.joins, s.patient, s.opts.Multiline = true, s.opts.Silence == 0, true
	}
	s.onlyKnown = r.IntN(4) == 0 && s.opts.MaxFiles == 0
	return s
}

// circumstances is what newLife has drawn.
func (s *life) circumstances() string {
	o := &s.opts
	return fmt.Sprintf("budget=%d silence=%v max-files=%d unlinked-bytes=%d plain=%t docker=%t banners=%t joins=%t copying=%t only-known=%t",
		o.Budget, o.Silence, o.MaxFiles, o.UnlinkedBytes, s.plain, s.docker, s.banners, s.joins, s.copying, s.onlyKnown)
}

func (s *life) positions() Positions {
	if s.mutant != nil && s.mutant.positions != nil {
		return s.mutant.positions(s.world)
	}
	return durable{s.world}
}

// run lets the operations happen, and judges.
func (s *life) run(ops []operation) {
	// On the disk an inode is given again at once, in memory never.
	base := "/dev/shm"
	if s.seed%4 == 0 {
		base = ""
	}
	dir, err := os.MkdirTemp(base, "tailrace-life-")
	if err != nil {
		dir, err = os.MkdirTemp("", "tailrace-life-")
	}
	s.must(err)
	defer os.RemoveAll(dir)
	s.world.dir, s.model.dir = dir, dir
	defer s.model.close()
	s.must(s.container("a"))
	s.must(s.container("b"))
	s.chains = 2
	s.birth()
	for _, op := range ops {
		s.random = rand.New(rand.NewPCG(op.seed, 3))
		s.happen(int(op.kind))
	}
	s.finish()
	s.world.crash()
	s.check()
}

// birth lets an agent that is asked for live files only see them before they
// are rotated: others are history that nobody asked for.
func (s *life) birth() {
	if !s.onlyKnown {
		return
	}
	for _, w := range s.writers {
		s.say("log %s: %q", w.chain, s.model.log(s.random, w))
		s.model.write(w, s.complete(w))
	}
	s.lookAndCollect()
	s.record()
}

func (s *life) say(format string, args ...any) {
	s.trace = append(s.trace, fmt.Sprintf(format, args...))
	name, _, _ := strings.Cut(format, " ")
	s.did[name]++
}

// happens are the operations and how often each is drawn, of 1000.
func (s *life) happen(n int) {
	for _, o := range []struct {
		often int
		do    func()
	}{
		{370, s.write}, {10, s.touch}, {20, s.compress}, {40, s.rotate}, {20, s.rename}, {30, s.reopen}, {15, s.storm},
		{20, s.cutOff}, {25, s.unlink}, {12, s.restartContainer}, {8, s.removePod},
		{130, s.lookAndCollect}, {60, s.lookOnly}, {70, func() { s.collect(1 + s.random.IntN(3)) }},
		{90, s.record}, {30, s.wait}, {10, s.account}, {20, s.die}, {10, s.dieWithAFrame}, {10, s.stop},
	} {
		if n < o.often {
			o.do()
			return
		}
		n -= o.often
	}
}

// tally is what happened in all lives.
type tally struct {
	Lives, Records, Pieces, Missing int
	LostBytes                       uint64
	Did                             map[string]int
}

func (a *tally) add(s *life) {
	a.Lives++
	a.Records += len(s.recorded)
	a.Pieces += s.pieces
	a.LostBytes += s.ledger.LostBytes
	if a.Did == nil {
		a.Did = map[string]int{}
	}
	for name, n := range s.did {
		a.Did[name] += n
	}
}

// check fails when something that lives should have in them did not happen.
func (a *tally) check(t *testing.T) {
	for _, name := range []string{"rotate", "rename", "reopen", "rename-back", "storm", "truncate", "regrown", "touch", "copytruncate", "compress", "unlink", "set", "container",
		"pod", "crash", "crash-with-frame", "stop", "inode-reused"} {
		if a.Did[name] == 0 {
			t.Errorf("no life had a %s in it", name)
		}
	}
	if a.LostBytes == 0 {
		t.Error("no life lost anything: that losses are counted was not tested")
	}
}
