package search

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestParseStatus(t *testing.T) {
	for text, want := range map[string]StatusRange{
		"503": {503, 503}, "5xx": {500, 599}, "4XX": {400, 499}, "500-504": {500, 504},
		">=500": {500, 999}, ">499": {500, 999}, "<=399": {0, 399}, "<400": {0, 399}, " >= 500 ": {500, 999},
	} {
		got, err := ParseStatus(text)
		if err != nil || got != want {
			t.Errorf("ParseStatus(%q) = %v, %v; want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "5", "xx", "6000", "504-500", ">=", "=503", "5x", ">=xx", "<>500"} {
		if got, err := ParseStatus(text); err == nil {
			t.Errorf("ParseStatus(%q) = %v, want an error", text, got)
		}
	}
}

func TestParseTime(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Time{
		"90m":                  now.Add(-90 * time.Minute),
		"2d":                   now.Add(-48 * time.Hour),
		"2026-11-22T10:30:00Z": time.Date(2026, 11, 22, 10, 30, 0, 0, time.UTC),
		"2026-11-22 10:30":     time.Date(2026, 11, 22, 10, 30, 0, 0, time.Local),
		"2026-11-22":           time.Date(2026, 11, 22, 0, 0, 0, 0, time.Local),
	} {
		if got, err := ParseTime(text, now); err != nil || got != want.UnixNano() {
			t.Errorf("ParseTime(%q) = %v, %v; want %v", text, time.Unix(0, got), err, want)
		}
	}
	for _, text := range []string{"", "all"} {
		if got, err := ParseTime(text, now); err != nil || got != 0 {
			t.Errorf("ParseTime(%q) = %d, %v; want no bound", text, got, err)
		}
	}
	for _, text := range []string{"yesterday", "-1h", "5", "25:00"} {
		if _, err := ParseTime(text, now); err == nil {
			t.Errorf("ParseTime(%q) is no error", text)
		}
	}
}

func TestParseLabels(t *testing.T) {
	got, err := ParseLabels("app=cart, tier!=web,canary,!old,version==2")
	want := []Label{{Key: "app", Value: "cart"}, {Key: "tier", Value: "web", Not: true}, {Key: "canary", Exists: true}, {Key: "old", Exists: true, Not: true}, {Key: "version", Value: "2"}}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
	if _, err := ParseLabels("app in (a,b)"); err == nil {
		t.Error("a set is understood")
	}
}

const traceA = "4bf92f3577b34da6a3ce929d0e0e4736"

// TestParseID shows what each form of an id is looked up as.
func TestParseID(t *testing.T) {
	for id, want := range map[string]string{
		traceA:                                  "trace " + traceA,
		strings.ToUpper(traceA):                 "trace " + traceA,
		"00-" + traceA + "-00f067aa0ba902b7-01": "trace " + traceA,
		"a3ce929d0e0e4736":                      "trace 0000000000000000a3ce929d0e0e4736",
		"4bf92f35-77b3-4da6-a3ce-929d0e0e4736":  "trace " + traceA,
		"req-17":                                "request req-17",
		"00000000000000000000000000000000":      "request 00000000000000000000000000000000",
		" req\x1b ":                             `request req\x1b`,
	} {
		terms, err := ParseID(id)
		if got := Headline(terms); err != nil || got != want {
			t.Errorf("ParseID(%q) is %q, %v; want %q", id, got, err, want)
		}
	}
	if _, err := ParseID(" "); err == nil {
		t.Error("an empty id is no error")
	}
}

func TestCompilePatternExplains(t *testing.T) {
	_, err := CompilePattern("a(b", PatternOptions{})
	if err == nil || !strings.Contains(err.Error(), "-F takes it as plain text") {
		t.Errorf("the error is %v", err)
	}
	if _, err := CompilePattern("a(b", PatternOptions{Fixed: true}); err != nil {
		t.Error(err)
	}
}
