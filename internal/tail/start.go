package tail

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/tailrace/tailrace/pipeline/event"
)

// ParseStart reads a receiver's start_at: beginning, end, a duration back from
// now, or a time.
func ParseStart(s string, now time.Time) (Start, error) {
	switch s {
	case "", "beginning":
		return Start{}, nil
	case "end":
		return Start{End: true}, nil
	}
	if d, err := time.ParseDuration(s); err == nil && d > 0 {
		return Start{Since: now.Add(-d)}, nil
	}
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return Start{Since: t}, nil
	}
	return Start{}, fmt.Errorf(
		"%q is no place to start at: write beginning, end, how far back (such as 2h) or a time (such as 2026-03-05T10:00:00Z)", s)
}

// StringAttr is an attribute with a text as its value. Bytes that are not
// UTF-8 are replaced.
func StringAttr(name, value string) event.Attr {
	// A string always has a JSON form.
	quoted, _ := json.Marshal(value)
	return event.Attr{Name: name, Value: string(quoted)}
}
