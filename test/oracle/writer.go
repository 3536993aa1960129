package oracle

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// style is the format in which an application logs.
type style int

const (
	plainText style = iota
	jsonLines
	logfmt
)

// stream is a sequence of records whose numbers have no gap.
type stream struct {
	name   string
	stderr bool
	seq    uint64
	// queue holds what is planned and not yet given to the file, piece by
	// piece: the pieces of two streams may alternate, those of one may not.
	queue []piece
}

// piece is a line of the file. ordinal is the record's place in the ledger.
type piece struct {
	line    []byte
	ordinal int
}

// writer is one log file and the streams that go to it.
type writer struct {
	file      *logFile
	frame     framing
	style     style
	namespace string
	streams   []*stream
	// inFile are the ordinals of pieces that the file holds as pending.
	inFile []int
}

// framing turns a record's text into lines of the file.
type framing interface {
	lines(r *rand.Rand, s *stream, text []byte) [][]byte
}

type plainFraming struct{}

func (plainFraming) lines(_ *rand.Rand, _ *stream, text []byte) [][]byte {
	return [][]byte{append(text, '\n')}
}

// criFraming is the container runtime's: "<time> <stream> <P|F> <text>". Long
// texts are cut at 16 KiB as containerd does, others now and then anywhere as
// conmon does.
type criFraming struct{}

const criChunk = 16 << 10

func (criFraming) lines(r *rand.Rand, s *stream, text []byte) [][]byte {
	var lines [][]byte
	for len(text) > criChunk {
		lines = append(lines, criLine(s, 'P', text[:criChunk]))
		text = text[criChunk:]
	}
	if len(text) > 1 && r.IntN(8) == 0 {
		cut := 1 + r.IntN(len(text)-1)
		lines = append(lines, criLine(s, 'P', text[:cut]))
		text = text[cut:]
	}
	return append(lines, criLine(s, 'F', text))
}

func criLine(s *stream, tag byte, text []byte) []byte {
	name := "stdout"
	if s.stderr {
		name = "stderr"
	}
	line := time.Now().UTC().AppendFormat(nil, time.RFC3339Nano)
	line = fmt.Appendf(line, " %s %c ", name, tag)
	return append(append(line, text...), '\n')
}

// add plans a record of a stream and notes it in the ledger.
func (w *writer) add(g *Generator, s *stream) {
	s.seq++
	fate := w.fate(g)
	p := Payload{s.name, s.seq, filler(g.rand, g.fillerSize())}
	lines := w.frame.lines(g.rand, s, w.style.text(p, fate))
	e := Entry{Stream: s.name, Seq: s.seq, Namespace: w.namespace, Lines: len(lines), Fate: fate}
	for _, line := range lines {
		e.Bytes += len(line)
		s.queue = append(s.queue, piece{line, g.records})
	}
	g.ledger.Add(e)
	g.records++
}

// fate is keep for all but some JSON lines: only these have fields that rules
// and backends can tell.
func (w *writer) fate(g *Generator) Fate {
	switch n := g.rand.IntN(100); {
	case w.style != jsonLines:
		return Keep
	case g.load.Drops && n < 20:
		return Drop
	case g.load.Poisons && n < 22:
		return Poison
	}
	return Keep
}

// fillerSize is mostly that of an ordinary line, rarely several times 16 KiB.
func fillerSize(r *rand.Rand) int {
	if r.IntN(400) == 0 {
		return 16<<10 + r.IntN(40<<10)
	}
	return 40 + r.IntN(400)
}

// text is a payload as an application of the style logs it.
func (s style) text(p Payload, fate Fate) []byte {
	text := p.Append(nil)
	switch s {
	case jsonLines:
		return jsonText(text, fate)
	case logfmt:
		return fmt.Appendf(nil, "level=info component=writer msg=%s", quote(text))
	}
	return text
}

func jsonText(text []byte, fate Fate) []byte {
	path := "/orders"
	if fate == Drop {
		path = "/healthz"
	}
	line := fmt.Appendf(nil, `{"time":"%s","level":"INFO","msg":%s,"url.path":"%s","user":%d`,
		time.Now().UTC().Format(time.RFC3339Nano), quote(text), path, len(text)%97)
	if fate == Poison {
		line = append(line, `,"poison":true`...)
	}
	return append(line, '}')
}

// quote is a JSON string that keeps everything but quotes, backslashes and
// control bytes as it is.
func quote(text []byte) []byte {
	q := []byte{'"'}
	for _, c := range text {
		switch {
		case c == '"' || c == '\\':
			q = append(q, '\\', c)
		case c == '\t':
			q = append(q, '\\', 't')
		default:
			q = append(q, c)
		}
	}
	return append(q, '"')
}

// release gives the file the pieces for one step. Now and then it holds the
// rest of a record back, so that a rotation falls between its pieces.
func (w *writer) release(r *rand.Rand) {
	if w.file.renamed {
		return
	}
	if len(w.file.pending) == 0 {
		w.inFile = w.inFile[:0]
	}
	for _, i := range r.Perm(len(w.streams)) {
		s := w.streams[i]
		for n := share(r, len(s.queue)); n > 0; n-- {
			w.file.pending = append(w.file.pending, s.queue[0].line...)
			w.inFile = append(w.inFile, s.queue[0].ordinal)
			s.queue = s.queue[1:]
		}
	}
}

// share is how many of n pieces go out in this step: at least one, on average
// enough to keep up.
func share(r *rand.Rand, n int) int {
	if n == 0 {
		return 0
	}
	return min(n, 1+r.IntN(2*(n/stepsPerTurn+1)))
}

// firstUnwritten is the ordinal of the first record that is not whole in the
// file, or none.
func (w *writer) firstUnwritten(none int) int {
	first := none
	if len(w.file.pending) > 0 {
		for _, o := range w.inFile {
			first = min(first, o)
		}
	}
	for _, s := range w.streams {
		if len(s.queue) > 0 {
			first = min(first, s.queue[0].ordinal)
		}
	}
	return first
}

func (w *writer) unfinished() bool {
	for _, s := range w.streams {
		if len(s.queue) > 0 {
			return true
		}
	}
	return false
}
