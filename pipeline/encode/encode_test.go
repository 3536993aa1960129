package encode

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/tailrace/tailrace/pipeline/event"
	"github.com/tailrace/tailrace/pipeline/frame"
)

// textBatch has one record of plain text for each line.
func textBatch(src *event.Source, lines ...string) *event.Batch {
	b := &event.Batch{Source: src}
	at := int64(0)
	for i, l := range lines {
		s := b.Append([]byte(l))
		end := at + int64(len(l)) + 1
		b.Records = append(b.Records, event.Record{Raw: s, Line: s, Start: at, End: end, Lines: 1, Time: exampleTime + int64(i), Observed: exampleRead})
		at = end
	}
	return b
}

// attributesOfDoc are a document's attributes and its body's text.
func attributesOfDoc(t testing.TB, source []byte) (attributes map[string]any, text any) {
	t.Helper()
	var d struct {
		Attributes map[string]any
		Body       map[string]any
	}
	if err := json.Unmarshal(source, &d); err != nil {
		t.Fatalf("%v: %s", err, source)
	}
	return d.Attributes, d.Body["text"]
}

func sources(plain []byte) (all []string) {
	for _, d := range frame.Documents(plain) {
		all = append(all, string(d.Source))
	}
	return all
}

func TestDroppedRecordsLeaveCountsOnly(t *testing.T) {
	src := pod()
	b := textBatch(&src, "one", "two", "three")
	b.Records[1].Flags |= event.Dropped
	b.Records[1].Lines = 4
	b.Records[2].Lines = 2
	plain, s := plainOf(t, New(Options{}), b)
	if got := len(sources(plain)); got != 2 {
		t.Errorf("%d documents, want 2", got)
	}
	if diff := cmp.Diff(event.Counts{Docs: 2, DocLines: 3, DroppedLines: 4}, src.Counts); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]frame.Joined{{Doc: 1, Lines: 2}}, s.Meta.Joined); diff != "" {
		t.Error(diff)
	}
	if s.Meta.MinTime != exampleTime || s.Meta.MaxTime != exampleTime+2 {
		t.Errorf("times %d to %d", s.Meta.MinTime, s.Meta.MaxTime)
	}
}

func TestFilterKnowsTraceAndRequestIDs(t *testing.T) {
	src := pod()
	b := textBatch(&src, "req-1", "none")
	b.Records[0].TraceID = traceID
	b.Records[0].RequestID = b.Records[0].Line
	_, s := plainOf(t, New(Options{}), b)
	for _, id := range [][]byte{traceID[:], []byte("req-1")} {
		if !s.Meta.Filter.Has(frame.TermHash(id)) {
			t.Errorf("%q is not found", id)
		}
	}
	if s.Meta.Filter.Has(frame.TermHash(make([]byte, 16))) {
		t.Error("the absent trace id is found")
	}
}

// Invariant 2: one id never means two texts, and a record read again has the
// same id.
func TestIDsNameRecords(t *testing.T) {
	base := func() (event.SourceID, event.Record, string) {
		return event.SourceID{1}, event.Record{Start: 10, End: 20}, "raw line"
	}
	id := func(change func(src *event.SourceID, r *event.Record, raw *string)) string {
		src, r, raw := base()
		change(&src, &r, &raw)
		got := recordID(src, &r, []byte(raw))
		return string(got[:])
	}
	same := func(*event.SourceID, *event.Record, *string) {}
	if again := id(same); again != id(same) || len(again) != 22 || strings.ContainsAny(id(same), "+/=") {
		t.Errorf("id %q is not a stable 22 characters of base64url", id(same))
	}
	for name, change := range map[string]func(*event.SourceID, *event.Record, *string){
		"another file":  func(s *event.SourceID, _ *event.Record, _ *string) { s[15] = 1 },
		"another start": func(_ *event.SourceID, r *event.Record, _ *string) { r.Start++ },
		"another end":   func(_ *event.SourceID, r *event.Record, _ *string) { r.End++ },
		"another text":  func(_ *event.SourceID, _ *event.Record, raw *string) { *raw += "x" },
	} {
		if id(change) == id(same) {
			t.Errorf("%s has the same id", name)
		}
	}
	if got := id(func(_ *event.SourceID, r *event.Record, _ *string) { r.Time, r.Severity = 5, 9 }); got != id(same) {
		t.Error("what a parser found changes the id")
	}
}

// The id's value must never change between versions: a record that an older
// version delivered would be stored again.
func TestIDsAreTheSameInEveryVersion(t *testing.T) {
	got := recordID(event.SourceID{1, 2, 3}, &event.Record{Start: 4096, End: 4200}, []byte("2026-03-05T10:11:12Z stdout F hello"))
	if want := "aI0LQGPqg83WwvVacnrt1w"; string(got[:]) != want {
		t.Errorf("id %s, want %s", got[:], want)
	}
}

func TestIDsAreBase64URL(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 1000 {
		hi, lo := r.Uint64(), r.Uint64()
		var b [16]byte
		binary.BigEndian.PutUint64(b[:8], hi)
		binary.BigEndian.PutUint64(b[8:], lo)
		if got, want := printID(hi, lo), base64.RawURLEncoding.EncodeToString(b[:]); string(got[:]) != want {
			t.Fatalf("%x: %s, want %s", b, got[:], want)
		}
	}
}

func TestLosslessTextComesBack(t *testing.T) {
	for _, want := range []string{"\xff", "a\\b\xfe", `\xff` + "\xff", "é\xe9\x00\"\n", strings.Repeat("abc\\", 40) + "\x80"} {
		src := pod()
		plain, _ := plainOf(t, New(Options{}), textBatch(&src, want))
		attributes, text := attributesOfDoc(t, []byte(sources(plain)[0]))
		if attributes["log.body.escaped"] != true {
			t.Errorf("%q is not marked: %s", want, plain)
		}
		if got := unescape(t, text.(string)); got != want {
			t.Errorf("%q came back as %q", want, got)
		}
	}
}

// unescape is the inverse that the documentation describes.
func unescape(t *testing.T, s string) string {
	t.Helper()
	var out []byte
	for i := 0; i < len(s); i++ {
		switch {
		case strings.HasPrefix(s[i:], `\\`):
			out = append(out, '\\')
			i++
		case strings.HasPrefix(s[i:], `\x`):
			b, err := hex.DecodeString(s[i+2 : i+4])
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, b...)
			i += 3
		default:
			out = append(out, s[i])
		}
	}
	return string(out)
}

func TestTimesWithAllTheirDigits(t *testing.T) {
	var c clock
	for _, ns := range []int64{
		exampleTime, exampleTime + 1, exampleTime + 1e9, exampleTime + 3600e9, exampleTime + 86400e9, exampleTime,
		0, 1, 999_999_999, 1709164799_999999999, 1709164800_000000000, 1<<63 - 1, 86399e9, 86400e9,
	} {
		want := time.Unix(0, ns).UTC().Format("2006-01-02T15:04:05.000000000Z")
		if got := string(c.format(ns)); got != want {
			t.Errorf("%d: %s, want %s", ns, got, want)
		}
	}
	if got := string(c.format(-5)); got != "1970-01-01T00:00:00.000000000Z" {
		t.Errorf("a time before 1970 became %s", got)
	}
}

func TestNamesOfDataStreams(t *testing.T) {
	long := strings.Repeat("x", 300)
	for _, tc := range []struct{ dataset, namespace, override, want string }{
		{"", "", "", "logs-generic.otel-default"},
		{"shop", "prod-eu", "", "logs-shop.otel-prod-eu"},
		{"shop", "prod", "nginx.access", "logs-nginx.access.otel-prod"},
		{"My-App/1 *", "A,B#:", "", "logs-my_app_1__.otel-a_b__"},
		{"ü\x00", "\n", "", "logs-___.otel-_"},
		{long, long, "", "logs-" + long[:95] + ".otel-" + long[:100]},
	} {
		src := event.Source{Settings: event.Settings{Dataset: tc.dataset, DataStreamNamespace: tc.namespace}}
		if got := streamOf(&src, tc.override, otelSuffix).index(); got != tc.want {
			t.Errorf("%q %q %q: %s, want %s", tc.dataset, tc.namespace, tc.override, got, tc.want)
		}
	}
}

func TestTooManyFieldsAreCut(t *testing.T) {
	src := pod()
	b := textBatch(&src, "line")
	r := &b.Records[0]
	for range 300 {
		b.AddField(r, event.Field{Name: "same", Value: event.Int(1)})
	}
	r.Flags = event.Truncated | event.Continuation | event.Malformed | event.Escape
	plain, _ := plainOf(t, New(Options{}), b)
	attributes, _ := attributesOfDoc(t, []byte(sources(plain)[0]))
	if constant := 1; len(attributes) != maxFields+4+constant {
		t.Errorf("%d attributes", len(attributes))
	}
}

func TestEveryKindOfValue(t *testing.T) {
	src := event.Source{}
	b := textBatch(&src, "tex\xfft[1]")
	text := event.Span{Off: 0, Len: 3}
	for _, f := range []event.Field{
		{Name: "absent"},
		{Name: "text", Value: event.Text(text)},
		{Name: "bytes", Value: event.Text(event.Span{Len: 4})},
		{Name: "json", Value: event.JSON(event.Span{Off: 5, Len: 3})},
		{Name: "int", Value: event.Int(-5)},
		{Name: "const", Value: event.Const("c\"")},
		{Name: "array", Value: event.Value{Kind: event.KindTextArray, Span: text}},
		{Name: "yes", Value: event.Value{Kind: event.KindBool, Num: 1}},
		{Name: "no", Value: event.Value{Kind: event.KindBool}},
		{Value: event.Value{Kind: event.KindMembers}},
	} {
		b.AddField(&b.Records[0], f)
	}
	b.Records[0].Body = event.Int(7)
	plain, _ := plainOf(t, New(Options{}), b)
	attributes, body := attributesOfDoc(t, []byte(sources(plain)[0]))
	want := map[string]any{
		"text": "tex", "bytes": `tex\xff`, "json": []any{1.0}, "int": -5.0, "const": `c"`, "array": []any{"tex"},
		"yes": true, "no": false, "log.attributes.escaped": true,
	}
	if diff := cmp.Diff(want, attributes); diff != "" || body != "7" {
		t.Errorf("%s\nbody %v", diff, body)
	}
}

func TestEncodingAllocatesNothing(t *testing.T) {
	e, f := New(Options{}), frame.NewBuilder(1)
	var batches []*event.Batch
	for _, x := range examples {
		batches = append(batches, x.batch())
	}
	encode := func() {
		for _, b := range batches {
			e.Encode(b, f)
		}
	}
	for range 3000 {
		encode()
	}
	if n := testing.AllocsPerRun(500, encode); n != 0 {
		t.Errorf("%v allocations for %d records", n, len(batches))
	}
}

// FuzzDocument holds for every line: what comes out is a pair of lines of
// valid JSON and UTF-8 with no name twice, and the text can be had back.
func FuzzDocument(f *testing.F) {
	f.Add([]byte("plain"), []byte("k"), []byte("v"), uint8(0), uint8(0))
	f.Add([]byte("\xff\\\n\x00"), []byte("log.iostream"), []byte("\x80"), uint8(255), uint8(1))
	f.Fuzz(func(t *testing.T, line, name, value []byte, flags, kind uint8) {
		src := pod()
		b := textBatch(&src, string(line))
		r := &b.Records[0]
		r.Flags, r.Stream, r.Severity = event.Flags(flags)&^event.Dropped, event.Stream(kind%3), flags
		r.TraceID[0], r.SpanID[1], r.TraceFlags, r.HasFlags = kind, flags, flags, kind > 9
		r.SeverityText = event.Text(b.Append(value))
		k := bytes.ToValidUTF8(name, []byte("?"))
		escapedKey, _ := appendEscaped(nil, k)
		for range 3 {
			b.AddField(r, event.Field{Key: b.Append(escapedKey), Value: event.Text(b.Append(value))})
		}
		b.AddField(r, event.Field{Name: "array", Value: event.Value{Kind: event.KindTextArray, Span: r.Line}})
		plain, s := plainOf(t, New(Options{}), b)
		if s.Meta.Docs != 1 || bytes.Count(plain, []byte("\n")) != 2 {
			t.Fatalf("%d documents in %q", s.Meta.Docs, plain)
		}
		for _, d := range frame.Documents(plain) {
			checkDocument(t, d, 2+3+1)
		}
	})
}

func checkDocument(t *testing.T, d frame.Doc, fields int) {
	t.Helper()
	if !json.Valid(d.Action) || !json.Valid(d.Source) || !utf8.Valid(d.Source) {
		t.Fatalf("not JSON in UTF-8: %q\n%q", d.Action, d.Source)
	}
	attributes, _ := attributesOfDoc(t, d.Source)
	if members := membersOf(t, d.Source); members != len(attributes) {
		t.Errorf("%d members, but %d names: %s", members, len(attributes), d.Source)
	}
	if len(attributes) < fields-1 {
		t.Errorf("attributes are missing: %s", d.Source)
	}
}

// membersOf counts the members of attributes as they are written.
func membersOf(t *testing.T, source []byte) (n int) {
	t.Helper()
	var d struct{ Attributes json.RawMessage }
	if err := json.Unmarshal(source, &d); err != nil {
		t.Fatal(err)
	}
	dec := json.NewDecoder(bytes.NewReader(d.Attributes))
	dec.Token()
	for dec.More() {
		dec.Token()
		var v json.RawMessage
		if err := dec.Decode(&v); err != nil {
			t.Fatal(err)
		}
		n++
	}
	return n
}

func FuzzText(f *testing.F) {
	f.Add("12345678\"2345678\x1f\x7f\x80")
	f.Add(`\\\\\\\\` + "\t\n\r\u2028")
	f.Fuzz(func(t *testing.T, s string) {
		b, escaped := appendText(nil, s)
		if escaped != !utf8.ValidString(s) {
			t.Errorf("%q: escaped is %v", s, escaped)
		}
		var got string
		if err := json.Unmarshal(b, &got); err != nil {
			t.Fatalf("%v: %q", err, b)
		}
		if !escaped && got != s {
			t.Errorf("%q came back as %q", s, got)
		}
		if fromBytes, _ := appendText(nil, []byte(s)); !bytes.Equal(fromBytes, b) {
			t.Errorf("a string and its bytes differ: %q %q", b, fromBytes)
		}
	})
}
