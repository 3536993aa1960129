package memory

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync"

	"github.com/tailrace/tailrace/pipeline/journal"
)

// Letters stands where refused documents are kept on a node that has a disk.
// It behaves as a store of no size: it gives up what is put into it, counted
// as lost, or takes nothing.
type Letters struct {
	refuse bool
	log    *slog.Logger

	mu    sync.Mutex
	stats map[string]*journal.StoreStats
}

// NewLetters makes it; refuse says that Put returns journal.ErrStoreFull.
func NewLetters(refuse bool, log *slog.Logger) *Letters {
	return &Letters{refuse: refuse, log: log, stats: map[string]*journal.StoreStats{}}
}

// Put gives up documents, with the reason of the first.
func (l *Letters) Put(_ context.Context, docs []journal.Refused) error {
	if len(docs) == 0 {
		return nil
	}
	if l.refuse {
		return journal.ErrStoreFull
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range docs {
		l.of(docs[i].Exporter).Result.Add(journal.Result{Lost: uint64(docs[i].Lines), LostDocs: 1})
	}
	first := &docs[0]
	l.log.Error("refused documents are lost: there is no disk to keep them on", "documents", len(docs), "exporter", first.Exporter,
		"container", first.Container, "status", first.Status, "type", first.Type, "reason", first.Reason)
	return nil
}

func (l *Letters) of(exporter string) *journal.StoreStats {
	if l.stats[exporter] == nil {
		l.stats[exporter] = &journal.StoreStats{Exporter: exporter}
	}
	return l.stats[exporter]
}

// Stats are what was lost, by exporter.
func (l *Letters) Stats() []journal.StoreStats {
	l.mu.Lock()
	defer l.mu.Unlock()
	var all []journal.StoreStats
	for _, name := range slices.Sorted(maps.Keys(l.stats)) {
		all = append(all, *l.stats[name])
	}
	return all
}
