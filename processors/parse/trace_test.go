package parse

import (
	"bytes"
	"encoding/hex"
	"regexp"
	"strings"
	"testing"

	"github.com/tailrace/tailrace/internal/strictjson"
	"github.com/tailrace/tailrace/pipeline/event"
)

// event0 is a source for tests that need just one.
var event0 = event.Source{Container: "c"}

const (
	traceText = "4bf92f3577b34da6a3ce929d0e0e4736"
	spanText  = "00f067aa0ba902b7"
)

func TestParseTraceparent(t *testing.T) {
	zeros := strings.Repeat("0", 32)
	for text, want := range map[string]bool{
		"00-" + traceText + "-" + spanText + "-01":                  true,
		"00-" + traceText + "-" + spanText + "-ff":                  true,
		"cc-" + traceText + "-" + spanText + "-01":                  true,
		"cc-" + traceText + "-" + spanText + "-01-what":             true,
		"00-" + traceText + "-" + spanText + "-01-what":             false,
		"cc-" + traceText + "-" + spanText + "-01what":              false,
		"ff-" + traceText + "-" + spanText + "-01":                  false,
		"00-" + zeros + "-" + spanText + "-01":                      false,
		"00-" + traceText + "-" + zeros[:16] + "-01":                false,
		"00-" + strings.ToUpper(traceText) + "-" + spanText + "-01": false,
		"00-" + traceText + "-" + strings.ToUpper(spanText) + "-01": false,
		"0A-" + traceText + "-" + spanText + "-01":                  false,
		"00-" + traceText + "-" + spanText + "-0":                   false,
		"00-" + traceText + "_" + spanText + "-01":                  false,
		"00-" + traceText[:31] + "g-" + spanText + "-01":            false,
		"00-" + traceText[:31] + "\xe1-" + spanText + "-01":         false,
		"": false,
	} {
		var c context
		got := parseTraceparent([]byte(text), &c)
		if got != want {
			t.Errorf("%s: %t", text, got)
		}
		if got && (hex.EncodeToString(c.trace[:]) != traceText || hex.EncodeToString(c.span[:]) != spanText || !c.hasFlags) {
			t.Errorf("%s: %x %x", text, c.trace, c.span)
		}
	}
}

func TestParseB3(t *testing.T) {
	for text, want := range map[string]string{
		traceText + "-" + spanText:                         traceText + " false 0",
		traceText + "-" + spanText + "-1":                  traceText + " true 1",
		traceText + "-" + spanText + "-0-05e3ac9a4f6e3b90": traceText + " true 0",
		traceText + "-" + spanText + "-d":                  traceText + " true 1",
		traceText[16:] + "-" + spanText:                    strings.Repeat("0", 16) + traceText[16:] + " false 0",
		"0":                                                "",
		"d":                                                "",
		traceText:                                          "",
		traceText + "-" + spanText + "-x":                  "",
		traceText[:20] + "-" + spanText:                    "",
		traceText + "-" + spanText[:8]:                     "",
		strings.Repeat("0", 32) + "-" + spanText:           "",
	} {
		var c context
		got := ""
		if parseB3([]byte(text), &c) {
			got = hex.EncodeToString(c.trace[:]) + map[bool]string{true: " true ", false: " false "}[c.hasFlags] + string('0'+c.flags)
		}
		if got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

func TestTraceIDSpellings(t *testing.T) {
	const padded = "0000000000000000" + "a3ce929d0e0e4736"
	tests := []struct {
		family family
		text   string
		want   string
		mark   uint8
	}{
		{famSnake, traceText, traceText, markTaken},
		{famSnake, strings.ToUpper(traceText), traceText, markRenamed},
		{famSnake, traceText[16:], padded, markRenamed},
		{famSnake, "ce929d0e0e4736", "000000000000000000ce929d0e0e4736", markRenamed},
		{famSnake, " " + traceText + " ", traceText, markRenamed},
		{famSnake, "4bf92f35-77b3-4da6-a3ce-929d0e0e4736", traceText, markRenamed},
		{famGCP, "projects/p/traces/" + traceText, traceText, markRenamed},
		{famXRay, "Root=1-4bf92f35-77b34da6a3ce929d0e0e4736", traceText, markRenamed},
		{famXRay, "1-4bf92f35-77b34da6a3ce929d0e0e4736", traceText, markRenamed},
		{famDatadog, "11803532876627986230", "0000000000000000a3ce929d0e0e4736", markRenamed},
		{famDatadog, "1180353287662798", "0000000000000000000431866a6bacce", markRenamed},
		{famDatadog, traceText, traceText, markTaken},

		{famSnake, "", "", markNone},
		{famSnake, "0", "", markNone},
		{famSnake, "-", "", markNone},
		{famSnake, "null", "", markNone},
		{famSnake, "abc", "", markNone},
		{famSnake, strings.Repeat("0", 32), "", markNone},
		{famSnake, traceText + "0", "", markNone},
		{famSnake, traceText[:31] + "g", "", markNone},
		{famSnake, "00000000-0000-0000-0000-000000000000", "", markNone},
		{famDatadog, "0", "", markNone},
		{famDatadog, "18446744073709551616", "", markNone},
		{famDatadog, "12x", "", markNone},
	}
	for _, tt := range tests {
		var c context
		mark, ok := decodeTrace(&c, tt.family, strictjson.String, []byte(tt.text))
		got := ""
		if ok {
			got = hex.EncodeToString(c.trace[:])
		}
		if got != tt.want || mark != tt.mark {
			t.Errorf("%s: %q, mark %d; want %q, mark %d", tt.text, got, mark, tt.want, tt.mark)
		}
	}
}

func TestLowerHexIsExact(t *testing.T) {
	for c := range 256 {
		text := []byte(traceText)
		text[5] = byte(c)
		var got [16]byte
		want, err := hex.DecodeString(string(text))
		valid := err == nil && !('A' <= c && c <= 'F')
		if ok := lowerHex(got[:], text); ok != valid || ok && !bytes.Equal(got[:], want) {
			t.Errorf("%q: %t %x", text, ok, got)
		}
	}
}

func TestAnIDIsNeverOverwritten(t *testing.T) {
	p, b := New(Options{}), batchOf(&event0, []byte(`{"msg":"m","trace_id":"`+traceText+`"}`))
	b.Records[0].TraceID = [16]byte{1}
	p.Process(b)
	if b.Records[0].TraceID != [16]byte{1} {
		t.Errorf("%x", b.Records[0].TraceID)
	}
}

var traceparent = regexp.MustCompile(`^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$`)

// FuzzTraceparent holds the parser against the grammar.
func FuzzTraceparent(f *testing.F) {
	f.Add("00-" + traceText + "-" + spanText + "-01")
	f.Add("cc-" + traceText + "-" + spanText + "-01-x")
	f.Fuzz(func(t *testing.T, s string) {
		m := traceparent.FindStringSubmatch(strings.ReplaceAll(s, "\n", " "))
		want := m != nil && m[1] != "ff" && (m[1] != "00" || len(s) == traceparentSize) &&
			strings.Trim(m[2], "0") != "" && strings.Trim(m[3], "0") != ""
		var c context
		if got := parseTraceparent([]byte(s), &c); got != want {
			t.Errorf("%q: %t", s, got)
		}
	})
}
