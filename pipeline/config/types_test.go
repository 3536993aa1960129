package config

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"
)

func TestByteSize(t *testing.T) {
	for text, want := range map[string]ByteSize{
		"0": 0, "4096": 4 * KiB, "4MiB": 4 * MiB, "10 GiB": 10 * GiB, "5MB": 5_000_000, "1.5KiB": 1536,
	} {
		var got ByteSize
		if err := got.UnmarshalText([]byte(text)); err != nil || got != want {
			t.Errorf("%q = %d, %v; want %d", text, got, err, want)
		}
		var again ByteSize
		if err := again.UnmarshalText([]byte(got.String())); err != nil || again != got {
			t.Errorf("%q is written as %q and read back as %d, %v", text, got, again, err)
		}
	}
	for _, text := range []string{"", "-1", "big", "10 GiBs", "99999999EiB"} {
		if new(ByteSize).UnmarshalText([]byte(text)) == nil {
			t.Errorf("%q is accepted", text)
		}
	}
}

func TestPercent(t *testing.T) {
	for text, want := range map[string]Percent{"15%": 15, "0": 0, "12.5 %": 12.5, "100%": 100} {
		var got Percent
		if err := got.UnmarshalText([]byte(text)); err != nil || got != want {
			t.Errorf("%q = %v, %v; want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "101%", "-1%", "NaN", "half"} {
		if new(Percent).UnmarshalText([]byte(text)) == nil {
			t.Errorf("%q is accepted", text)
		}
	}
	if got := Percent(15).Of(200); got != 30 {
		t.Errorf("15%% of 200 = %d", got)
	}
}

func TestParseDuration(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"200ms": 200 * time.Millisecond, "1m30s": 90 * time.Second, "7d": 168 * time.Hour, "1d12h": 36 * time.Hour,
	} {
		if got, err := ParseDuration(text); err != nil || got != want {
			t.Errorf("%q = %v, %v; want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "30", "d", "1 day", "1d2"} {
		if d, err := ParseDuration(text); err == nil {
			t.Errorf("%q is accepted as %v", text, d)
		}
	}
}

func TestSecretIsNeverShown(t *testing.T) {
	s := Secret("hunter2")
	var logged strings.Builder
	slog.New(slog.NewJSONHandler(&logged, nil)).Info("login", "password", s, "in", struct{ P Secret }{s})
	shown := fmt.Sprintf("%s %v %#v %q %+v", s, s, s, s, struct{ P Secret }{s}) + logged.String()
	if strings.Contains(shown, "hunter2") {
		t.Errorf("the secret is in %s", shown)
	}
	if s.Reveal() != "hunter2" {
		t.Errorf("Reveal = %q", s.Reveal())
	}
}

func TestNearest(t *testing.T) {
	known := []string{"endpoints", "api_key", "user", "timeout", "tls"}
	for word, want := range map[string]string{
		"endpoint": "endpoints", "apikey": "api_key", "API_KEY": "api_key", "usr": "user", "timeuot": "timeout",
		"end": "endpoints", "retry": "", "x": "",
	} {
		if got := nearest(word, known); got != want {
			t.Errorf("nearest to %q is %q, want %q", word, got, want)
		}
	}
}

func TestPathString(t *testing.T) {
	p := Path{"processors", "filter", "rules", "2", "name"}
	if got := p.String(); got != "processors.filter.rules[2].name" {
		t.Error(got)
	}
}
