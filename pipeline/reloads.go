package pipeline

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/tailrace/tailrace/internal/status"
	"github.com/tailrace/tailrace/internal/telemetry"
	"github.com/tailrace/tailrace/pipeline/config"
)

// What can come of a look at the configuration.
const (
	outcomeApplied   = "applied"
	outcomeUnchanged = "unchanged"
	outcomeRefused   = "refused"
	outcomeFailed    = "failed"
)

// Reloads is what became of the configurations that a process has looked at.
type Reloads struct {
	mu       sync.Mutex
	outcomes map[string]int
	// loaded is when the configuration in the files was the agent's, failed and
	// reason tell of the last look after that, if it found one that was not.
	loaded, failed time.Time
	reason         string
}

// end notes how a look ended; an empty outcome is the process's start.
func (r *Reloads) end(err error, outcome string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.outcomes == nil {
		r.outcomes = map[string]int{outcomeApplied: 0, outcomeUnchanged: 0, outcomeRefused: 0, outcomeFailed: 0}
	}
	if outcome != "" {
		r.outcomes[outcome]++
	}
	if err != nil {
		r.failed, r.reason = time.Now(), strings.ReplaceAll(err.Error(), "\n", "; ")
		return
	}
	r.loaded, r.failed, r.reason = time.Now(), time.Time{}, ""
}

func (a *Agent) collectReloads(e telemetry.Emit) {
	r := a.opts.Reloads
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	e.Value(reloadSuccessful, number(r.failed.IsZero()))
	e.Value(reloadTime, float64(r.loaded.UnixNano())/1e9)
	for outcome, n := range r.outcomes {
		e.Value(reloadsDone, float64(n), outcome)
	}
}

func (a *Agent) reportReloads() (c status.Configuration) {
	if r := a.opts.Reloads; r != nil {
		r.mu.Lock()
		defer r.mu.Unlock()
		c = status.Configuration{Loaded: r.loaded, Failed: r.failed, Error: r.reason}
	}
	return c
}

// needsRestart says what of another configuration cannot be had without a
// restart of the process.
func (a *Agent) needsRestart(next *config.Config) error {
	const cure = "restart the agent to change it, or put it back"
	now, then := a.cfg.Service.Journal, next.Service.Journal
	var all []error
	for key, values := range map[string][2]string{
		"service.journal.type":      {now.Type, then.Type},
		"service.journal.directory": {now.Directory, then.Directory},
		"service.node":              {a.node, NodeName(next)},
	} {
		if values[0] != values[1] {
			all = append(all, fmt.Errorf("%s is %q and would be %q: %s", key, values[0], values[1], cure))
		}
	}
	if a.inMemory() && a.hold.lock == nil {
		all = append(all, errors.New("the positions of files are in memory only and would be lost: restart the agent, or give it a service.journal.directory"))
	}
	return errors.Join(all...)
}
