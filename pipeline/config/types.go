package config

import (
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
)

// Duration is written as Go writes it ("200ms", "24h"), with d for days of 24
// hours too. Plain time.Duration fields are read the same way.
type Duration = time.Duration

// ParseDuration reads a Duration.
func ParseDuration(s string) (time.Duration, error) {
	days, rest, found := strings.Cut(s, "d")
	if !found {
		return time.ParseDuration(s)
	}
	n, err := strconv.ParseFloat(days, 64)
	if err != nil {
		return 0, fmt.Errorf("invalid duration %q", s)
	}
	whole := time.Duration(n * float64(24*time.Hour))
	if rest == "" {
		return whole, nil
	}
	part, err := time.ParseDuration(rest)
	return whole + part, err
}

// ByteSize is a number of bytes, written plain or with a unit: "4MiB", "5MB".
type ByteSize int64

// Sizes in the units of IEC 80000-13.
const (
	KiB ByteSize = 1 << 10
	MiB ByteSize = 1 << 20
	GiB ByteSize = 1 << 30
)

// UnmarshalText reads a size.
func (b *ByteSize) UnmarshalText(text []byte) error {
	n, err := humanize.ParseBytes(string(text))
	if err != nil || n > 1<<62 {
		return fmt.Errorf("%q is not a size: write a number with a unit, such as 4MiB or 10GiB", text)
	}
	*b = ByteSize(n)
	return nil
}

// MarshalText writes the size as String does.
func (b ByteSize) MarshalText() ([]byte, error) { return []byte(b.String()), nil }

// String is the size in the largest unit that divides it.
func (b ByteSize) String() string {
	for _, u := range []struct {
		size ByteSize
		name string
	}{{GiB, "GiB"}, {MiB, "MiB"}, {KiB, "KiB"}} {
		if b >= u.size && b%u.size == 0 {
			return strconv.FormatInt(int64(b/u.size), 10) + u.name
		}
	}
	return strconv.FormatInt(int64(b), 10)
}

// Percent is a share from 0 to 100, written with its sign: "15%".
type Percent float64

// UnmarshalText reads a share.
func (p *Percent) UnmarshalText(text []byte) error {
	n, err := strconv.ParseFloat(strings.TrimSpace(strings.TrimSuffix(string(text), "%")), 64)
	if err != nil || !(n >= 0 && n <= 100) {
		return fmt.Errorf("%q is not a share: write a number from 0%% to 100%%", text)
	}
	*p = Percent(n)
	return nil
}

// MarshalText writes the share as String does.
func (p Percent) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// String is the share with its sign.
func (p Percent) String() string { return strconv.FormatFloat(float64(p), 'f', -1, 64) + "%" }

// Of is the share of total.
func (p Percent) Of(total uint64) uint64 { return uint64(float64(total) * float64(p) / 100) }

// Redacted stands for a secret wherever configuration is shown.
const Redacted = "[redacted]"

// Secret is text that is never printed: formatted, logged or marshalled it
// reads Redacted. Reveal gives the text.
type Secret string

// Reveal is the text itself, for those that must send it.
func (s Secret) Reveal() string { return string(s) }

// String is Redacted, or empty when there is no secret.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return Redacted
}

// GoString keeps %#v from showing the text.
func (s Secret) GoString() string { return strconv.Quote(s.String()) }

// MarshalText writes Redacted.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// LogValue keeps slog from showing the text.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }
