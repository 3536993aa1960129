package render

import "testing"

func TestTimestamp(t *testing.T) {
	for text, want := range map[string]int64{
		"1763773323123.456789":           1763773323123456789,
		"1763773323123":                  1763773323123000000,
		"1763773323123.5":                1763773323123500000,
		"1763773323123.4567891":          1763773323123456789,
		"2025-11-22T01:02:03.123456789Z": 1763773323123456789,
		"2025-11-22T02:02:03+01:00":      1763773323000000000,
	} {
		if got, ok := Timestamp([]byte(text)); !ok || got != want {
			t.Errorf("Timestamp(%q) = %d, %v; want %d", text, got, ok, want)
		}
	}
	for _, text := range []string{"", "now", "99999999999999999", "-"} {
		if got, ok := Timestamp([]byte(text)); ok {
			t.Errorf("Timestamp(%q) = %d, want none", text, got)
		}
	}
}
