package journals

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/tailrace/tailrace/pipeline/event"
	"github.com/tailrace/tailrace/pipeline/frame"
	"github.com/tailrace/tailrace/pipeline/journal"
)

// Bulk is a journal for measurements: many frames of Docs documents, whose
// filters all know other ids.
type Bulk struct {
	Docs int
	// Size is how many compressed bytes there are.
	Size int64
}

// Wanted is the trace of 20 lines that are in one frame in its middle.
func Wanted() [16]byte { return bulkTrace(wantedFirst) }

// wantedFirst is far from the numbers of all other documents.
const wantedFirst = 1 << 40

// Write fills a journal.
func (b Bulk) Write(j *journal.Journal) error {
	prints := b.frames()
	wanted := bulkFrame(frame.NewBuilder(1), 20, wantedFirst)
	written := int64(0)
	for i := 0; written < b.Size; i++ {
		f := otherIDs(prints[i%len(prints)])
		if written > b.Size/2 && wanted != nil {
			f, wanted = wanted, nil
		}
		later(f, time.Duration(i)*200*time.Millisecond)
		written += int64(len(f.Payload))
		if err := j.Append(context.Background(), f); err != nil {
			return err
		}
	}
	return nil
}

// WriteTo makes a journal below an agent's directory and fills it.
func (b Bulk) WriteTo(root string) error {
	j, err := Open(root)
	if err != nil {
		return err
	}
	return errors.Join(b.Write(j), j.Close())
}

// frames are a few frames to be written again and again.
func (b Bulk) frames() []*frame.Sealed {
	builder := frame.NewBuilder(1)
	var frames []*frame.Sealed
	for i := range max(8, 400/b.Docs) {
		frames = append(frames, bulkFrame(builder, b.Docs, uint64(i)<<20))
	}
	return frames
}

// bulkStart is when the first line was written.
var bulkStart = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)

const bulkDocument = `{"@timestamp":%q,"trace_id":"%x","severity_number":9,"severity_text":"INFO",` +
	`"body":{"text":"payment accepted for order %d after %d ms"},"attributes":{"log.file.path":"/var/log/pods/shop_pay-7d9f8b6c5-x2x4z_uid/pay/0.log"},` +
	`"resource":{"attributes":{"k8s.namespace.name":"shop","k8s.pod.name":"pay-7d9f8b6c5-x2x4z","k8s.container.name":"pay","service.name":"pay"}}}`

// bulkFrame has docs lines, 20 of each trace.
func bulkFrame(builder *frame.Builder, docs int, first uint64) *frame.Sealed {
	for i := range docs {
		id := bulkTrace(first + uint64(i/20))
		at := bulkStart.Add(time.Duration(i) * time.Millisecond / 50)
		builder.Var(fmt.Appendf(nil, "{\"create\":{\"_index\":\"logs-generic.otel-default\",\"_id\":\"%022d\"}}\n"+bulkDocument+"\n",
			i, at.Format(time.RFC3339Nano), id, first+uint64(i)*7919, i*37%1000))
		builder.EndDoc(1, at.UnixNano())
		builder.AddTerm(frame.TermHash(id[:]))
	}
	identity := event.Identity{Path: "shop_pay-7d9f8b6c5-x2x4z_uid/pay/0"}
	return builder.Seal(frame.Meta{Class: "default", Sources: []frame.Source{{
		ID: identity.IDOn("node-1"), Identity: identity, Namespace: "shop", Offset: 4096,
	}}})
}

func bulkTrace(n uint64) (id [16]byte) {
	binary.BigEndian.PutUint64(id[:8], n*0x9e3779b97f4a7c15+1)
	binary.BigEndian.PutUint64(id[8:], n)
	return id
}

// otherIDs is a copy of f whose filters know other ids than its documents
// have, as many and all new: a print stands for frames of its size.
func otherIDs(f *frame.Sealed) *frame.Sealed {
	c := *f
	c.Payload = slices.Clone(f.Payload)
	c.Terms = make([]uint64, len(f.Terms))
	c.Meta.Filter = frame.NewFilter(len(f.Terms))
	for i := range c.Terms {
		c.Terms[i] = rand.Uint64()
		c.Meta.Filter.Add(c.Terms[i])
	}
	return &c
}

// later is f as if it had been written later; its documents keep their times.
func later(f *frame.Sealed, after time.Duration) {
	f.Meta.MinTime += int64(after)
	f.Meta.MaxTime += int64(after)
}
