// Package reflimit is the yardstick ref-limit: the least that an agent with an
// ordinary gzip can do. It reads, splits, looks for the keys it knows, splices
// the pieces into ready text, compresses with klauspost's gzip at level 1 and
// posts. It checks nothing, keeps nothing on disk and would not survive a bad
// line. It writes the documents that Tailrace writes.
package reflimit

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"os"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/tailrace/tailrace/bench/corpus"
	"github.com/tailrace/tailrace/bench/reference"
	"github.com/zeebo/xxh3"
)

const (
	readSize = 256 << 10
	// writeSize is what gzip gets at once.
	writeSize = 64 << 10
)

// Run sends the file and returns.
func Run(c reference.Config) error {
	f, err := os.Open(c.Path)
	if err != nil {
		return err
	}
	defer f.Close()
	s := newSender(c)
	enc := NewEncoder(c.Kind, c.Pod)
	in := make([]byte, 0, 2*readSize)
	for left := lineLimit(c.Lines); left > 0; {
		n, err := f.Read(in[len(in) : len(in)+readSize])
		in = in[:len(in)+n]
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		enc.Observed(time.Now())
		if in, err = s.lines(enc, in, &left); err != nil {
			return err
		}
	}
	return s.send()
}

func lineLimit(lines int) int {
	if lines == 0 {
		return int(^uint(0) >> 1)
	}
	return lines
}

// lines sends the whole lines of in and returns its beginning with the rest.
func (s *sender) lines(enc *Encoder, in []byte, left *int) ([]byte, error) {
	rest := in
	for *left > 0 {
		end := bytes.IndexByte(rest, '\n')
		if end < 0 {
			break
		}
		s.plain = enc.Append(s.plain, rest[:end])
		rest = rest[end+1:]
		*left--
		if len(s.plain) >= writeSize {
			if err := s.compress(); err != nil {
				return nil, err
			}
		}
	}
	return in[:copy(in, rest)], nil
}

// sender holds the body of the next request.
type sender struct {
	url   string
	limit int
	plain []byte
	body  bytes.Buffer
	gzip  *gzip.Writer
	taken int
}

func newSender(c reference.Config) *sender {
	s := &sender{url: c.URL, limit: c.BulkBytes}
	// BestSpeed is a level that gzip has.
	s.gzip, _ = gzip.NewWriterLevel(&s.body, gzip.BestSpeed)
	return s
}

func (s *sender) compress() error {
	if _, err := s.gzip.Write(s.plain); err != nil {
		return err
	}
	s.taken += len(s.plain)
	s.plain = s.plain[:0]
	if s.taken >= s.limit {
		return s.send()
	}
	return nil
}

func (s *sender) send() error {
	if _, err := s.gzip.Write(s.plain); err != nil {
		return err
	}
	if s.taken+len(s.plain) == 0 {
		return nil
	}
	if err := s.gzip.Close(); err != nil {
		return err
	}
	if err := reference.Post(s.url, &s.body); err != nil {
		return err
	}
	s.body.Reset()
	s.gzip.Reset(&s.body)
	s.taken, s.plain = 0, s.plain[:0]
	return nil
}

// Encoder splices documents.
type Encoder struct {
	append   func(e *Encoder, b, line []byte) []byte
	action   []byte
	members  []byte
	observed []byte
}

// NewEncoder renders what is constant for the log of a pod.
func NewEncoder(kind corpus.Kind, pod corpus.Pod) *Encoder {
	dataset, appendLine := "generic.otel", (*Encoder).appendJSON
	if kind == corpus.Nginx {
		dataset, appendLine = "nginx.access.otel", (*Encoder).appendNginx
	}
	members := `,"data_stream":{"type":"logs","dataset":"` + dataset + `","namespace":"default"},"resource":{"attributes":` +
		mustJSON(pod.Resource()) + `},"scope":{},"attributes":{"log.iostream":"stdout"`
	return &Encoder{
		append:  appendLine,
		action:  []byte(`{"create":{"_index":"logs-` + dataset + `-default","_id":"`),
		members: []byte(members),
	}
}

// mustJSON renders maps of strings and numbers, which cannot fail.
func mustJSON(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// Observed sets the time at which the next lines were read.
func (e *Encoder) Observed(t time.Time) {
	e.observed = t.UTC().AppendFormat(append(e.observed[:0], `","observed_timestamp":"`...), `2006-01-02T15:04:05.000000000Z"`)
}

// Append adds the action and the document of one CRI line to b.
func (e *Encoder) Append(b, line []byte) []byte {
	b = append(b, e.action...)
	sum := xxh3.Hash128(line).Bytes()
	b = base64.RawURLEncoding.AppendEncode(b, sum[:])
	b = append(b, "\"}}\n{\"@timestamp\":\""...)
	return e.append(e, b, line)
}

// criHead is the length of "TIME stdout F " with nine digits and Z.
const criHead = 40

// appendTime writes an RFC 3339 time in UTC with nine digits.
func appendTime(b, t []byte) []byte {
	b = append(b, t[:len(t)-1]...)
	if len(t) == 20 {
		b = append(b, '.')
	}
	b = append(b, "000000000"[:min(9, 30-max(len(t), 21))]...)
	return append(b, 'Z')
}

func (e *Encoder) appendHead(b, t []byte) []byte {
	b = appendTime(b, t)
	b = append(b, e.observed...)
	return append(b, e.members...)
}

// member is a key of a flat JSON object with its value, as they stand.
type member struct{ key, value []byte }

// next cuts one member off the front of line, which has no white space
// between tokens and no nested values.
func next(line []byte) (m member, rest []byte) {
	end := bytes.IndexByte(line[1:], '"') + 1
	m.key = line[1:end]
	line = line[end+2:]
	n := 0
	if line[0] == '"' {
		for n = 1; line[n] != '"'; n++ {
			if line[n] == '\\' {
				n++
			}
		}
		n++
	} else {
		for line[n] != ',' && line[n] != '}' {
			n++
		}
	}
	m.value = line[:n]
	return m, line[n+1:]
}

// appendJSON finds the keys of slog, and copies the others.
func (e *Encoder) appendJSON(b, line []byte) []byte {
	var at, level, msg, trace, span []byte
	var others [16]member
	n := 0
	for rest := line[criHead+1:]; len(rest) > 0; {
		var m member
		m, rest = next(rest)
		switch string(m.key) {
		case "time":
			at = m.value
		case "level":
			level = m.value
		case "msg":
			msg = m.value
		case "trace_id":
			trace = m.value
		case "span_id":
			span = m.value
		default:
			others[n] = m
			n++
		}
	}
	b = e.appendHead(b, at[1:len(at)-1])
	for _, m := range others[:n] {
		b = append(b, `,"`...)
		b = append(b, m.key...)
		b = append(b, `":`...)
		b = append(b, m.value...)
	}
	b = append(b, severity(level)...)
	b = append(b, level...)
	b = append(b, `,"trace_id":`...)
	b = append(b, trace...)
	b = append(b, `,"span_id":`...)
	b = append(b, span...)
	b = append(b, `,"body":{"text":`...)
	b = append(b, msg...)
	return append(b, "}}\n"...)
}

// severity closes the attributes and opens severity_text.
func severity(level []byte) string {
	switch level[1] {
	case 'D':
		return `},"severity_number":5,"severity_text":`
	case 'W':
		return `},"severity_number":13,"severity_text":`
	case 'E':
		return `},"severity_number":17,"severity_text":`
	default:
		return `},"severity_number":9,"severity_text":`
	}
}
