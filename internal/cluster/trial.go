package cluster

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/tailrace/tailrace/internal/doctor"
)

// trial is the data stream of test documents: of the agent's pattern, so that
// the agent's rights and templates hold for it, and of no application.
func (o *Options) trial() string {
	dataset := "tailrace.doctor"
	if len(o.Datasets) > 0 {
		dataset = o.Datasets[0]
	}
	return "logs-" + dataset + o.suffix() + "-doctor"
}

// document is a smallest document of the mapping.
func (o *Options) document(at time.Time) map[string]any {
	stamp := at.UTC().Format(time.RFC3339Nano)
	if o.Mapping == "ecs" {
		return map[string]any{"@timestamp": stamp, "message": "written by tailrace doctor"}
	}
	return map[string]any{"@timestamp": stamp, "body": map[string]any{"text": "written by tailrace doctor"}}
}

// written stores a document and deletes it: the only proof that storing works.
func written(ctx context.Context, s Server, o *Options, now func() time.Time) doctor.Finding {
	const check = "test document"
	id := rand.Text()
	index, err := store(ctx, s, o, id, now())
	if err != nil {
		return doctor.Failed(check, fmt.Errorf("it was not stored: %w", err), "the findings above say why; else the answer does")
	}
	err = call(ctx, s, http.MethodDelete, "/"+url.PathEscape(index)+"/_doc/"+id, nil, nil)
	if err != nil {
		return found(check, doctor.Warning, fmt.Sprintf("stored in %s, and not deleted: %v", index, err),
			"give the privilege delete; then delete the data stream "+o.trial())
	}
	return found(check, doctor.OK, "stored in "+o.trial()+" and deleted; the empty stream stays", "")
}

// store sends one document as the agent does, and returns the index that has
// it.
func store(ctx context.Context, s Server, o *Options, id string, now time.Time) (index string, err error) {
	action, err := json.Marshal(map[string]any{"create": map[string]any{"_index": o.trial(), "_id": id}})
	if err != nil {
		return "", err
	}
	body := append(append(append(action, '\n'), line(o.document(now))...), '\n')
	status, _, answer, err := s.Do(ctx, http.MethodPost, "/_bulk", body)
	if err != nil {
		return "", err
	}
	if status/100 != 2 {
		return "", &Refusal{http.MethodPost, "/_bulk", status, reason(answer)}
	}
	var items struct {
		Items []struct {
			Create struct {
				Index  string `json:"_index"`
				Status int
				Error  struct{ Type, Reason string }
			}
		}
	}
	if err := json.Unmarshal(answer, &items); err != nil {
		return "", err
	}
	if len(items.Items) != 1 {
		return "", errors.New("the answer does not have one item for one document")
	}
	c := items.Items[0].Create
	if c.Status/100 != 2 {
		return "", fmt.Errorf("%d %s: %s", c.Status, c.Error.Type, c.Error.Reason)
	}
	return c.Index, nil
}

func line(m map[string]any) []byte {
	b, err := json.Marshal(m)
	if err != nil {
		// Only JSON gets here.
		panic(err)
	}
	return b
}
