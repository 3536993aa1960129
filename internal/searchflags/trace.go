package searchflags

import (
	"github.com/tailrace/tailrace/internal/search"
)

// Trace says which trace is shown, and within which time.
type Trace struct{ Bounds }

// Query is what the flags ask for of ids.
func (t *Trace) Query(ids ...string) (q search.Query, err error) {
	if err := t.Apply(&q); err != nil {
		return q, err
	}
	for _, id := range ids {
		terms, err := search.ParseID(id)
		if err != nil {
			return q, err
		}
		q.Terms = append(q.Terms, terms...)
	}
	return q, nil
}
