package config

import (
	"encoding"
	"fmt"
	"math"
	"reflect"
	"time"
)

func (d *decoder) duration(p Path, raw any, to reflect.Value) {
	s, ok := d.words(p, raw)
	v, err := ParseDuration(s)
	if !ok || err != nil {
		d.fail(p, "%v is not a duration: write a number with a unit, such as 200ms, 5s or 24h", raw)
		return
	}
	to.SetInt(int64(v))
}

func (d *decoder) text(p Path, raw any, to encoding.TextUnmarshaler) {
	s, ok := d.words(p, raw)
	if !ok {
		d.fail(p, "must be a single value, not %s", kindOf(raw))
		return
	}
	if err := to.UnmarshalText([]byte(s)); err != nil {
		d.fail(p, "%v", err)
	}
}

// words is a single value as it was written.
func (d *decoder) words(p Path, raw any) (string, bool) {
	switch v := raw.(type) {
	case string:
		return v, true
	case time.Time:
		return v.Format(time.RFC3339Nano), true
	case map[string]any, []any:
		return "", false
	}
	if s, ok := d.src.original(p); ok {
		return s, true
	}
	return fmt.Sprint(raw), true
}

func (d *decoder) scalar(p Path, raw any, to reflect.Value) {
	switch {
	case to.Kind() == reflect.String:
		d.str(p, raw, to)
	case to.Kind() == reflect.Bool:
		d.boolean(p, raw, to)
	case to.CanInt():
		d.integer(p, raw, to)
	case to.CanUint():
		d.unsigned(p, raw, to)
	case to.CanFloat():
		d.float(p, raw, to)
	default:
		d.fail(p, "cannot be configured: %s is not a type that configuration knows", to.Type())
	}
}

// str refuses what YAML reads as a number or a truth value, since its text is
// no longer what was written (0123 is 83), unless it came out of a ${…}
// reference, whose text is still known. A date is a time in RFC 3339.
func (d *decoder) str(p Path, raw any, to reflect.Value) {
	switch v := raw.(type) {
	case string:
		to.SetString(v)
		return
	case time.Time:
		to.SetString(v.Format(time.RFC3339Nano))
		return
	}
	if s, ok := d.src.original(p); ok {
		to.SetString(s)
		return
	}
	d.fail(p, "must be text, not %s%s", kindOf(raw), orQuote(raw))
}

// orQuote is the cure for what would be text in quotes.
func orQuote(raw any) string {
	switch raw.(type) {
	case map[string]any, []any:
		return ""
	}
	return `: put it in "quotes"`
}

func (d *decoder) boolean(p Path, raw any, to reflect.Value) {
	b, ok := raw.(bool)
	if !ok {
		d.fail(p, "must be true or false, not %s", kindOf(raw))
		return
	}
	to.SetBool(b)
}

func (d *decoder) integer(p Path, raw any, to reflect.Value) {
	n, ok := raw.(int)
	if !ok || to.OverflowInt(int64(n)) {
		d.fail(p, "must be a whole number, not %s", kindOf(raw))
		return
	}
	to.SetInt(int64(n))
}

func (d *decoder) unsigned(p Path, raw any, to reflect.Value) {
	n, ok := raw.(int)
	if !ok || n < 0 || to.OverflowUint(uint64(n)) {
		d.fail(p, "must be a whole number from 0 up, not %s", kindOf(raw))
		return
	}
	to.SetUint(uint64(n))
}

func (d *decoder) float(p Path, raw any, to reflect.Value) {
	switch n := raw.(type) {
	case int:
		to.SetFloat(float64(n))
	case float64:
		if math.IsNaN(n) || math.IsInf(n, 0) {
			d.fail(p, "must be a finite number")
			return
		}
		to.SetFloat(n)
	default:
		d.fail(p, "must be a number, not %s", kindOf(raw))
	}
}

// kindOf describes a value for people, without showing long or secret text.
func kindOf(raw any) string {
	switch v := raw.(type) {
	case map[string]any:
		return "a mapping"
	case []any:
		return "a list"
	case string:
		return "text"
	case bool:
		return fmt.Sprintf("the truth value %t", v)
	case time.Time:
		return "a date"
	case nil:
		return "nothing"
	default:
		return fmt.Sprintf("the number %v", v)
	}
}
