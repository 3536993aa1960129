package strictjson

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"math/bits"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func TestScanRefuses(t *testing.T) {
	tests := []struct {
		text string
		want Problem
		at   int
	}{
		{``, NotObject, 0},
		{`[1]`, NotObject, 0},
		{`{"a":1} x`, Trailing, 8},
		{`{"a":1`, CutOff, 6},
		{`{"a"`, CutOff, 4},
		{`{"a":`, CutOff, 5},
		{`{"a":"b`, CutOff, 7},
		{`{"a":1,}`, Syntax, 7},
		{`{a:1}`, Syntax, 1},
		{`{"a" 1}`, Syntax, 5},
		{`{"a":tru}`, Syntax, 5},
		{`{"a":,"b":1}`, Syntax, 5},
		{`{"a":[1 2]}`, Syntax, 8},
		{`{"a":01}`, BadNumber, 5},
		{`{"a":1.}`, BadNumber, 5},
		{`{"a":1e}`, BadNumber, 5},
		{`{"a":-}`, BadNumber, 5},
		{`{"a":+1}`, Syntax, 5},
		{`{"a":"\x41"}`, BadString, 6},
		{`{"a":"\u00g0"}`, BadString, 6},
		{"{\"a\":\"\t\"}", BadString, 6},
		{"{\"a\":\"\xff\"}", BadUTF8, 6},
		{"{\"\xc3\":1}", BadUTF8, 2},
		{`{"a":1,"b":2,"a":3}`, DuplicateKey, 13},
		{`{"a":1,"\u0061":3}`, DuplicateKey, 7},
		{`{"\ud83d\ude00":1,"😀":3}`, DuplicateKey, 18},
		{`{"long key number 1":1,"long key number 1":3}`, DuplicateKey, 23},
		{`{"a":1 , "a":3}`, DuplicateKey, 9},
		{`{"x":{"a":1,"b":2,"a":3}}`, DuplicateKey, 18},
		{`{"x":[{"a":1,"a":3}]}`, DuplicateKey, 13},
		{`{"":1}`, EmptyKey, 1},
		{`{"a":` + strings.Repeat("[", 16) + strings.Repeat("]", 16) + `}`, TooDeep, 20},
		{`{"a":` + strings.Repeat(`{"a":`, 16) + `1` + strings.Repeat("}", 17), TooDeep, 80},
	}
	var s Scanner
	for _, tt := range tests {
		if s.Scan([]byte(tt.text)) || s.Problem != tt.want || s.At != tt.at {
			t.Errorf("%s: %q at %d, want %q at %d", tt.text, s.Problem, s.At, tt.want, tt.at)
		}
	}
}

func TestScanLimits(t *testing.T) {
	object := func(fields int) []byte {
		b := []byte{'{'}
		for i := range fields {
			b = append(b, '"', 'k', byte('a'+i/26), byte('a'+i%26))
			b = append(b, `":1,`...)
		}
		b[len(b)-1] = '}'
		return b
	}
	var s Scanner
	if !s.Scan(object(MaxFields)) {
		t.Errorf("%d fields refused: %v", MaxFields, s.Problem)
	}
	if s.Scan(object(MaxFields+1)) || s.Problem != TooManyFields {
		t.Errorf("%d fields accepted", MaxFields+1)
	}
	if deep := `{"a":` + strings.Repeat("[", 15) + strings.Repeat("]", 15) + `}`; !s.Scan([]byte(deep)) {
		t.Errorf("depth %d refused", MaxDepth)
	}
}

func TestScanMembers(t *testing.T) {
	text := []byte(` { "a" : "x\"y" , "long_key_1":{"a":[1,{"b":null}]},"long_key_2":-0.5e+3, "n":null,"\u0074":true } `)
	var s Scanner
	if !s.Scan(text) {
		t.Fatal(s.Problem, s.At)
	}
	var got []string
	kinds := map[Kind]string{Null: "null", Bool: "bool", Number: "number", String: "string", Array: "array", Object: "object"}
	for _, m := range s.Members {
		got = append(got, string(text[m.Key:m.KeyEnd])+"="+string(text[m.Value:m.ValueEnd])+" "+kinds[m.Kind])
		if m.EscapedValue != bytes.Contains(text[m.Value:m.ValueEnd], []byte(`\"y`)) {
			t.Errorf("member %s: escaped value %t", text[m.Key:m.KeyEnd], m.EscapedValue)
		}
		if want := Word(text, int(m.Key), int(m.KeyEnd)); m.Word != want || m.EscapedKey != (m.Key > 78) {
			t.Errorf("member %s: word %x, escaped %t", text[m.Key:m.KeyEnd], m.Word, m.EscapedKey)
		}
	}
	want := []string{`a="x\"y" string`, `long_key_1={"a":[1,{"b":null}]} object`, `long_key_2=-0.5e+3 number`, `n=null null`, `\u0074=true bool`}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestRun(t *testing.T) {
	var s Scanner
	for text, members := range map[string]int{
		`"a":1`: 1, `"a":1 , "b":{"c":2}`: 2, `"a":"x"`: 1, `"a":[]`: 1,
		``: 0, `"a"`: 0, `"a":`: 0, `"a":1,`: 0, `"a":1,"b"`: 0, `"a":"x`: 0, `"a":1}`: 0, `"a":1,"a":2`: 0,
	} {
		if ok := s.Run([]byte(text)); ok != (members > 0) || ok && len(s.Members) != members {
			t.Errorf("%s: %t, %d members", text, ok, len(s.Members))
		}
	}
}

func TestAppendText(t *testing.T) {
	for _, text := range []string{`plain`, `a\"\\\/\b\f\n\r\tz`, `é\u00e9\ud83d\ude00😀`, `\ud83d x`, `\udc00`} {
		var want string
		if err := json.Unmarshal([]byte(`"`+text+`"`), &want); err != nil {
			t.Fatal(err)
		}
		if got := string(AppendText(nil, []byte(text))); got != want {
			t.Errorf("%s: %q, encoding/json says %q", text, got, want)
		}
		if !SameKey([]byte(text), strings.Clone(want)) && !strings.Contains(want, "\ufffd") {
			t.Errorf("%s is not the same key as %q", text, want)
		}
	}
}

// errStrict is what encoding/json does not mind and Scan refuses.
var errStrict = errors.New("strict")

// reference decides with encoding/json what Scan should say.
func reference(text []byte) error {
	if !json.Valid(text) || !utf8.Valid(text) {
		return errStrict
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return errStrict
	}
	fields := 0
	if err := referenceObject(d, 1, &fields); err != nil {
		return err
	}
	_, err := d.Token()
	if err != io.EOF {
		return errStrict
	}
	return nil
}

func referenceObject(d *json.Decoder, depth int, fields *int) error {
	seen := map[string]bool{}
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return err
		}
		key := t.(string)
		if *fields++; key == "" || seen[key] || *fields > MaxFields {
			return errStrict
		}
		seen[key] = true
		if err := referenceValue(d, depth, fields); err != nil {
			return err
		}
	}
	_, err := d.Token()
	return err
}

func referenceValue(d *json.Decoder, depth int, fields *int) error {
	t, err := d.Token()
	if err != nil {
		return err
	}
	delim, ok := t.(json.Delim)
	if !ok {
		return nil
	}
	if depth == MaxDepth {
		return errStrict
	}
	if delim == '{' {
		return referenceObject(d, depth+1, fields)
	}
	for d.More() {
		if err := referenceValue(d, depth+1, fields); err != nil {
			return err
		}
	}
	_, err = d.Token()
	return err
}

// FuzzScan compares with encoding/json. An unpaired surrogate in a key is
// U+FFFD there and itself here, so such keys are left out.
func FuzzScan(f *testing.F) {
	for _, seed := range []string{
		`{"time":"2026-03-05T10:11:12.123456789Z","level":"INFO","msg":"hello","n":1.5e3,"o":{"a":[true,false,null]}}`,
		`{"a":1,"\u0061":2}`, `{"a" : "\ud83d\ude00" }`, "{\"é\":\"\xff\"}", `{"a":-0}`, `{"a":[[],{}]}`, `{}`,
	} {
		f.Add([]byte(seed))
	}
	var s Scanner
	f.Fuzz(func(t *testing.T, text []byte) {
		if bytes.Contains(bytes.ToLower(text), []byte(`\ud`)) || bytes.Contains(text, []byte("\ufffd")) || bytes.Contains(bytes.ToLower(text), []byte(`\ufffd`)) {
			t.Skip()
		}
		ok := s.Scan(text)
		if want := reference(text); ok != (want == nil) {
			t.Fatalf("accepted %t (%v at %d), reference says %v: %q", ok, s.Problem, s.At, want, text)
		}
		if !ok {
			return
		}
		for _, m := range s.Members {
			if !json.Valid(text[m.Value:m.ValueEnd]) || !json.Valid(text[m.Key-1:m.KeyEnd+1]) {
				t.Fatalf("member %d:%d of %q", m.Key, m.ValueEnd, text)
			}
		}
	})
}

var sample = []byte(`{"time":"2026-03-05T10:11:12.123456789Z","level":"INFO","msg":"order placed","service":"checkout","trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","span_id":"00f067aa0ba902b7","order":4711,"ok":true,"took_ms":12.5}`)

func TestScanAllocatesNothing(t *testing.T) {
	var s Scanner
	s.Scan(sample)
	if n := testing.AllocsPerRun(100, func() { s.Scan(sample) }); n != 0 {
		t.Errorf("%v allocations per line", n)
	}
}

// go test -run '^$' -bench Scan ./internal/strictjson
func BenchmarkScan(b *testing.B) {
	var s Scanner
	b.SetBytes(int64(len(sample)))
	for b.Loop() {
		if !s.Scan(sample) {
			b.Fatal(s.Problem)
		}
	}
}

// Of any two neighbours, special finds the first that needs a look, wherever
// they stand.
func TestSpecialFindsTheFirstByteThatNeedsALook(t *testing.T) {
	needsLook := func(c byte) bool { return c < ' ' || c == '"' || c == '\\' || c >= 0x80 }
	for pair := range 1 << 16 {
		for at := range 7 {
			text := []byte("abcdefgh")
			text[at], text[at+1] = byte(pair), byte(pair>>8)
			want := slices.IndexFunc(text, needsLook)
			got := bits.TrailingZeros64(special(binary.LittleEndian.Uint64(text))) >> 3
			if want < 0 {
				want = len(text)
			}
			if got != want {
				t.Fatalf("%q: byte %d, want %d", text, got, want)
			}
		}
	}
}
