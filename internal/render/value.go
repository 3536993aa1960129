package render

import (
	"bytes"
	"math"
	"strconv"
	"time"

	"github.com/valyala/fastjson"
)

// Text is a string's content, or another value's JSON; nil when v is absent or
// null.
func Text(v *fastjson.Value) []byte {
	switch {
	case v == nil || v.Type() == fastjson.TypeNull:
		return nil
	case v.Type() == fastjson.TypeString:
		return v.GetStringBytes()
	default:
		return v.MarshalTo(nil)
	}
}

// maxMillis is the largest time in milliseconds that 64 bits of nanoseconds
// hold.
const maxMillis = math.MaxInt64/int64(time.Millisecond) - 1

// Timestamp reads RFC 3339, or milliseconds since the Unix epoch with a
// fraction, which is how Elastic's OpenTelemetry mapping may write
// nanoseconds. The result is in nanoseconds since the Unix epoch.
func Timestamp(s []byte) (ns int64, ok bool) {
	if t, err := time.Parse(time.RFC3339Nano, string(s)); err == nil {
		return t.UnixNano(), true
	}
	whole, fraction, _ := bytes.Cut(s, []byte{'.'})
	ms, err := strconv.ParseInt(string(whole), 10, 64)
	if err != nil || ms > maxMillis || ms < -maxMillis {
		return 0, false
	}
	ns, unit := ms*int64(time.Millisecond), int64(time.Millisecond)
	for _, c := range fraction {
		if unit /= 10; unit == 0 || c < '0' || c > '9' {
			break
		}
		ns += int64(c-'0') * unit
	}
	return ns, true
}
