package elasticsearch

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"time"
)

// backing is an index that documents are written to, of a data stream, behind
// an alias or by itself.
type backing struct {
	created time.Time
	// older are the indices that were written to before it, the oldest first.
	older []sibling
}

// sibling was written to until the next one was created.
type sibling struct {
	name  string
	until time.Time
}

// backings remembers backing indices. What is older than an index stays the
// same but for what is deleted.
type backings struct {
	mu    sync.Mutex
	known map[string]*backing
}

// maxBackings bounds the memory; beyond it everything is asked for again.
const maxBackings = 4096

func (b *backings) get(name string) *backing {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.known[name]
}

func (b *backings) put(name string, found *backing) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.known == nil || len(b.known) >= maxBackings {
		b.known = make(map[string]*backing)
	}
	b.known[name] = found
}

// learn asks which indices are older than one that a document was written to,
// behind the same data stream, or the same alias: the target in its action.
func (e *Exporter) learn(ctx context.Context, name, target string) (*backing, error) {
	if stream := streamOf(name); stream != "" {
		target = stream
	}
	created, err := e.creationDates(ctx, target)
	if err != nil {
		return nil, err
	}
	found := &backing{created: created[name]}
	if !found.created.IsZero() {
		found.older = olderThan(created, name)
	}
	e.rollover.backings.put(name, found)
	return found, nil
}

// backingName is how Elasticsearch calls the indices of a data stream:
// .ds-<stream>-<date>-<generation>.
var backingName = regexp.MustCompile(`^\.ds-(.+)-\d{4}\.\d\d\.\d\d-\d{6,}$`)

// streamOf is the data stream of a backing index, which an ingest pipeline may
// have chosen; empty for other indices.
func streamOf(name string) string {
	if m := backingName.FindStringSubmatch(name); m != nil {
		return m[1]
	}
	return ""
}

// olderThan are the indices that were created before one of them.
func olderThan(created map[string]time.Time, name string) []sibling {
	names := make([]string, 0, len(created))
	for n := range created {
		names = append(names, n)
	}
	slices.SortFunc(names, func(a, b string) int { return cmp.Or(created[a].Compare(created[b]), cmp.Compare(a, b)) })
	var older []sibling
	for i, n := range names {
		if n == name {
			break
		}
		older = append(older, sibling{n, created[names[i+1]]})
	}
	return older
}

// creationDates are those of the indices behind a target.
func (e *Exporter) creationDates(ctx context.Context, target string) (map[string]time.Time, error) {
	var answer map[string]struct {
		Settings struct {
			Index struct {
				CreationDate string `json:"creation_date"`
			} `json:"index"`
		} `json:"settings"`
	}
	err := e.call(ctx, http.MethodGet, "/"+url.PathEscape(target)+"/_settings?filter_path=*.settings.index.creation_date", nil, &answer)
	if failed, ok := errors.AsType[*callError](err); ok && failed.status == http.StatusNotFound {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	created := make(map[string]time.Time, len(answer))
	for name, a := range answer {
		ms, err := strconv.ParseInt(a.Settings.Index.CreationDate, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("index %q has the creation date %q, not a number of milliseconds", name, a.Settings.Index.CreationDate)
		}
		created[name] = time.UnixMilli(ms)
	}
	return created, nil
}
