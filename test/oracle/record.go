package oracle

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"
)

// Record is what a sink stored, in an append-only file. A line is
//
//	S <unix ms> <id> <hash> <stream> <seq>   stored
//	R <unix ms> <id> <hash>                  the same id again
//	X <unix ms> <id> <hash> <stream> <seq>   refused for good
//	B <unix ms> <id> <hash> <problem>        stored, but not what was written
type Record struct {
	file   *os.File
	out    *bufio.Writer
	stored map[string]string
	stats  Stats
}

// OpenRecord goes on with a record, or begins it.
func OpenRecord(name string) (*Record, error) {
	lines, err := ReadRecord(name)
	if err != nil && !os.IsNotExist(err) {
		return nil, err
	}
	f, err := os.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return nil, err
	}
	r := &Record{file: f, out: bufio.NewWriter(f), stored: map[string]string{}}
	for _, l := range lines {
		r.count(l)
	}
	return r, nil
}

func (r *Record) count(l Arrival) {
	switch l.Kind {
	case 'S', 'B':
		r.stored[l.ID] = l.Hash
		r.stats.Stored++
	case 'R':
		r.stats.Repeats++
	case 'X':
		r.stats.Refused++
	}
}

// Has says whether an id is stored.
func (r *Record) Has(id string) bool { return r.stored[id] != "" }

// Stats counts what the record holds.
func (r *Record) Stats() Stats { return r.stats }

// Flush hands what was recorded to the operating system: it survives the death
// of this process.
func (r *Record) Flush() error { return r.out.Flush() }

// Store records a document, and says whether its id is new.
func (r *Record) Store(item Item) bool {
	a := ArrivalOf(item)
	if r.Has(item.ID) {
		a.Kind = 'R'
	}
	r.write(a)
	return a.Kind != 'R'
}

// Refuse records a document that is refused for good.
func (r *Record) Refuse(item Item) {
	a := ArrivalOf(item)
	a.Kind = 'X'
	r.write(a)
}

func (r *Record) write(a Arrival) {
	r.count(a)
	fmt.Fprintf(r.out, "%c %d %s %s %s\n", a.Kind, time.Now().UnixMilli(), a.ID, a.Hash, a.rest())
}

// Arrival is a line of a record.
type Arrival struct {
	Kind     byte
	ID, Hash string
	Stream   string
	Seq      uint64
	Problem  string
}

func (a Arrival) rest() string {
	switch a.Kind {
	case 'S', 'X':
		return fmt.Sprintf("%s %d", a.Stream, a.Seq)
	case 'B':
		return a.Problem
	}
	return "-"
}

// ArrivalOf reads a document as the oracle understands it.
func ArrivalOf(item Item) Arrival {
	sum := sha256.Sum256(timeless(item.Doc))
	a := Arrival{Kind: 'S', ID: item.ID, Hash: hex.EncodeToString(sum[:8])}
	p, err := payloadOf(item.Doc)
	if err != nil {
		a.Kind, a.Problem = 'B', fmt.Sprintf("%q", err.Error())
		return a
	}
	a.Stream, a.Seq = p.Stream, p.Seq
	return a
}

// timeless is a document without the time of its reading, which is another
// when the line is read again; lines without a time of their own have it twice.
func timeless(doc []byte) []byte {
	const key = `"observed_timestamp":"`
	_, rest, found := bytes.Cut(doc, []byte(key))
	value, _, whole := bytes.Cut(rest, []byte(`"`))
	if !found || !whole || len(value) == 0 {
		return doc
	}
	return bytes.ReplaceAll(doc, value, nil)
}

func payloadOf(doc []byte) (Payload, error) {
	var d struct {
		Body struct{ Text *string }
	}
	if err := json.Unmarshal(doc, &d); err != nil {
		return Payload{}, err
	}
	if d.Body.Text == nil {
		return Payload{}, fmt.Errorf("no body.text in %.300s", doc)
	}
	return ParsePayload([]byte(*d.Body.Text))
}

// ReadRecord reads a record, also one that is being written.
func ReadRecord(name string) ([]Arrival, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var all []Arrival
	lines := bufio.NewReader(f)
	for {
		line, err := lines.ReadBytes('\n')
		if err == io.EOF {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		a, err := parseArrival(bytes.TrimSuffix(line, []byte("\n")))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		all = append(all, a)
	}
}

func parseArrival(line []byte) (Arrival, error) {
	parts := bytes.SplitN(line, []byte(" "), 5)
	if len(parts) != 5 {
		return Arrival{}, fmt.Errorf("not a line of a record: %.100q", line)
	}
	a := Arrival{Kind: line[0], ID: string(parts[2]), Hash: string(parts[3])}
	if a.Kind == 'B' {
		a.Problem = string(parts[4])
		return a, nil
	}
	if a.Kind == 'R' {
		return a, nil
	}
	stream, seq, _ := strings.Cut(string(parts[4]), " ")
	n, err := strconv.ParseUint(seq, 10, 64)
	a.Stream, a.Seq = stream, n
	return a, err
}
