package search

import (
	"context"
	"strconv"

	"github.com/tailrace/tailrace/pipeline/journal"
)

// PreviousLives finds, for each container in scope, the life before its last
// one: what kubectl's -p shows. The result is for Query.Restart.
func PreviousLives(ctx context.Context, r Reader, scope Scope) (map[string]string, error) {
	segments, err := r.Segments()
	if err != nil {
		return nil, err
	}
	lives := map[string]*twoLast{}
	for _, seg := range segments {
		_, err := r.Entries(ctx, seg, 0, func(e *journal.Entry) error {
			m, err := r.Meta(seg, e)
			if err != nil {
				return nil // a damaged frame has no lives to tell of
			}
			for i := range m.Sources {
				noteLife(lives, scope, m.Sources[i].Identity.Path)
			}
			return ctx.Err()
		})
		if err != nil {
			return nil, err
		}
	}
	return previous(lives), nil
}

// twoLast are the highest restart numbers of a container, -1 for none.
type twoLast struct{ last, before int }

func noteLife(lives map[string]*twoLast, scope Scope, path string) {
	at, ok := parsePathIdentity(path)
	if !ok || !scope.includes(at.origin) {
		return
	}
	n, err := strconv.Atoi(at.Restart)
	if err != nil {
		return
	}
	key := at.UID + "/" + at.Container
	l, ok := lives[key]
	if !ok {
		l = &twoLast{-1, -1}
		lives[key] = l
	}
	l.add(n)
}

func (l *twoLast) add(n int) {
	switch {
	case n > l.last:
		l.last, l.before = n, l.last
	case n < l.last && n > l.before:
		l.before = n
	}
}

func previous(lives map[string]*twoLast) map[string]string {
	restarts := map[string]string{}
	for key, l := range lives {
		if l.before >= 0 {
			restarts[key] = strconv.Itoa(l.before)
		}
	}
	return restarts
}
