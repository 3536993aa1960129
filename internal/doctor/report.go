// Package doctor looks at a node as the agent finds it, and says what is wrong
// and what cures it. It changes nothing but a file of its own that it removes.
package doctor

import (
	"fmt"
	"io"

	"github.com/tailrace/tailrace/internal/render"
)

// State is how grave a finding is.
type State string

// The states. A Warning is something that the agent lives with.
const (
	OK      State = "ok"
	Warning State = "warning"
	Wrong   State = "wrong"
)

// Finding is what came of one check.
type Finding struct {
	Check string `json:"check"`
	State State  `json:"state"`
	// Says is what was found, Cure what to change; it is empty when there is
	// nothing to cure.
	Says string `json:"finding"`
	Cure string `json:"cure,omitempty"`
}

func fine(check, format string, args ...any) Finding {
	return Finding{Check: check, State: OK, Says: fmt.Sprintf(format, args...)}
}

// or makes a finding a graver one.
func (f Finding) or(state State, cure string) Finding {
	f.State, f.Cure = state, cure
	return f
}

// Failed is the finding of a check that could not be done.
func Failed(check string, err error, cure string) Finding {
	return fine(check, "%v", err).or(Wrong, cure)
}

// Report is what was found.
type Report struct {
	Healthy  bool      `json:"healthy"`
	Findings []Finding `json:"findings"`
}

// NewReport is healthy unless something is wrong.
func NewReport(findings []Finding) *Report {
	r := &Report{Healthy: true, Findings: findings}
	for _, f := range findings {
		r.Healthy = r.Healthy && f.State != Wrong
	}
	return r
}

// colors are SGR parameters (ECMA-48, 8.3.117).
var colors = map[State]string{OK: "32", Warning: "33", Wrong: "31"}

// Print shows a report to a person.
func (r *Report) Print(out io.Writer, color bool) error {
	for _, f := range r.Findings {
		state := fmt.Sprintf("%-7s", f.State)
		if color {
			state = "\x1b[" + colors[f.State] + "m" + state + "\x1b[0m"
		}
		if _, err := fmt.Fprintf(out, "%s  %-13s  %s\n", state, f.Check, safe(f.Says)); err != nil {
			return err
		}
		if f.Cure != "" {
			if _, err := fmt.Fprintf(out, "%24s cure: %s\n", "", safe(f.Cure)); err != nil {
				return err
			}
		}
	}
	return nil
}

// safe is text without anything that a terminal obeys.
func safe(s string) string { return string(render.Escape(nil, []byte(s))) }
