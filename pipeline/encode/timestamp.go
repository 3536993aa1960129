package encode

import "time"

// timeSize is the length of 2026-03-05T10:11:12.123456789Z: RFC 3339 with all
// nine digits, since Elasticsearch's date_nanos keeps them.
const timeSize = 30

// clock formats times. It keeps the last one's text, so that only what
// differs is written again: mostly the fraction.
type clock struct {
	text [timeSize]byte
	// second and day are those of text, since the Unix epoch.
	second, day int64
	last        int64
	set         bool
}

// format writes ns, nanoseconds since the Unix epoch. What it returns is
// valid until the next call. Times before 1970 become the epoch: date_nanos
// does not have them.
func (c *clock) format(ns int64) []byte {
	if c.set && ns == c.last {
		return c.text[:]
	}
	c.last = ns
	ns = max(ns, 0)
	if second := ns / 1e9; !c.set || second != c.second {
		c.setSecond(second)
	}
	digits(c.text[20:29], uint32(ns%1e9))
	return c.text[:]
}

const daySeconds = 24 * 60 * 60

func (c *clock) setSecond(second int64) {
	if day := second / daySeconds; !c.set || day != c.day {
		time.Unix(second, 0).UTC().AppendFormat(c.text[:0], "2006-01-02T15:04:05.000000000Z")
		c.day, c.set = day, true
	}
	c.second = second
	s := uint32(second % daySeconds)
	digits(c.text[11:13], s/3600)
	digits(c.text[14:16], s/60%60)
	digits(c.text[17:19], s%60)
}

// digits fills b with n in decimal, with leading zeros.
func digits(b []byte, n uint32) {
	for i := len(b) - 1; i >= 0; i-- {
		b[i] = '0' + byte(n%10)
		n /= 10
	}
}
