package shipping

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/tailrace/tailrace/pipeline/journal"
)

// Options are what a Shipper works with. An exporter's configuration fills
// Flush, Retry, Classes and Position; the agent the rest.
type Options struct {
	// Name is the exporter's in the configuration.
	Name string
	// Cursor gives the frames.
	Cursor Cursor
	// Exporter takes them.
	Exporter Exporter
	// DeadLetter takes documents that will never be stored. Without it they
	// hold the cursor.
	DeadLetter Letters
	// Park takes documents that wait for their index. Without it they hold
	// the cursor.
	Park Lot

	// Rewrite makes another document of one that is Unmappable, with the same
	// id; false when it cannot. Without it such documents are Rejected.
	Rewrite func(doc []byte) (rewritten []byte, ok bool)

	Flush Flush
	Retry Retry
	// InFlight is how many requests may be without an answer at a time; 1 when
	// it is less.
	InFlight int
	// OneFrame sends each frame in a request of its own.
	OneFrame bool
	// Classes are the frame classes that are sent; empty means all. Frames of
	// others are passed.
	Classes []string
	// Position is how the cursor is to be opened.
	Position journal.CursorOptions

	Logger *slog.Logger
}

// Cursor is a position in a journal, such as *journal.Cursor.
type Cursor interface {
	Next(ctx context.Context) (*journal.Frame, error)
	Advance(f *journal.Frame, r journal.Result) error
}

// Flush says when gathered frames are sent: whichever comes first. Bytes are
// plain, since that is what a backend has to work on.
type Flush struct {
	Interval time.Duration
	Bytes    int
}

// Retry bounds the exponential back-off, which is fully jittered.
type Retry struct {
	InitialInterval time.Duration
	MaxInterval     time.Duration
}

// Validate says what is wrong with the bounds, by the names of the keys.
func (r Retry) Validate() error {
	if r.InitialInterval <= 0 || r.MaxInterval < r.InitialInterval {
		return errors.New("retry.initial_interval must be longer than 0, and retry.max_interval not shorter than it")
	}
	return nil
}

// fullJitter chooses a wait between nothing and the ceiling, so that the nodes
// of a cluster that failed together do not come back together.
func fullJitter(ceiling time.Duration) time.Duration {
	return rand.N(ceiling + 1)
}

// Config are the keys that every exporter has.
type Config struct {
	Classes []string `mapstructure:"classes" doc:"Frame classes that are sent; all when empty. service.routes give logs their classes; those that no route matches have the class default."`
	OnFull  string   `mapstructure:"on_full" doc:"When the journal is full of frames not yet sent: block makes the agent wait with reading, skip drops the oldest for this exporter, counted."`
	StartAt string   `mapstructure:"start_at" doc:"Where a new exporter begins in the journal: end, or beginning to send what is kept."`
}

// DefaultConfig are the values of keys that are not given.
func DefaultConfig() Config { return Config{OnFull: "block", StartAt: "end"} }

// Validate says what is wrong with the values, all of it.
func (c *Config) Validate() error {
	var onFull, startAt error
	if c.OnFull != "block" && c.OnFull != "skip" {
		onFull = fmt.Errorf("on_full must be block or skip, not %q", c.OnFull)
	}
	if c.StartAt != "end" && c.StartAt != "beginning" {
		startAt = fmt.Errorf("start_at must be end or beginning, not %q", c.StartAt)
	}
	return errors.Join(onFull, startAt)
}

// Options are those that follow from the configuration.
func (c *Config) Options(f Flush, r Retry) Options {
	o := Options{Flush: f, Retry: r, Classes: c.Classes}
	if c.OnFull == "skip" {
		o.Position.OnFull = journal.Skip
	}
	o.Position.StartAtBeginning = c.StartAt == "beginning"
	return o
}
