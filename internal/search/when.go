package search

import (
	"fmt"
	"time"

	"github.com/tailrace/tailrace/pipeline/config"
)

// AllTime is what people write for a bound that bounds nothing.
const AllTime = "all"

// layouts are the ways to write a moment, beside RFC 3339: local time.
var layouts = []string{"2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02"}

// ParseTime reads a moment: how long before now it was ("10m", "2d"), RFC
// 3339, or local date and time. "all" and "" are no moment: 0. The result is
// in ns since the Unix epoch.
func ParseTime(s string, now time.Time) (int64, error) {
	if s == "" || s == AllTime {
		return 0, nil
	}
	if ago, err := config.ParseDuration(s); err == nil {
		if ago < 0 {
			return 0, fmt.Errorf("time %q lies in the future: leave the minus sign out", s)
		}
		return now.Add(-ago).UnixNano(), nil
	}
	if t, err := time.Parse(time.RFC3339Nano, s); err == nil {
		return t.UnixNano(), nil
	}
	for _, layout := range layouts {
		if t, err := time.ParseInLocation(layout, s, time.Local); err == nil {
			return t.UnixNano(), nil
		}
	}
	return 0, fmt.Errorf("time %q: want how long ago (10m, 2h, 3d), %s, or all", s, `a moment (2006-01-02T15:04:05Z, "2006-01-02 15:04")`)
}
