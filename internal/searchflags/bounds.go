package searchflags

import (
	"fmt"
	"time"

	"github.com/spf13/pflag"

	"github.com/tailrace/tailrace/internal/search"
)

// Bounds say from when to when, and whose lines.
type Bounds struct {
	Since, Until              string
	Namespace, Pod, Container string
}

// AddTime adds the bounds in time. since is the default of how far back.
func (f *Bounds) AddTime(flags *pflag.FlagSet, since string) {
	flags.StringVar(&f.Since, "since", since, "from how long ago (10m, 2h, 3d), which moment (RFC 3339) or all")
	flags.StringVar(&f.Until, "until", "", "up to how long ago or which moment")
}

// AddNames adds the bounds in space.
func (f *Bounds) AddNames(flags *pflag.FlagSet) {
	flags.StringVarP(&f.Namespace, "namespace", "n", "", "only this namespace; shell patterns are understood, here and below")
	flags.StringVar(&f.Pod, "pod", "", "only this pod, or the pods of the workload of this name")
	flags.StringVarP(&f.Container, "container", "c", "", "only this container")
}

// Apply narrows q.
func (f *Bounds) Apply(q *search.Query) (err error) {
	now := time.Now()
	if q.Since, err = search.ParseTime(f.Since, now); err != nil {
		return fmt.Errorf("--since: %w", err)
	}
	if q.Until, err = search.ParseTime(f.Until, now); err != nil {
		return fmt.Errorf("--until: %w", err)
	}
	if q.Until != 0 && q.Until <= q.Since {
		return fmt.Errorf("--until %s is not after --since %s: no time lies between them", f.Until, f.Since)
	}
	q.Scope = search.Scope{Namespace: f.Namespace, Pod: f.Pod, Container: f.Container}
	return q.Scope.Check()
}
