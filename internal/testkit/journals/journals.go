// Package journals writes journals of given documents for tests.
package journals

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"time"

	"github.com/tailrace/tailrace/internal/vfs"
	"github.com/tailrace/tailrace/pipeline"
	"github.com/tailrace/tailrace/pipeline/event"
	"github.com/tailrace/tailrace/pipeline/frame"
	"github.com/tailrace/tailrace/pipeline/journal"
)

// Open opens the journal of the logs below an agent's directory.
func Open(root string) (*journal.Journal, error) {
	return journal.Open(journal.Options{FS: vfs.OS{}, Dir: filepath.Join(root, pipeline.LogsDir), Logger: slog.New(slog.DiscardHandler)})
}

// Write makes a journal of documents, one on a line. An empty line ends a frame.
func Write(root string, documents []byte) error {
	j, err := Open(root)
	if err != nil {
		return err
	}
	return errors.Join(Append(j, documents), j.Close())
}

// Append adds documents, as Write has them.
func Append(j *journal.Journal, documents []byte) error {
	builder := frame.NewBuilder(1)
	for docs := range bytes.SplitSeq(documents, []byte("\n\n")) {
		m := frame.Meta{Class: "default"}
		for doc := range bytes.Lines(docs) {
			src, err := add(builder, bytes.TrimSpace(doc))
			if err != nil {
				return err
			}
			m.Sources = append(m.Sources, src)
			m.Counts.Add(src.Counts)
		}
		if err := j.Append(context.Background(), builder.Seal(m)); err != nil {
			return err
		}
	}
	return nil
}

// document is what a frame's metadata takes from a document.
type document struct {
	Time       time.Time `json:"@timestamp"`
	TraceID    string    `json:"trace_id"`
	Attributes struct {
		RequestID []string `json:"http.request.header.x-request-id"`
		Path      string   `json:"log.file.path"`
	} `json:"attributes"`
	Resource struct {
		Attributes struct {
			Namespace string `json:"k8s.namespace.name"`
			Pod       string `json:"k8s.pod.name"`
			UID       string `json:"k8s.pod.uid"`
			Container string `json:"k8s.container.name"`
			Restart   int    `json:"k8s.container.restart_count"`
		} `json:"attributes"`
	} `json:"resource"`
}

func add(b *frame.Builder, doc []byte) (frame.Source, error) {
	var d document
	if err := json.Unmarshal(doc, &d); err != nil {
		return frame.Source{}, fmt.Errorf("%s: %w", doc, err)
	}
	b.Var(fmt.Appendf(nil, "{\"create\":{\"_index\":\"logs-generic.otel-default\",\"_id\":\"%022d\"}}\n%s\n", b.Docs(), doc))
	b.EndDoc(1, d.Time.UnixNano())
	if id, err := hex.DecodeString(d.TraceID); err == nil && len(id) == 16 {
		b.AddTerm(frame.TermHash(id))
	}
	for _, id := range d.Attributes.RequestID {
		b.AddTerm(frame.TermHash([]byte(id)))
	}
	r := d.Resource.Attributes
	identity := event.Identity{Path: fmt.Sprintf("%s_%s_%s/%s/%d", r.Namespace, r.Pod, r.UID, r.Container, r.Restart)}
	return frame.Source{
		ID: identity.IDOn("node-1"), Identity: identity, Path: d.Attributes.Path, Namespace: r.Namespace,
		Offset: 4096, Counts: event.Counts{Lines: 1, DocLines: 1, Docs: 1, Bytes: uint64(len(doc))},
	}, nil
}
