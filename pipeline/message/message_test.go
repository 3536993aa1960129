package message

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"maps"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tailrace/tailrace/pipeline/frame"
)

const plainText = `{"create":{"_index":"logs-generic.otel-default","_id":"1"}}
{"body":{"text":"hello"}}
{"create":{"_index":"logs-generic.otel-default","_id":"2"}}
{"body":{"text":"world"}}
`

// sealed is a frame of two documents.
func sealed() *frame.Sealed {
	b := frame.NewBuilder(1)
	for i, doc := range frame.Documents([]byte(plainText)) {
		b.Var(append(append(append([]byte{}, doc.Action...), '\n'), append(doc.Source, '\n')...))
		b.EndDoc(1, int64(1000+i))
	}
	s := b.Seal(frame.Meta{Class: "tenant-a.b_1", MaybeSeen: true})
	s.Meta.Seq, s.Meta.JournalTime = 4711, 1772705472_123456789
	return s
}

func whole(s *frame.Sealed) Piece {
	return Piece{Meta: &s.Meta, Docs: int(s.Meta.Docs), PlainSize: int(s.Meta.PlainSize), Payload: s.Payload}
}

var origin = Origin{Journal: "0123abcd", Node: "node-1"}

func TestAFrameArrivesAsItWasSent(t *testing.T) {
	s := sealed()
	m := New(origin, whole(s), make([]byte, 0, 1<<20))
	f, err := Parse(&m)
	if err != nil {
		t.Fatal(err)
	}
	want := frame.Meta{
		Class: "tenant-a.b_1", MaybeSeen: true, JournalTime: s.Meta.JournalTime,
		MinTime: 1000, MaxTime: 1001, Docs: 2,
		PlainSize: s.Meta.PlainSize, PackedSize: s.Meta.PackedSize, Checksum: s.Meta.Checksum,
	}
	if diff := cmp.Diff(want, f.Meta); diff != "" {
		t.Error(diff)
	}
	if f.ID != "0123abcd-4711" || f.Node != "node-1" || !bytes.Equal(f.Payload, s.Payload) {
		t.Errorf("id %q, node %q, %d bytes of %d", f.ID, f.Node, len(f.Payload), len(s.Payload))
	}
}

func TestAnybodyCanReadTheBody(t *testing.T) {
	m := New(origin, whole(sealed()), nil)
	r, err := gzip.NewReader(bytes.NewReader(m.Body))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(r); err != nil || string(got) != plainText {
		t.Errorf("%v: %q", err, got)
	}
}

func TestPiecesOfAFrameHaveIDsOfTheirOwn(t *testing.T) {
	s := sealed()
	b := frame.NewBuilder(1)
	ids := map[string]bool{New(origin, whole(s), nil).ID: true}
	for _, doc := range frame.Documents([]byte(plainText)) {
		b.AddDoc(doc)
		part := b.Seal(frame.Meta{})
		piece := Piece{Meta: &s.Meta, Docs: 1, PlainSize: int(part.Meta.PlainSize), Payload: part.Payload}
		m := New(origin, piece, nil)
		if again := New(origin, piece, nil); again.ID != m.ID {
			t.Errorf("sent again it is %s, before %s", again.ID, m.ID)
		}
		if _, err := Parse(&m); err != nil {
			t.Error(err)
		}
		ids[m.ID] = true
	}
	if len(ids) != 3 {
		t.Errorf("a frame and its two documents have the ids %v", ids)
	}
}

func TestNumbersOfEverySizeAreRead(t *testing.T) {
	m := New(origin, whole(sealed()), nil)
	for _, two := range []any{int(2), int8(2), int16(2), int32(2), int64(2), uint8(2), uint16(2), uint32(2)} {
		m.Headers[HeaderDocuments] = two
		if _, err := Parse(&m); err != nil {
			t.Errorf("%T: %v", two, err)
		}
	}
}

func TestAnyNodeNameCanBeSent(t *testing.T) {
	for _, name := range []string{"", strings.Repeat("é", 300), "\xff\x00\x1b[31m"} {
		m := New(Origin{Node: name}, whole(sealed()), nil)
		if _, err := Parse(&m); err != nil {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestWhatIsNoFrameIsRefused(t *testing.T) {
	type change func(*Message)
	set := func(name string, value any) change { return func(m *Message) { m.Headers[name] = value } }
	without := func(name string) change { return func(m *Message) { delete(m.Headers, name) } }
	for name, tc := range map[string]struct {
		change change
		want   error
	}{
		"another producer's":        {without(HeaderVersion), ErrForeign},
		"of the next version":       {set(HeaderVersion, int64(2)), ErrVersion},
		"of a version in words":     {set(HeaderVersion, "\x1b[2J"), ErrVersion},
		"not compressed":            {func(m *Message) { m.Body = []byte(plainText) }, ErrNotGzip},
		"empty":                     {func(m *Message) { m.Body = nil }, ErrNotGzip},
		"said to be plain":          {func(m *Message) { m.ContentEncoding = "" }, ErrNotGzip},
		"only a gzip header":        {func(m *Message) { m.Body = m.Body[:12] }, ErrInvalid},
		"cut off":                   {func(m *Message) { m.Body = m.Body[:len(m.Body)-1] }, ErrChecksum},
		"with a flipped bit":        {func(m *Message) { m.Body[40] ^= 4 }, ErrChecksum},
		"with a byte more":          {func(m *Message) { m.Body = append(m.Body, 0) }, ErrChecksum},
		"of another plain size":     {set(HeaderPlainSize, int64(100)), ErrChecksum},
		"of an immense plain size":  {set(HeaderPlainSize, int64(math.MaxUint32)), ErrInvalid},
		"of a negative plain size":  {set(HeaderPlainSize, int64(-1)), ErrInvalid},
		"without documents":         {set(HeaderDocuments, int64(0)), ErrInvalid},
		"with too many documents":   {set(HeaderDocuments, int64(1<<20)), ErrInvalid},
		"with documents in words":   {set(HeaderDocuments, "2"), ErrInvalid},
		"without a class":           {set(HeaderClass, ""), ErrInvalid},
		"of a class with a newline": {set(HeaderClass, "a\nb"), ErrInvalid},
		"of a class that is hidden": {set(HeaderClass, ".a"), ErrInvalid},
		"of a class that is long":   {set(HeaderClass, strings.Repeat("a", 64)), ErrInvalid},
		"of a node that is long":    {set(HeaderNode, strings.Repeat("a", 256)), ErrInvalid},
		"without a node":            {without(HeaderNode), ErrInvalid},
		"of no time":                {set(HeaderJournalTime, int64(0)), ErrInvalid},
		"ending before it begins":   {set(HeaderMinTime, int64(2000)), ErrInvalid},
		"seen to a degree":          {set(HeaderMaybeSeen, int64(1)), ErrInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			m := New(origin, whole(sealed()), nil)
			tc.change(&m)
			f, err := Parse(&m)
			if !errors.Is(err, tc.want) {
				t.Errorf("%v, %v; want %v", f, err, tc.want)
			}
			if err != nil && strings.Contains(err.Error(), "\x1b") {
				t.Errorf("the error hands on control characters: %q", err)
			}
		})
	}
}

// FuzzParse looks behind the checksum: it is made right for every input.
func FuzzParse(f *testing.F) {
	s := sealed()
	f.Add(s.Payload, "default", "node", int64(2), int64(s.Meta.PlainSize), int64(5), int64(6), int64(7), true)
	f.Add([]byte{3, 0}, "", "", int64(-1), int64(1<<40), int64(0), int64(-1), int64(0), false)
	f.Fuzz(func(t *testing.T, payload []byte, class, node string, docs, plain, first, last, journaled int64, seen bool) {
		m := New(origin, whole(s), nil)
		m.Body = append(m.Body[:len(frame.WireHeader)], payload...)
		maps.Copy(m.Headers, map[string]any{
			HeaderClass: class, HeaderNode: node, HeaderDocuments: docs, HeaderPlainSize: plain,
			HeaderMinTime: first, HeaderMaxTime: last, HeaderJournalTime: journaled, HeaderMaybeSeen: seen,
			HeaderChecksum: int64(frame.Checksum(payload)),
		})
		got, err := Parse(&m)
		if err != nil {
			return
		}
		if err := frame.Verify(got.Payload, &got.Meta); err != nil {
			t.Error(err)
		}
		if _, err := frame.Inflate(nil, got.Payload, &got.Meta); err != nil {
			return
		}
		again := New(Origin{Journal: origin.Journal, Node: got.Node},
			Piece{Meta: &got.Meta, Docs: int(got.Meta.Docs), PlainSize: int(got.Meta.PlainSize), Payload: got.Payload}, nil)
		if _, err := Parse(&again); err != nil {
			t.Errorf("what was taken cannot be handed on: %v", err)
		}
	})
}
