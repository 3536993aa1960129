package search

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tailrace/tailrace/pipeline/event"
	"github.com/tailrace/tailrace/pipeline/frame"
	"github.com/tailrace/tailrace/pipeline/journal"
)

// shelf is a journal in memory: segments of frames.
type shelf struct {
	builder *frame.Builder
	mu      sync.Mutex // guards what is below, for those who follow
	volumes []*volume
	seq     uint64
}

type volume struct {
	journal.Segment
	frames []*frame.Sealed
	gone   bool
}

func newShelf() *shelf { return &shelf{builder: frame.NewBuilder(1)} }

// line is a document as a test writes it.
type line struct {
	at       time.Duration // after base
	ns, pod  string
	service  string
	severity int
	body     string
	trace    string
	attrs    string // JSON members
	labels   string // JSON members
	restart  int
}

var base = time.Date(2026, 11, 22, 1, 2, 3, 0, time.UTC)

func (l line) time() int64 { return base.Add(l.at).UnixNano() }

func (l line) document() string {
	var b strings.Builder
	fmt.Fprintf(&b, `{"@timestamp":"%d.%06d"`, l.time()/1e6, l.time()%1e6)
	if l.severity > 0 {
		fmt.Fprintf(&b, `,"severity_number":%d,"severity_text":"%s"`, l.severity, strings.ToLower(severityName(l.severity)))
	}
	fmt.Fprintf(&b, `,"body":{"text":%s}`, quote(l.body))
	if l.trace != "" {
		fmt.Fprintf(&b, `,"trace_id":"%s"`, l.trace)
	}
	fmt.Fprintf(&b, `,"attributes":{"log.iostream":"stdout"%s}`, l.attrs)
	fmt.Fprintf(&b, `,"resource":{"attributes":{"k8s.namespace.name":"%s","k8s.pod.name":"%s","k8s.pod.uid":"uid-%s","k8s.container.name":"%s","k8s.container.restart_count":%d,"service.name":"%s"%s}}}`,
		l.ns, l.pod, l.pod, l.service, l.restart, l.service, l.labels)
	return b.String()
}

// quote is s as JSON.
func quote(s string) []byte {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return b
}

func severityName(n int) string {
	return []string{"TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"}[(n-1)/4]
}

func (l line) source() frame.Source {
	return frame.Source{Namespace: l.ns, Identity: event.Identity{Path: fmt.Sprintf("%s_%s_uid-%s/%s/%d", l.ns, l.pod, l.pod, l.service, l.restart)}}
}

// segment begins a new segment; the one before it is sealed.
func (s *shelf) segment() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := len(s.volumes); n > 0 {
		s.volumes[n-1].seal()
	}
	s.volumes = append(s.volumes, &volume{Segment: journal.Segment{Name: fmt.Sprintf("%020d.ndjson.gz", s.seq+1), First: s.seq + 1}})
}

func (v *volume) seal() {
	v.Sealed = true
	for i, f := range v.frames {
		if i == 0 {
			v.MinTime = f.Meta.MinTime
		}
		v.MinTime, v.MaxTime = min(v.MinTime, f.Meta.MinTime), max(v.MaxTime, f.Meta.MaxTime)
	}
}

// frame puts a frame of lines into the last segment.
func (s *shelf) frame(lines ...line) {
	if len(s.volumes) == 0 {
		s.segment()
	}
	var m frame.Meta
	for i, l := range lines {
		s.builder.Var(fmt.Appendf(nil, "{\"create\":{\"_index\":\"logs-generic.otel-default\",\"_id\":\"%022d\"}}\n%s\n", i, l.document()))
		s.builder.EndDoc(1, l.time())
		s.addTerms(l)
		m.Sources = append(m.Sources, l.source())
	}
	sealed := s.builder.Seal(m)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seq++
	sealed.Meta.Seq = s.seq
	v := s.volumes[len(s.volumes)-1]
	v.frames = append(v.frames, sealed)
	v.Size++
}

// request is how lines of these tests name a request id.
const request = `,"http.request.header.x-request-id":["`

func (s *shelf) addTerms(l line) {
	if id, err := hex.DecodeString(l.trace); err == nil && len(id) == 16 {
		s.builder.AddTerm(frame.TermHash(id))
	}
	if _, rest, ok := strings.Cut(l.attrs, request); ok {
		id, _, _ := strings.Cut(rest, `"`)
		s.builder.AddTerm(frame.TermHash([]byte(id)))
	}
}

func (s *shelf) Segments() ([]journal.Segment, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []journal.Segment
	for _, v := range s.volumes {
		all = append(all, v.Segment)
	}
	return all, nil
}

// volume is a copy of a segment as it is now.
func (s *shelf) volume(seg journal.Segment) (*volume, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, v := range s.volumes {
		if v.Name == seg.Name && !v.gone {
			now := *v
			return &now, nil
		}
	}
	return nil, fmt.Errorf("%s: %w", seg.Name, fs.ErrNotExist)
}

// Entries gives frame i the offset i, and every frame one byte.
func (s *shelf) Entries(ctx context.Context, seg journal.Segment, from int64, fn func(*journal.Entry) error) (int64, error) {
	v, err := s.volume(seg)
	if err != nil {
		return from, err
	}
	for ; from < int64(len(v.frames)); from++ {
		m := &v.frames[from].Meta
		e := journal.Entry{Seq: m.Seq, Offset: from, PackedSize: 1, PlainSize: m.PlainSize, Docs: m.Docs, MinTime: m.MinTime, MaxTime: m.MaxTime, Filter: m.Filter}
		if err := fn(&e); err != nil {
			return from, err
		}
	}
	return from, ctx.Err()
}

func (s *shelf) MayContain(seg journal.Segment, hash uint64) (bool, error) {
	v, err := s.volume(seg)
	if err != nil {
		return false, err
	}
	for _, f := range v.frames {
		if f.Meta.Filter.Has(hash) {
			return true, nil
		}
	}
	return false, nil
}

func (s *shelf) Meta(seg journal.Segment, e *journal.Entry) (*frame.Meta, error) {
	v, err := s.volume(seg)
	if err != nil {
		return nil, err
	}
	return &v.frames[e.Offset].Meta, nil
}

func (s *shelf) Payload(seg journal.Segment, e *journal.Entry, buf []byte) ([]byte, error) {
	v, err := s.volume(seg)
	if err != nil {
		return nil, err
	}
	return append(buf, v.frames[e.Offset].Payload...), nil
}

// gathered is a Sink that remembers.
type gathered struct {
	lines []string
	times []int64
}

func (g *gathered) Line(l *Line) error {
	g.lines = append(g.lines, string(l.Kept))
	g.times = append(g.times, l.Time)
	return nil
}

func (g *gathered) Flush() error { return nil }

// bodies keeps only what was said.
func bodies(dst []byte, d *Document) []byte { return append(dst, d.Body()...) }

// find runs a query over s and fails the test on any complaint.
func find(t *testing.T, s Reader, q Query) (*gathered, *Search) {
	t.Helper()
	if q.Keep == nil {
		q.Keep = bodies
	}
	g := &gathered{}
	run := &Search{Reader: s, Query: q, Sink: g, Damaged: func(err error) { t.Error(err) }}
	if err := run.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	return g, run
}
