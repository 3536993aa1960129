package main

import (
	"bytes"
	"encoding/json"
	"io"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/gzip"
	"github.com/tailrace/tailrace/bench/corpus"
	"github.com/tailrace/tailrace/bench/reflimit"
	"github.com/tailrace/tailrace/bench/refstd"
	"github.com/tailrace/tailrace/internal/tail/cri"
	"github.com/tailrace/tailrace/pipeline/encode"
	"github.com/tailrace/tailrace/pipeline/event"
	"github.com/tailrace/tailrace/pipeline/frame"
	"github.com/tailrace/tailrace/processors/parse"
	"github.com/tailrace/tailrace/processors/redact"
)

// stages are a lane without files and journal: from bytes in memory to the
// open frame.
type stages struct {
	cri      cri.Parser
	redactor *redact.Processor
	parser   *parse.Parser
	enc      *encode.Encoder
	frame    *frame.Builder
	// stored is an open frame that does not compress.
	stored *frame.Builder
	batch  event.Batch
	source event.Source
}

func newStages(pod corpus.Pod) *stages {
	redactor, err := redact.New(redact.DefaultConfig(), nil)
	if err != nil {
		panic(err)
	}
	s := &stages{redactor: redactor, parser: parse.New(parse.Options{}), enc: encode.New(encode.Options{Node: "node-1"}), frame: frame.NewBuilder(1), stored: frame.NewBuilder(0)}
	s.source = event.Source{
		Identity: event.Identity{Path: pod.Name}, Container: pod.Name, Namespace: pod.Namespace,
		Resource: attrs(pod.Resource()),
	}
	s.parser.Open(&s.source)
	s.enc.Open(&s.source)
	return s
}

func attrs(from map[string]any) (to []event.Attr) {
	for name, value := range from {
		b, err := json.Marshal(value)
		if err != nil {
			panic(err)
		}
		to = append(to, event.Attr{Name: name, Value: string(b)})
	}
	slices.SortFunc(to, func(a, b event.Attr) int { return bytes.Compare([]byte(a.Name), []byte(b.Name)) })
	return to
}

// read splits chunk into records, as the tailer does.
func (s *stages) read(chunk []byte, now int64) {
	s.batch.Reset(&s.source)
	all := s.batch.Append(chunk)
	for at := all.Off; at < all.End(); {
		n := uint32(bytes.IndexByte(s.batch.Data[at:], '\n'))
		raw := event.Span{Off: at, Len: n}
		var l cri.Line
		if !s.cri.Parse(s.batch.Bytes(raw), &l) {
			panic("not a CRI line")
		}
		content := event.Span{Off: at + uint32(l.Content), Len: n - uint32(l.Content)}
		s.batch.Records = append(s.batch.Records, event.Record{
			Raw: raw, Line: content, Start: int64(at), End: int64(at + n + 1), Lines: 1,
			Stream: l.Stream, Time: l.Time, Observed: now,
		})
		at += n + 1
	}
}

func (s *stages) redact() { s.redactor.Process(&s.batch) }

func (s *stages) parse() { s.parser.Process(&s.batch) }

// encode writes to the open frame and seals it at the agent's default size.
func (s *stages) encode() {
	s.enc.Encode(&s.batch, s.frame)
	if s.frame.Size() >= bulkBytes {
		s.frame.Seal(frame.Meta{}).Release()
	}
}

// store is encode without compression, in frames whose memory is used again.
func (s *stages) store() {
	s.enc.Encode(&s.batch, s.stored)
	if s.stored.Size() >= 1<<20 {
		s.stored.Seal(frame.Meta{}).Release()
	}
}

func (s *stages) all(chunk []byte, now int64) {
	s.read(chunk, now)
	s.redact()
	s.parse()
	s.encode()
}

// Tailrace's documents are those of the yardsticks, so that ratios compare
// work and not schema.
func TestYardsticksWriteOurDocuments(t *testing.T) {
	pod := corpus.Number(0)
	for _, kind := range []corpus.Kind{corpus.SlogJSON, corpus.Nginx} {
		lines, chunk := chunkOf(kind, 300)
		s := newStages(pod)
		s.all(chunk, firstLine.UnixNano())
		sealed := s.frame.Seal(frame.Meta{})
		plain, err := frame.Inflate(nil, sealed.Payload, &sealed.Meta)
		if err != nil {
			t.Fatal(err)
		}
		pipeline := refstd.New(kind, pod)
		for i, d := range frame.Documents(plain) {
			action, doc, err := pipeline.Document(string(lines[i]))
			if err != nil {
				t.Fatal(err)
			}
			std := slices.Concat(action, []byte("\n"), doc, []byte("\n"))
			ours := slices.Concat(d.Action, []byte("\n"), d.Source, []byte("\n"))
			if diff := cmp.Diff(decode(t, std), decode(t, ours)); diff != "" {
				t.Fatalf("%s: %s\nref-std and Tailrace differ: %s", kind, lines[i], diff)
			}
			if len(std) != len(ours) {
				t.Fatalf("%s: %d bytes and %d", kind, len(std), len(ours))
			}
		}
	}
}

// chunkOf is n lines, apart and together.
func chunkOf(kind corpus.Kind, n int) (lines [][]byte, chunk []byte) {
	g := corpus.New(kind, 5, firstLine)
	for range n {
		line := g.Append(nil)
		lines = append(lines, line[:len(line)-1])
		chunk = append(chunk, line...)
	}
	return lines, chunk
}

// Invariant 7: nothing is allocated per line, over the benchmarks' corpora.
func TestStagesAllocateNothingPerLine(t *testing.T) {
	for _, kind := range []corpus.Kind{corpus.SlogJSON, corpus.Nginx} {
		_, chunk := chunkOf(kind, 500)
		s := newStages(corpus.Number(0))
		lines := func() {
			s.read(chunk, firstLine.UnixNano())
			s.redact()
			s.parse()
			s.enc.Encode(&s.batch, s.frame)
		}
		for range 100 {
			lines()
		}
		s.frame.Seal(frame.Meta{}).Release()
		if n := testing.AllocsPerRun(20, lines); n > 5 {
			t.Errorf("%s: %v allocations for 500 lines", kind, n)
		}
	}
}

// BenchmarkStages gives CPU time per line, which other work on the machine
// disturbs less than elapsed time. "ref-limit" is the yardstick on the same
// lines, without reading and sending.
//
//	go test ./bench -run '^$' -bench Stages
func BenchmarkStages(b *testing.B) {
	const lines = 1000
	for _, kind := range []corpus.Kind{corpus.SlogJSON, corpus.Nginx} {
		raw, chunk := chunkOf(kind, lines)
		now := time.Now().UnixNano()
		s := newStages(corpus.Number(0))
		limit := newLimit(kind)
		for _, stage := range []struct {
			name string
			run  func()
		}{
			{"read", func() { s.read(chunk, now) }},
			{"read+redact", func() { s.read(chunk, now); s.redact() }},
			{"read+redact+parse", func() { s.read(chunk, now); s.redact(); s.parse() }},
			{"read+redact+parse+encode", func() { s.read(chunk, now); s.redact(); s.parse(); s.store() }},
			{"read+redact+parse+encode+gzip", func() { s.all(chunk, now) }},
			{"ref-limit", func() { limit(raw) }},
		} {
			b.Run(string(kind)+"/"+stage.name, func(b *testing.B) {
				before := cpuTime()
				for b.Loop() {
					stage.run()
				}
				b.ReportMetric(float64(cpuTime()-before)/float64(b.N)/lines, "cpu-ns/line")
			})
		}
	}
}

// newLimit is ref-limit's work on lines in memory.
func newLimit(kind corpus.Kind) func(lines [][]byte) {
	enc := reflimit.NewEncoder(kind, corpus.Number(0))
	enc.Observed(firstLine)
	z, err := gzip.NewWriterLevel(io.Discard, gzip.BestSpeed)
	if err != nil {
		panic(err)
	}
	var plain []byte
	return func(lines [][]byte) {
		for _, line := range lines {
			if plain = enc.Append(plain, line); len(plain) >= 64<<10 {
				if _, err := z.Write(plain); err != nil {
					panic(err)
				}
				plain = plain[:0]
			}
		}
	}
}
