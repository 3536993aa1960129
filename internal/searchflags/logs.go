package searchflags

import (
	"fmt"
	"math"
	"strings"

	"github.com/spf13/pflag"

	"github.com/tailrace/tailrace/internal/search"
)

// Logs says which lines logs shows.
type Logs struct {
	Bounds
	Selector, SinceTime string
	AllNamespaces       bool
	Follow, Previous    bool
	Tail                int
}

// LogsExclusive are the flags of Logs of which only one may be given.
var LogsExclusive = [][]string{{"since", "since-time"}, {"namespace", "all-namespaces"}, {"follow", "previous"}}

// Add adds the flags.
func (l *Logs) Add(f *pflag.FlagSet) {
	f.StringVarP(&l.Namespace, "namespace", "n", "", "only this namespace")
	f.BoolVarP(&l.AllNamespaces, "all-namespaces", "A", false, "every namespace, as without -n")
	f.StringVarP(&l.Container, "container", "c", "", "only this container")
	f.StringVarP(&l.Selector, "selector", "l", "", "only pods with these labels: key=value, key!=value, key, !key, with commas between")
	f.BoolVarP(&l.Follow, "follow", "f", false, "go on with new lines")
	f.BoolVarP(&l.Previous, "previous", "p", false, "the life of the container before its last one")
	f.IntVar(&l.Tail, "tail", -1, "only this many lines of each container, the last ones")
	f.StringVar(&l.SinceTime, "since-time", "", "from this moment on (RFC 3339)")
	l.AddTime(f, search.AllTime)
}

// Query is what the flags ask for of a pod: empty for all, pod/NAME as kubectl
// has it too.
func (l *Logs) Query(pod string) (q search.Query, err error) {
	l.Pod = strings.TrimPrefix(pod, "pod/")
	if l.SinceTime != "" {
		l.Since = l.SinceTime
	}
	if err := l.Apply(&q); err != nil {
		return q, err
	}
	if q.Scope.Labels, err = search.ParseLabels(l.Selector); err != nil {
		return q, err
	}
	if l.Tail < -1 || l.Tail > math.MaxInt32 {
		return q, fmt.Errorf("--tail %d: want how many lines, or -1 for all", l.Tail)
	}
	return q, nil
}

// Wanted says in words whose lines were asked for.
func (l *Logs) Wanted() string {
	what := "lines"
	for _, part := range []struct{ name, value string }{
		{"pod", l.Pod}, {"container", l.Container}, {"namespace", l.Namespace}, {"labels", l.Selector},
	} {
		if part.value != "" {
			what += fmt.Sprintf(" of %s %s", part.name, part.value)
		}
	}
	return what
}
