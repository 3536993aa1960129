package elasticsearch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync/atomic"
	"time"

	"github.com/tailrace/tailrace/pipeline/frame"
	"github.com/tailrace/tailrace/pipeline/shipping"
)

// An id is unique within one backing index. A document that is sent again
// after a rollover, because an answer was lost or the agent was killed, is
// stored a second time. The rule against that needs no memory: a document in
// an index that was created after its frame was journaled, or whose frame may
// have been seen before, is looked up in the older indices behind the same
// name; if it is there, the younger copy is deleted.

const (
	// clockMargin is how much the clocks of this node and of Elasticsearch may
	// differ.
	clockMargin = 10 * time.Minute
	// offFor is how long nothing is looked up after that was forbidden.
	offFor = 10 * time.Minute
)

// rollover is what the rule knows from request to request.
type rollover struct {
	backings backings
	// off is until when the rule is not followed, nil while it is.
	off atomic.Pointer[time.Time]
	log *slog.Logger
}

func (r *rollover) isOff() bool {
	until := r.off.Load()
	return until != nil && time.Now().Before(*until)
}

func (r *rollover) turnOff() {
	until := time.Now().Add(offFor)
	r.off.Store(&until)
}

// copyOf is a document that a request has stored, or found to be stored.
type copyOf struct {
	// doc is its number in the request.
	doc   int
	frame *frame.Meta
	id    string
	// index is the one that has it, target the name that it was sent to.
	index, target string
}

// dedupe follows the rule for an answered request. It fails when the indices
// cannot be asked: then the request is to be repeated, and finds its documents
// stored.
func (e *Exporter) dedupe(ctx context.Context, req *shipping.Request, r *reply, resp *shipping.Response) error {
	suspects := e.suspects(req, r, resp.Outcomes)
	if len(suspects) == 0 {
		return nil
	}
	if e.rollover.isOff() {
		resp.Unchecked = len(suspects)
		return nil
	}
	removed, err := e.removeCopies(ctx, req, suspects)
	if failed, ok := errors.AsType[*callError](err); ok && failed.forbids() {
		e.rollover.turnOff()
		e.rollover.log.Warn("documents that are sent again after a rollover may be in Elasticsearch twice, since looking them up is forbidden; "+
			"give the credentials the index privileges read, delete and view_index_metadata on the data streams", "error", err)
		resp.Unchecked = len(suspects) - len(removed)
		err = nil
	}
	resp.Removed = len(removed)
	for _, doc := range removed {
		resp.Outcomes[doc] = shipping.Exists
	}
	return err
}

// suspects are the documents of which there may be an older copy.
func (e *Exporter) suspects(req *shipping.Request, r *reply, outcomes []shipping.Outcome) []copyOf {
	var all []copyOf
	doc := 0
	for i := range req.Parts {
		p := &req.Parts[i]
		last, suspicious := ^uint32(0), false
		for range p.Docs {
			if where := r.where[doc]; where != last {
				last, suspicious = where, e.isSuspicious(p.Frame, r.names[where])
			}
			if suspicious && outcomes[doc] <= shipping.Exists {
				all = append(all, copyOf{doc: doc, frame: p.Frame, index: r.names[last]})
			}
			doc++
		}
	}
	return all
}

// isSuspicious says whether an index may not know what older ones have of a
// frame.
func (e *Exporter) isSuspicious(f *frame.Meta, index string) bool {
	if index == "" {
		// Not said by what is no Elasticsearch.
		return false
	}
	b := e.rollover.backings.get(index)
	return b == nil || len(b.olderWith(f)) > 0
}

// olderWith are the indices that may have documents of a frame: those that
// were written to after it was journaled, or all if it may have been seen.
func (b *backing) olderWith(f *frame.Meta) []sibling {
	if f.MaybeSeen {
		return b.older
	}
	earliest := time.Unix(0, f.JournalTime).Add(-clockMargin)
	if b.created.Before(earliest) {
		return nil
	}
	for i := range b.older {
		if !b.older[i].until.Before(earliest) {
			return b.older[i:]
		}
	}
	return nil
}

// removeCopies looks the suspects up and deletes those of which there is an
// older copy. It returns their numbers.
func (e *Exporter) removeCopies(ctx context.Context, req *shipping.Request, suspects []copyOf) ([]int, error) {
	suspects, err := e.remaining(ctx, suspects)
	if err != nil || len(suspects) == 0 {
		return nil, err
	}
	if err := name(req, suspects); err != nil {
		return nil, err
	}
	// What was not created under an id has no copies: an index action replaces.
	suspects = slices.DeleteFunc(suspects, func(s copyOf) bool { return s.id == "" })
	// The documents by the older index that may have them and the one that does.
	lookups := make(map[[2]string][]copyOf)
	for _, s := range suspects {
		b := e.rollover.backings.get(s.index)
		if b == nil {
			var err error
			if b, err = e.learn(ctx, s.index, s.target); err != nil {
				return nil, err
			}
		}
		for _, older := range b.olderWith(s.frame) {
			key := [2]string{older.name, s.index}
			lookups[key] = append(lookups[key], s)
		}
	}
	var removed []int
	for key, docs := range lookups {
		gone, err := e.removeThoseIn(ctx, key[0], key[1], docs)
		removed = append(removed, gone...)
		if err != nil {
			return removed, err
		}
	}
	return removed, nil
}

// remaining are the suspects that are left when the indices that name their
// data stream are known. New indices seldom have older ones, and ids cost a look
// into the documents.
func (e *Exporter) remaining(ctx context.Context, suspects []copyOf) ([]copyOf, error) {
	for _, s := range suspects {
		if e.rollover.backings.get(s.index) != nil || streamOf(s.index) == "" {
			continue
		}
		if _, err := e.learn(ctx, s.index, ""); err != nil {
			return nil, err
		}
	}
	return slices.DeleteFunc(suspects, func(s copyOf) bool { return !e.isSuspicious(s.frame, s.index) }), nil
}

// action is the line before a document.
type action struct {
	Create struct {
		Index string `json:"_index"`
		ID    string `json:"_id"`
	} `json:"create"`
}

// name reads ids and targets of the suspects, which are in order, from the
// request's documents.
func name(req *shipping.Request, suspects []copyOf) error {
	var plain []byte
	first := 0
	for i := range req.Parts {
		p := &req.Parts[i]
		if len(suspects) > 0 && suspects[0].doc < first+p.Docs {
			var err error
			if plain, err = frame.Inflate(plain[:0], p.Payload, &frame.Meta{PlainSize: uint32(p.PlainSize)}); err != nil {
				return err
			}
			if suspects, err = nameIn(plain, first, suspects); err != nil {
				return err
			}
		}
		first += p.Docs
	}
	return nil
}

// nameIn names the suspects among documents that are counted from first, and
// returns the others.
func nameIn(plain []byte, first int, suspects []copyOf) ([]copyOf, error) {
	for i, doc := range frame.Documents(plain) {
		if len(suspects) == 0 || suspects[0].doc != first+i {
			continue
		}
		var a action
		if err := json.Unmarshal(doc.Action, &a); err != nil {
			return nil, fmt.Errorf("the action of document %d: %w", i, err)
		}
		suspects[0].id, suspects[0].target = a.Create.ID, a.Create.Index
		suspects = suspects[1:]
	}
	return suspects, nil
}
