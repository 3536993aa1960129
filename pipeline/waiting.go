package pipeline

import (
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/tailrace/tailrace/internal/status"
	"github.com/tailrace/tailrace/internal/telemetry"
	"github.com/tailrace/tailrace/internal/vfs"
	"github.com/tailrace/tailrace/pipeline/journal"
)

// waitingRoom answers at the agent's address while its state cannot be opened:
// the agent is alive, is not ready, and says why. Who waits for another agent on
// the directory is ready nevertheless: in a roll-out that starts the new pod
// first, the old one is ended only when the new one is ready. It belongs to the
// goroutine that opens the state.
type waitingRoom struct {
	hold    *Hold
	address string
	version string
	log     *slog.Logger
	// report is what the status says besides the trouble.
	report status.Report
	// answers says that requests are answered by this room.
	answers bool
	// unserved is why nobody listens, as it was said.
	unserved string

	mu      sync.Mutex
	trouble error
}

func (a *Agent) newWaitingRoom() *waitingRoom {
	return &waitingRoom{
		hold: a.hold, address: a.cfg.Service.Telemetry.Metrics.Address, version: a.opts.Version, log: a.log,
		report: status.Report{
			Live: true, Node: a.node, Version: a.opts.Version,
			Journal: status.Journal{Directory: a.cfg.Service.Journal.Directory, InMemory: a.inMemory()},
		},
	}
}

// tell takes note of what is waited for, and begins to answer. The address may
// be another agent's that is about to end.
func (w *waitingRoom) tell(err error) {
	w.mu.Lock()
	w.trouble = err
	w.mu.Unlock()
	if w.answers || w.address == "" {
		return
	}
	if err = w.hold.answer(w.options()); err == nil {
		w.answers = true
		return
	}
	if w.unserved != err.Error() {
		w.log.Warn("while it waits, this agent cannot be asked why", "error", err)
		w.unserved = err.Error()
	}
}

func (w *waitingRoom) options() telemetry.ServerOptions {
	registry := telemetry.NewRegistry(w.version)
	registry.MustRegister(telemetry.Collector(w.collect))
	return telemetry.ServerOptions{
		Address: w.address,
		Metrics: registry,
		Alive:   func() error { return nil },
		Ready:   w.ready,
		Note:    w.why,
		Pages:   map[string]http.Handler{status.Path: http.HandlerFunc(w.serveStatus)},
		Logger:  w.log,
	}
}

func (w *waitingRoom) collect(e telemetry.Emit) {
	_, _, second := w.reason()
	e.Value(stateWaiting, number(second))
	e.Value(journalFull, number(!second))
}

func (w *waitingRoom) ready() error {
	if _, _, second := w.reason(); second {
		return nil
	}
	return errors.New(w.why())
}

// why is what is waited for, and the cure.
func (w *waitingRoom) why() string {
	trouble, cure, _ := w.reason()
	return trouble + "; " + cure
}

// reason is what is waited for, the cure, and whether it is another agent, to
// which this one is the second.
func (w *waitingRoom) reason() (trouble, cure string, second bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if errors.Is(w.trouble, vfs.ErrLocked) {
		return "another agent works on the same journal directory, and this one waits for it to end: " + heldBy(w.trouble), cureOfTwo, true
	}
	return "the agent's state cannot be opened, and nothing is read: " + w.trouble.Error(), journal.Cure(w.trouble), false
}

// serveStatus tells of the disk. What there is to know of a directory that is
// another agent's, is on the disk.
func (w *waitingRoom) serveStatus(out http.ResponseWriter, _ *http.Request) {
	if _, _, second := w.reason(); second {
		http.Error(out, w.why(), http.StatusServiceUnavailable)
		return
	}
	r := w.report
	w.mu.Lock()
	r.Time, r.Journal.Trouble, r.Journal.Cure = time.Now(), w.trouble.Error(), journal.Cure(w.trouble)
	w.mu.Unlock()
	sendReport(out, &r, w.log)
}
