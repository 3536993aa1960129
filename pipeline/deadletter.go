package pipeline

import (
	"context"
	"errors"
	"io/fs"
	"net/http"
	"sync"

	"github.com/tailrace/tailrace/internal/control"
	"github.com/tailrace/tailrace/pipeline/journal"
)

// ReplayDeadLettersPath is where the agent's control socket takes DeadLetters
// and answers with Replayed.
const ReplayDeadLettersPath = "/deadletter/replay"

// DeadLetters says which refused documents are meant; an empty field means any.
type DeadLetters struct {
	Exporter  string `json:"exporter,omitempty"`
	Namespace string `json:"namespace,omitempty"`
	// Container is "namespace/pod/container", or a file's path.
	Container string `json:"container,omitempty"`
}

// Wants says whether a document is meant.
func (d DeadLetters) Wants(r *journal.Refused) bool {
	return (d.Exporter == "" || d.Exporter == r.Exporter) &&
		(d.Namespace == "" || d.Namespace == r.Namespace) &&
		(d.Container == "" || d.Container == r.Container)
}

// Replayed is what became of dead letters that are to be sent again, in
// documents.
type Replayed struct {
	// Parked are tried again by the exporter that they are of.
	Parked int `json:"parked"`
	// NoRoom stay dead letters: the store for parked documents is full.
	NoRoom int `json:"no_room,omitempty"`
	// NoExporter stay dead letters: the agent has no such exporter.
	NoExporter int `json:"no_exporter,omitempty"`
}

// serveControl lets the owner of the state ask for things. Without a directory
// there is no state.
func (a *Agent) serveControl(context.Context) (err error) {
	if a.hold.lock == nil {
		return nil
	}
	var one sync.Mutex
	mux := http.NewServeMux()
	mux.Handle("POST "+ReplayDeadLettersPath, control.Handler(func(_ context.Context, d DeadLetters) (Replayed, error) {
		one.Lock()
		defer one.Unlock()
		return a.replayDeadLetters(d)
	}))
	a.control, err = control.Serve(a.cfg.Service.Journal.Directory, mux)
	if err != nil {
		a.log.Warn("nobody can ask this agent to send dead letters again", "error", err)
	}
	return nil
}

// replayDeadLetters parks dead letters, which are then tried as all parked
// documents are: what is refused for good comes back.
func (a *Agent) replayDeadLetters(d DeadLetters) (sum Replayed, err error) {
	dead, park := a.stores[DeadLetterDir], a.stores[ParkDir]
	known := map[string]bool{}
	for _, s := range a.shippers {
		known[s.name] = true
		err = errors.Join(err, sum.park(dead, park, s.name, d))
		s.loop.RetryParked()
	}
	for _, st := range dead.Stats() {
		if !known[st.Exporter] {
			n, failed := count(dead, st.Exporter, d)
			sum.NoExporter += n
			err = errors.Join(err, failed)
		}
	}
	return sum, err
}

// park moves documents of an exporter. Those of a move that a crash interrupts
// are in both stores, and sent again by either.
func (sum *Replayed) park(dead, park *journal.Store, exporter string, d DeadLetters) error {
	for _, b := range dead.Bundles(exporter) {
		wanted, rest, err := split(dead, b, d)
		if err != nil {
			return err
		}
		if len(wanted) == 0 {
			continue
		}
		if err := park.PutIfRoom(wanted); errors.Is(err, journal.ErrStoreFull) {
			sum.NoRoom += len(wanted)
			continue
		} else if err != nil {
			return err
		}
		sum.Parked += len(wanted)
		if err := dead.Settle(b, rest, journal.Result{}); err != nil {
			return err
		}
	}
	return nil
}

// split parts a bundle by what is wanted; one that was given up meanwhile has
// nothing.
func split(s *journal.Store, b journal.Bundle, d DeadLetters) (wanted, rest []journal.Refused, err error) {
	docs, err := s.Documents(b)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, nil
	}
	for _, r := range docs {
		if d.Wants(&r) {
			wanted = append(wanted, r)
		} else {
			rest = append(rest, r)
		}
	}
	return wanted, rest, err
}

func count(s *journal.Store, exporter string, d DeadLetters) (n int, err error) {
	for _, b := range s.Bundles(exporter) {
		wanted, _, failed := split(s, b, d)
		n, err = n+len(wanted), errors.Join(err, failed)
	}
	return n, err
}
