package parse

import (
	"time"
)

// zoneStep is less than the least difference between two zones of the world,
// a quarter of an hour.
const zoneStep = 14 * int64(time.Minute)

// setLocalTime makes ns, which was written without a zone, the record's time.
// Where the zone is a guess it does so if nothing better is known, or if the time
// is so near the runtime's stamp that the guess is right.
func (l *line) setLocalTime(ns int64) bool {
	if !l.clock.zoned && l.runtimeTime != 0 && (ns > l.runtimeTime || l.runtimeTime-ns > zoneStep) {
		return false
	}
	return l.setTime(ns)
}

// reference is the time that the line's own cannot be far from: the runtime's
// stamp, or when the line was read.
func (l *line) reference() int64 {
	if l.runtimeTime != 0 {
		return l.runtimeTime
	}
	return l.r.Observed
}

// today is the day of the reference in the clock's zone, for times that leave
// out the year or the date. It is remembered for a quarter of an hour, at whose
// ends zones change their offset.
func (l *line) today() *civil {
	c := &l.clock
	if n := l.reference() / int64(15*time.Minute); n != c.quarter || c.todayIn != c.zone {
		at := time.Unix(0, l.reference()).In(c.zone)
		c.quarter, c.todayIn, c.today = n, c.zone, civil{year: at.Year(), month: int(at.Month()), day: at.Day()}
	}
	return &c.today
}

// parseServers reads the layouts of nginx's and Apache's logs, HAProxy and
// Redis, or a number.
func (c *clock) parseServers(s []byte) (int64, bool) {
	switch {
	case s[2] == '/' && len(s) == clfSize && s[20] == ' ':
		return c.parseCLF(s)
	case s[2] == '/':
		return c.parseHAProxy(s)
	case s[4] == '/':
		return c.parseSlashed(s)
	case s[2] == ' ':
		return c.parseDayMonth(s)
	case s[3] == ' ':
		return c.parseApacheError(s)
	}
	return parseEpoch(s)
}

// parseHAProxy reads 05/Mar/2026:10:11:12.004, which names no zone.
func (c *clock) parseHAProxy(s []byte) (int64, bool) {
	const whole = len("05/Mar/2026:10:11:12")
	if len(s) < whole || s[17] != ':' {
		return 0, false
	}
	minute, ok := c.minuteCLF(s)
	sec := two(s, 18)
	frac, n := fraction(s[whole:])
	if !ok || sec < 0 || sec > 60 || whole+n != len(s) {
		return 0, false
	}
	return nanos(minute+int64(sec-c.localOffset(minute)), frac)
}

// parseSlashed reads 2026/03/05 10:11:12, nginx's in its error log.
func (c *clock) parseSlashed(s []byte) (int64, bool) {
	if len(s) != isoSize || s[4] != '/' || s[7] != '/' || s[10] != ' ' || s[13] != ':' || s[16] != ':' {
		return 0, false
	}
	return c.local(civil{
		year: two(s, 0)*100 + two(s, 2), month: two(s, 5), day: two(s, 8),
		hour: two(s, 11), min: two(s, 14), sec: two(s, 17),
	}, 0)
}

// parseApacheError reads Thu Mar 05 10:11:12.123456 2026.
func (c *clock) parseApacheError(s []byte) (int64, bool) {
	const whole = len("Thu Mar 05 10:11:12")
	if len(s) < whole+5 || s[3] != ' ' || s[7] != ' ' || s[10] != ' ' || s[13] != ':' || s[16] != ':' {
		return 0, false
	}
	frac, n := fraction(s[whole:])
	year := s[min(whole+max(n, 0), len(s)):]
	if n < 0 || len(year) != 5 || year[0] != ' ' {
		return 0, false
	}
	return c.local(civil{
		year: two(year, 1)*100 + two(year, 3), month: month(s[4:7]), day: two(s, 8),
		hour: two(s, 11), min: two(s, 14), sec: two(s, 17),
	}, frac)
}

// local is a time of day in the clock's zone.
func (c *clock) local(d civil, frac int64) (int64, bool) {
	if !d.valid() {
		return 0, false
	}
	sec := d.seconds()
	return nanos(sec-int64(c.localOffset(sec)), frac)
}
