package tail

import (
	"context"
	"log/slog"
	"math"
	"path"
	"time"

	"github.com/tailrace/tailrace/pipeline/event"
	"github.com/tailrace/tailrace/pipeline/frame"
)

// Decoder is how a file's lines are wrapped.
type Decoder uint8

// The decoders.
const (
	Plain Decoder = iota
	// Container lines are wrapped by a container runtime, either as the CRI
	// has it or as Docker's json-file driver.
	Container
)

// DefaultClass is the frame class of sources for which the receiver chose
// none.
const DefaultClass = "default"

// JoiningShare is how long an unfinished record may always be, whatever the
// others hold: four pieces of containerd's usual 16 KiB.
const JoiningShare = 64 << 10

// Live is the Order of the file that is being written now.
const Live = math.MaxInt64

// Target is a file that a Provider found.
type Target struct {
	// Root is a directory, Name the file's name relative to it: symbolic links
	// on the way from one to the other are not followed.
	Root, Name string
	// Chain names the files that are read one after the other: a live file
	// and what was rotated away from it. Order is the place in it: older
	// files have smaller numbers, the live one has Live.
	Chain string
	Order int64
	// PathIdentity is the first part of the files' identity.
	PathIdentity string
	Decoder      Decoder
	// Compressed says that the file is compressed with gzip. It has the Order
	// of the file that it was made of.
	Compressed bool
	// Superseded says that nothing will be written any more, because a newer
	// restart of the container has a log.
	Superseded bool
	// OnlyKnown files were not asked for, but their chain's live file was: they
	// are read only if a position of theirs is known, or if they were written
	// since the chain is read. Chain is the path of the live file then.
	OnlyKnown bool
	Start     Start
	// Excluded is the rule for which the file is not read, Refused the reason
	// why it cannot be: both only for the status.
	Excluded, Refused string
}

// Path is where the file is.
func (t *Target) Path() string { return path.Join(t.Root, t.Name) }

// Start is where reading begins in a file that was there when the engine
// started and of which no position is known. The zero Start is its beginning.
type Start struct {
	// End leaves out everything that is there already.
	End bool
	// Since leaves out records of before.
	Since time.Time
}

// Provider finds files; receivers implement it. Calls come from the engine's
// goroutine, but for Describe, which comes from a lane's. One that has files open
// is an io.Closer, and is closed when the engine ends.
type Provider interface {
	// Scan yields every file at or below a directory, or all of them when
	// under is empty. An error means that the result is not complete.
	Scan(ctx context.Context, under string, yield func(Target)) error
	// Watch lists the directories in which files were looked for last.
	Watch() []string
	// Describe is what the components get to know of a file.
	Describe(t *Target) event.Source
}

// Positions is what the journal knows of files read before; it is a
// *checkpoint.Store. Calls come from several goroutines.
type Positions interface {
	// Find lists the known files of a path identity, the last seen first.
	Find(pathIdentity string) []frame.Source
	// Entries lists all.
	Entries() []frame.Source
	// Present is told which known files are there, and which are not.
	Present(id event.SourceID, present bool)
}

// Options are what an Engine needs.
type Options struct {
	Providers []Provider
	Positions Positions
	// PositionsLost says that there had been positions, but that they could
	// not be read: files found at the start may have been delivered before.
	PositionsLost bool
	// PositionsBehind says that the positions may be behind what was delivered:
	// what is in files at the start may have been delivered before.
	PositionsBehind bool
	// TakesOver is the zero time unless this engine goes on in place of another
	// one: then files that were made after it are as new as those that come
	// later, and are read from their beginning wherever reading starts.
	TakesOver time.Time
	// Node is part of every source's id.
	Node string
	// Lanes is how many goroutines read. Default 1.
	Lanes int
	// MaxLine caps a line and a joined record. Default 1 MiB.
	MaxLine int
	// Budget is how much of a file is read in a turn. Default 256 KiB.
	Budget int
	// Limits are how much is read in a second.
	Limits Limits
	// Gate is asked before files are read; nil holds none.
	Gate Gate
	// Joining bounds what a lane keeps of unfinished records in memory. Beyond
	// it, records that are longer than JoiningShare are cut. Default 16 MiB.
	Joining int
	// Silence is after how long an unfinished line or record is emitted as it
	// is; 0 is never, which a journal in memory needs: boundaries that time
	// has drawn must be durable before anybody sees the record.
	Silence time.Duration
	// Multiline puts the lines of a record together, as far as the settings of
	// sources do not say otherwise. How long a record waits for its next line
	// depends on Silence: a second, less where none is expected, or for ever.
	Multiline bool
	// Grace is for how long a rotated, deleted or finished file is still
	// watched for late writes. Default 5 s.
	Grace time.Duration
	// Rescan is how often everything is looked for anew, whatever inotify
	// says. Default 10 s.
	Rescan time.Duration
	// UnlinkedBytes and UnlinkedFiles bound what deleted files may hold of the
	// disk while they wait to be read. Defaults 1 GiB and 1,024.
	UnlinkedBytes int64
	UnlinkedFiles int
	// MaxFiles bounds the open files. Those that have nothing to read are
	// closed to make room for others. Default: three quarters of what the process
	// may open, or what the rest of the agent leaves of it, which is 8 at least. A
	// budget of 1 is taken for 2: a copy is compared with its original, and a
	// deleted file waits for the one that its record goes on in, so that a chain may
	// stall when only one of its files can be open.
	MaxFiles int
	Logger   *slog.Logger
	// Now is the clock; nil is the system's as it was at the start, going on
	// evenly whatever that is set to: deadlines depend on it.
	Now func() time.Time
	// wall is the clock by which records were read; nil is the system's, or Now.
	wall func() time.Time
}

// orDefault returns v, or def when v is zero.
func orDefault[T int | int64 | time.Duration](v, def T) T {
	if v == 0 {
		return def
	}
	return v
}

func (o *Options) setDefaults() {
	o.Lanes = orDefault(o.Lanes, 1)
	o.MaxLine = orDefault(o.MaxLine, 1<<20)
	o.Budget = orDefault(o.Budget, 256<<10)
	o.Joining = orDefault(o.Joining, 16<<20)
	o.Grace = orDefault(o.Grace, 5*time.Second)
	o.Rescan = orDefault(o.Rescan, 10*time.Second)
	o.UnlinkedBytes = orDefault(o.UnlinkedBytes, 1<<30)
	o.UnlinkedFiles = orDefault(o.UnlinkedFiles, 1024)
	if o.MaxFiles == 0 {
		o.MaxFiles = fileShare(descriptorLimit())
	}
	o.MaxFiles = max(o.MaxFiles, leastFiles)
	// What deleted files take is not there for the others.
	o.UnlinkedFiles = min(o.UnlinkedFiles, max(1, o.MaxFiles/2))
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	switch {
	case o.Now == nil:
		o.Now, o.wall = steady(), time.Now
	case o.wall == nil:
		o.wall = o.Now
	}
	if o.Positions == nil {
		o.Positions = noPositions{}
	}
}

// ownDescriptors is what the journal, the exporters and the metrics need; fewest
// is how many files are open however little that leaves, leastFiles with how many
// no chain stalls.
const (
	ownDescriptors = 48
	fewest         = 8
	leastFiles     = 2
)

func fileShare(limit int) int { return max(fewest, min(limit*3/4, limit-ownDescriptors)) }

// steady is a clock that nobody sets: it begins with the system's time and adds
// what has passed since.
func steady() func() time.Time {
	start := time.Now()
	return func() time.Time { return start.Add(time.Since(start)) }
}

// noPositions is for an agent that has read nothing yet.
type noPositions struct{}

func (noPositions) Find(string) []frame.Source   { return nil }
func (noPositions) Entries() []frame.Source      { return nil }
func (noPositions) Present(event.SourceID, bool) {}
