package tail

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/tailrace/tailrace/pipeline/event"
)

// State is what is being done with a file.
type State uint32

// The states of a file.
const (
	// StateWaiting: there is no complete first line yet.
	StateWaiting State = iota
	StateReading
	// StateIdle: read to its end.
	StateIdle
	// StateDraining: rotated away, deleted or finished, and watched for late
	// writes.
	StateDraining
	// StateDone: read to its end, and nothing more is expected.
	StateDone
	StateFailed
	StateRefused
	StateExcluded
	// StateThrottled: there is something to read, and a limit holds it.
	StateThrottled
	// StateHeld: the gate holds it.
	StateHeld
)

// String is the state in a word or two.
func (s State) String() string {
	names := [...]string{
		"waiting for its first line", "reading", "idle", "draining", "done", "failed", "refused", "excluded", "throttled",
		"waiting for metadata",
	}
	if int(s) < len(names) {
		return names[s]
	}
	return "unknown"
}

// FileStatus is what is known of one file: the answer to "why is my line not
// there".
type FileStatus struct {
	Path  string
	State State
	// Reason says why a file is refused or failed, which rule excludes it, or
	// which limit holds it.
	Reason string
	// Offset is up to where the file was consumed, Size how large it is.
	Offset, Size int64
	Unlinked     bool
	// Resting files have no descriptor just now.
	Resting bool

	// What follows is known when the first line was seen.
	ID        event.SourceID
	Identity  event.Identity
	Namespace string
	Pod       string
	Container string
	// ContainerKey is the Source's Container.
	ContainerKey string
}

// Files lists every file that was found, in the order of their names.
func (e *Engine) Files() []FileStatus {
	e.mu.Lock()
	defer e.mu.Unlock()
	var all []FileStatus
	for _, c := range e.chains {
		for _, f := range c.files {
			all = append(all, f.status())
		}
	}
	for path, u := range e.unread {
		all = append(all, FileStatus{Path: path, State: u.state, Reason: u.reason})
	}
	slices.SortFunc(all, func(a, b FileStatus) int { return cmp.Compare(a.Path, b.Path) })
	return all
}

func (f *file) status() FileStatus {
	s := FileStatus{
		Path: *f.path.Load(), State: State(f.state.Load()),
		Offset: f.offset.Load(), Size: f.size.Load(), Unlinked: f.unlinked.Load(), Resting: f.resting.Load(),
	}
	if reason := f.reason(s.State); reason != nil {
		s.Reason = *reason
	}
	if src := f.source.Load(); src != nil {
		s.ID, s.Identity = src.ID, src.Identity
		s.Namespace, s.Pod, s.Container, s.ContainerKey = src.Namespace, src.Pod, src.ContainerName, src.Container
	}
	return s
}

// reason is why the file is in a state that is not of its own making.
func (f *file) reason(s State) *string {
	switch s {
	case StateFailed:
		return f.failure.Load()
	case StateThrottled:
		return f.limit.Load()
	}
	return nil
}

// quote escapes what an untrusted name may hold for a log line.
func quote(name string) string {
	q := strconv.Quote(name)
	return q[1 : len(q)-1]
}
