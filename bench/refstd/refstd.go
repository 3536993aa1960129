// Package refstd is the yardstick ref-std: a log pipeline as one writes it
// with the standard library and no care for speed. Lines become maps, maps
// become JSON, JSON goes through compress/gzip at level 1 to _bulk. It writes
// the documents that Tailrace writes.
package refstd

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"time"

	"github.com/tailrace/tailrace/bench/corpus"
	"github.com/tailrace/tailrace/bench/reference"
)

// Run sends the file and returns.
func Run(c reference.Config) error {
	f, err := os.Open(c.Path)
	if err != nil {
		return err
	}
	defer f.Close()
	p, b := New(c.Kind, c.Pod), newBulk(c.URL)
	in := bufio.NewScanner(f)
	in.Buffer(nil, 1<<20)
	for n := 0; in.Scan() && (c.Lines == 0 || n < c.Lines); n++ {
		action, doc, err := p.Document(in.Text())
		if err != nil {
			return err
		}
		if err := b.add(action, doc, c.BulkBytes); err != nil {
			return err
		}
	}
	if err := in.Err(); err != nil {
		return err
	}
	return b.send()
}

// Pipeline makes documents of one file's lines.
type Pipeline struct {
	kind     corpus.Kind
	resource map[string]any
	stream   map[string]any
	index    string
}

// New is a pipeline for the log of a pod.
func New(kind corpus.Kind, pod corpus.Pod) *Pipeline {
	dataset := "generic.otel"
	if kind == corpus.Nginx {
		dataset = "nginx.access.otel"
	}
	return &Pipeline{
		kind:     kind,
		resource: map[string]any{"attributes": pod.Resource()},
		stream:   map[string]any{"type": "logs", "dataset": dataset, "namespace": "default"},
		index:    "logs-" + dataset + "-default",
	}
}

// Document is the action and the document of one CRI line.
func (p *Pipeline) Document(line string) (action, doc []byte, err error) {
	parts := strings.SplitN(line, " ", 4)
	if len(parts) != 4 {
		return nil, nil, fmt.Errorf("not a CRI line: %q", line)
	}
	d := map[string]any{
		"observed_timestamp": stamp(time.Now()),
		"data_stream":        p.stream,
		"resource":           p.resource,
		"scope":              map[string]any{},
	}
	var attributes map[string]any
	if p.kind == corpus.Nginx {
		attributes, err = parseNginx(d, parts[0], parts[3])
	} else {
		attributes, err = parseJSON(d, parts[3])
	}
	if err != nil {
		return nil, nil, err
	}
	attributes["log.iostream"] = parts[1]
	d["attributes"] = attributes
	action, err = json.Marshal(map[string]any{"create": map[string]any{"_index": p.index, "_id": id()}})
	if err != nil {
		return nil, nil, err
	}
	doc, err = json.Marshal(d)
	return action, doc, err
}

// stamp is RFC 3339 in UTC with nine digits.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000000Z") }

func id() string {
	var b [16]byte
	binary.LittleEndian.PutUint64(b[:8], rand.Uint64())
	binary.LittleEndian.PutUint64(b[8:], rand.Uint64())
	return base64.RawURLEncoding.EncodeToString(b[:])
}

var severities = map[string]int{"DEBUG": 5, "INFO": 9, "WARN": 13, "ERROR": 17}

// parseJSON fills d from the line; what it does not know is left to be the
// attributes.
func parseJSON(d map[string]any, line string) (attributes map[string]any, err error) {
	var m map[string]any
	if err := json.Unmarshal([]byte(line), &m); err != nil {
		return nil, err
	}
	at, _ := m["time"].(string)
	t, err := time.Parse(time.RFC3339Nano, at)
	if err != nil {
		return nil, err
	}
	level, _ := m["level"].(string)
	d["@timestamp"] = stamp(t)
	d["severity_text"], d["severity_number"] = level, severities[level]
	d["body"] = map[string]any{"text": m["msg"]}
	d["trace_id"], d["span_id"] = m["trace_id"], m["span_id"]
	for _, key := range []string{"time", "level", "msg", "trace_id", "span_id"} {
		delete(m, key)
	}
	return m, nil
}

// bulk is the body of the next request.
type bulk struct {
	url   string
	body  bytes.Buffer
	gzip  *gzip.Writer
	plain int
}

func newBulk(url string) *bulk {
	b := &bulk{url: url}
	// BestSpeed is a level that gzip has.
	b.gzip, _ = gzip.NewWriterLevel(&b.body, gzip.BestSpeed)
	return b
}

func (b *bulk) add(action, doc []byte, limit int) error {
	for _, p := range [][]byte{action, newline, doc, newline} {
		if _, err := b.gzip.Write(p); err != nil {
			return err
		}
		b.plain += len(p)
	}
	if b.plain >= limit {
		return b.send()
	}
	return nil
}

var newline = []byte{'\n'}

func (b *bulk) send() error {
	if b.plain == 0 {
		return nil
	}
	if err := b.gzip.Close(); err != nil {
		return err
	}
	if err := reference.Post(b.url, &b.body); err != nil {
		return err
	}
	b.body.Reset()
	b.gzip.Reset(&b.body)
	b.plain = 0
	return nil
}
