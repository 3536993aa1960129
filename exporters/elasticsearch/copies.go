package elasticsearch

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
)

// lookupSize is how many documents are asked for at once.
const lookupSize = 1000

// removeThoseIn deletes the documents of younger that older has as well, and
// returns their numbers.
func (e *Exporter) removeThoseIn(ctx context.Context, older, younger string, docs []copyOf) ([]int, error) {
	var removed []int
	for chunk := range slices.Chunk(docs, lookupSize) {
		found, err := e.lookUp(ctx, older, chunk)
		if err != nil {
			return removed, err
		}
		twice := slices.DeleteFunc(chunk, func(c copyOf) bool { return !found[c.id].Found })
		gone, err := e.remove(ctx, younger, twice)
		removed = append(removed, gone...)
		if err != nil {
			return removed, err
		}
	}
	return removed, nil
}

// stored is a document as an index has it.
type stored struct {
	ID    string `json:"_id"`
	Found bool   `json:"found"`
	// SeqNo and PrimaryTerm name the state of the document.
	SeqNo       int64 `json:"_seq_no"`
	PrimaryTerm int64 `json:"_primary_term"`
	Error       *struct {
		Type   string `json:"type"`
		Reason string `json:"reason"`
	} `json:"error"`
}

// lookUp gets documents by their ids from one index, in real time: also those
// that a search does not find yet. One that cannot be looked up since the
// index is gone is not found.
func (e *Exporter) lookUp(ctx context.Context, index string, docs []copyOf) (map[string]stored, error) {
	var ids struct {
		IDs []string `json:"ids"`
	}
	for i := range docs {
		ids.IDs = append(ids.IDs, docs[i].id)
	}
	body, err := json.Marshal(ids)
	if err != nil {
		return nil, err
	}
	var answer struct{ Docs []stored }
	target := "/" + url.PathEscape(index) + "/_mget?_source=false&filter_path=docs._id,docs.found,docs._seq_no,docs._primary_term,docs.error"
	if err := e.call(ctx, http.MethodPost, target, body, &answer); err != nil {
		return nil, fmt.Errorf("older copies cannot be looked up in %s: %w", index, err)
	}
	found := make(map[string]stored, len(answer.Docs))
	for _, d := range answer.Docs {
		if d.Error != nil && d.Error.Type != "index_not_found_exception" {
			return nil, fmt.Errorf("older copies cannot be looked up in %s: %s: %s", index, d.Error.Type, d.Error.Reason)
		}
		found[d.ID] = d
	}
	return found, nil
}

// remove deletes documents from an index, as they are now, and returns the
// numbers of those that are gone.
func (e *Exporter) remove(ctx context.Context, index string, docs []copyOf) ([]int, error) {
	if len(docs) == 0 {
		return nil, nil
	}
	now, err := e.lookUp(ctx, index, docs)
	if err != nil {
		return nil, err
	}
	docs = slices.DeleteFunc(docs, func(c copyOf) bool { return !now[c.id].Found })
	if len(docs) == 0 {
		return nil, nil
	}
	var body bytes.Buffer
	for _, d := range docs {
		s := now[d.id]
		fmt.Fprintf(&body, `{"delete":{"_index":%q,"_id":%q,"if_seq_no":%d,"if_primary_term":%d}}`+"\n", index, d.id, s.SeqNo, s.PrimaryTerm)
	}
	var answer struct {
		Items []struct{ Delete deletion }
	}
	if err := e.call(ctx, http.MethodPost, "/_bulk?filter_path=items.*.status,items.*.error", body.Bytes(), &answer); err != nil {
		return nil, fmt.Errorf("copies cannot be deleted from %s: %w", index, err)
	}
	if len(answer.Items) != len(docs) {
		return nil, fmt.Errorf("the answer has %d items for %d deletions", len(answer.Items), len(docs))
	}
	var gone []int
	for i := range answer.Items {
		ok, err := answer.Items[i].Delete.done()
		if err != nil {
			return gone, fmt.Errorf("copies cannot be deleted from %s: %w", index, err)
		}
		if ok {
			gone = append(gone, docs[i].doc)
		}
	}
	return gone, nil
}

// deletion is what became of a deletion.
type deletion struct {
	Status int
	Error  struct{ Type, Reason string }
}

// done says whether the copy was deleted; somebody else may have done so since
// it was looked up.
func (d *deletion) done() (bool, error) {
	switch {
	case d.Status/100 == 2:
		return true, nil
	case d.Status == http.StatusNotFound, d.Status == http.StatusConflict:
		return false, nil
	}
	return false, &callError{d.Status, d.Error.Type + ": " + d.Error.Reason}
}
