package parse

import (
	"encoding/binary"
	"math/bits"
	"time"
)

// Bounds within which a line's own time is believed: clocks that were never
// set and durations mistaken for times lie before 2000, and what is a day
// ahead of the runtime's stamp would hide from every search.
const (
	earliest  = 946684800 * int64(time.Second)
	maxAhead  = 24 * int64(time.Hour)
	latest    = 9214646400 // 2262-01-01, in seconds: nanoseconds end that year
	noZone    = -1 << 31
	maxOffset = 24 * 3600
)

// setTime makes ns the record's time if it is sane. A time that only has
// seconds gives way to the runtime's stamp of the same second, which says the
// same more exactly and keeps the order of lines.
func (l *line) setTime(ns int64) bool {
	if ns < earliest || ns-maxAhead > l.reference() {
		return false
	}
	if ns%int64(time.Second) != 0 || l.runtimeTime < ns || l.runtimeTime-ns >= int64(time.Second) {
		l.r.Time = ns
	}
	return true
}

// clock reads times. It remembers the last minute that it saw, and the last
// second where times have no fractions, since neighbouring lines mostly share it.
type clock struct {
	// zone is that of times which name none, zoned says that it was configured and
	// is no guess. guessed says that it was asked for, and is reset by who wants to
	// know.
	zone     *time.Location
	zoned    bool
	guessed  bool
	iso, clf minute
	// stamp is the last time in the Common Log Format, at what it says.
	stamp [clfSize]byte
	at    int64
	// today is the day in the zone todayIn of the last quarter of an hour, of which
	// quarter is the number since 1970.
	today   civil
	todayIn *time.Location
	quarter int64
}

// minute is a minute as it was written, and its begin as if in UTC, in
// seconds since the Unix epoch.
type minute struct {
	head, tail uint64
	begin      int64
}

// parse reads a time in one of the layouts of application logs: ISO 8601 with
// its variants, a number since the Unix epoch, or a layout that servers have.
func (c *clock) parse(s []byte) (ns int64, ok bool) {
	for len(s) > 0 && s[0] == ' ' {
		s = s[1:]
	}
	if len(s) >= 19 && s[4] == '-' {
		return c.parseISO(s)
	}
	if len(s) >= 15 && s[8] == 'T' {
		return c.parseBasic(s)
	}
	if len(s) >= 19 && (s[2]-'0' > 9 || s[4] == '/') {
		return c.parseServers(s)
	}
	return parseEpoch(s)
}

// parseISO reads 2026-03-05T10:11:12 with T or a space, 0 to 9 digits behind
// a dot or comma, and Z, ±hh:mm, ±hhmm, " UTC" or no zone.
func (c *clock) parseISO(s []byte) (int64, bool) {
	sec, frac, n := c.isoSeconds(s)
	if n == 0 {
		return 0, false
	}
	return c.inZone(sec, frac, s[n:])
}

// isoSeconds reads 2026-03-05T10:11:12, as if in UTC, and a fraction behind it. n
// is the length of both, 0 when they are not so.
func (c *clock) isoSeconds(s []byte) (sec, frac int64, n int) {
	minute, ok := c.minute(s)
	second := two(s, 17)
	if !ok || s[16] != ':' || second < 0 || second > 60 {
		return 0, 0, 0
	}
	if frac, n = fraction(s[isoSize:]); n < 0 {
		return 0, 0, 0
	}
	return minute + int64(second), frac, isoSize + n
}

// inZone is a time that was read as if in UTC in the zone behind it.
func (c *clock) inZone(sec, frac int64, zone []byte) (int64, bool) {
	if len(zone) == 0 {
		return nanos(sec-int64(c.localOffset(sec)), frac)
	}
	offset, ok := zoneOffset(zone)
	if !ok || offset == noZone {
		if offset, ok = c.rareOffset(zone, sec); !ok {
			return 0, false
		}
	}
	return nanos(sec-int64(offset), frac)
}

// localOffset is the offset of the clock's zone at a time of day there.
func (c *clock) localOffset(seconds int64) int {
	c.guessed = true
	if c.zone == time.UTC {
		return 0
	}
	_, offset := c.zoneAt(seconds)
	return offset
}

// minute is the begin of 2026-03-05T10:11, as if in UTC, in seconds.
func (c *clock) minute(s []byte) (int64, bool) {
	head, tail := binary.LittleEndian.Uint64(s), binary.LittleEndian.Uint64(s[8:])
	if head == c.iso.head && tail == c.iso.tail {
		return c.iso.begin, true
	}
	if s[4] != '-' || s[7] != '-' || s[10] != 'T' && s[10] != ' ' && s[10] != 't' || s[13] != ':' {
		return 0, false
	}
	d := civil{year: two(s, 0)*100 + two(s, 2), month: two(s, 5), day: two(s, 8), hour: two(s, 11), min: two(s, 14)}
	if !d.valid() {
		return 0, false
	}
	c.iso = minute{head, tail, d.seconds()}
	return c.iso.begin, true
}

// parseBasic reads 20260305T101112.000Z, ISO 8601's basic form.
func (c *clock) parseBasic(s []byte) (int64, bool) {
	d := civil{
		year: two(s, 0)*100 + two(s, 2), month: two(s, 4), day: two(s, 6),
		hour: two(s, 9), min: two(s, 11), sec: two(s, 13),
	}
	frac, n := fraction(s[15:])
	if !d.valid() || n < 0 {
		return 0, false
	}
	offset, ok := c.rareOffset(s[15+n:], d.seconds())
	if !ok {
		return 0, false
	}
	return nanos(d.seconds()-int64(offset), frac)
}

// clfSize is the length of 05/Mar/2026:10:11:12 +0000.
const clfSize = 26

// parseCLF reads the Common Log Format's time, which is exactly clfSize long.
func (c *clock) parseCLF(s []byte) (int64, bool) {
	if string(s) == string(c.stamp[:]) {
		return c.at, true
	}
	ns, ok := c.newCLF(s)
	if ok {
		copy(c.stamp[:], s)
		c.at = ns
	}
	return ns, ok
}

// newCLF is parseCLF for another time than the last.
func (c *clock) newCLF(s []byte) (int64, bool) {
	if len(s) != clfSize || s[17] != ':' || s[20] != ' ' {
		return 0, false
	}
	minute, ok := c.minuteCLF(s)
	sec := two(s, 18)
	if !ok || sec < 0 || sec > 60 {
		return 0, false
	}
	offset, ok := zoneOffset(s[21:])
	if !ok {
		return 0, false
	}
	return nanos(minute+int64(sec-offset), 0)
}

// minuteCLF is the begin of 05/Mar/2026:10:11, as if in UTC, in seconds. The
// two words leave out the century's second digit.
func (c *clock) minuteCLF(s []byte) (int64, bool) {
	head, tail := binary.LittleEndian.Uint64(s), binary.LittleEndian.Uint64(s[9:])
	if head == c.clf.head && tail == c.clf.tail && s[8] == '0' {
		return c.clf.begin, true
	}
	if s[2] != '/' || s[6] != '/' || s[11] != ':' || s[14] != ':' {
		return 0, false
	}
	d := civil{year: two(s, 7)*100 + two(s, 9), month: month(s[3:6]), day: two(s, 0), hour: two(s, 12), min: two(s, 15)}
	if !d.valid() {
		return 0, false
	}
	if s[8] == '0' {
		c.clf = minute{head, tail, d.seconds()}
	}
	return d.seconds(), true
}

// month is the number of an English three-letter month, 0 for others.
func month(s []byte) int {
	switch string(s) {
	case "Jan":
		return 1
	case "Feb":
		return 2
	case "Mar":
		return 3
	case "Apr":
		return 4
	case "May":
		return 5
	case "Jun":
		return 6
	case "Jul":
		return 7
	case "Aug":
		return 8
	case "Sep":
		return 9
	case "Oct":
		return 10
	case "Nov":
		return 11
	case "Dec":
		return 12
	}
	return 0
}

// civil is a date and time of day; a part that was not written in digits is
// negative.
type civil struct{ year, month, day, hour, min, sec int }

// two is the number at s[i:i+2], far below zero when these are no digits.
func two(s []byte, i int) int {
	hi, lo := s[i]-'0', s[i+1]-'0'
	if hi > 9 || lo > 9 {
		return -1 << 20
	}
	return int(hi)*10 + int(lo)
}

var monthDays = [13]int{0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}

// valid allows the leap second 60, as RFC 3339 does.
func (d *civil) valid() bool {
	if d.year < 0 || d.month < 1 || d.month > 12 || d.day < 1 || d.day > monthDays[d.month] {
		return false
	}
	if d.month == 2 && d.day == 29 && (d.year%4 != 0 || d.year%100 == 0 && d.year%400 != 0) {
		return false
	}
	return d.hour >= 0 && d.hour < 24 && d.min >= 0 && d.min < 60 && d.sec >= 0 && d.sec <= 60
}

// seconds is the instant as if in UTC, since the Unix epoch.
func (d *civil) seconds() int64 {
	return int64(days(d.year, d.month, d.day))*86400 + int64(d.hour*3600+d.min*60+d.sec)
}

// nanos puts seconds and a fraction together within what int64 can hold.
func nanos(sec, frac int64) (int64, bool) {
	if sec < 0 || sec >= latest {
		return 0, false
	}
	return sec*int64(time.Second) + frac, true
}

// days since 1970-01-01, after H. Hinnant, "chrono-Compatible Low-Level Date
// Algorithms", days_from_civil.
func days(y, m, d int) int {
	if m <= 2 {
		y--
	}
	era := y / 400
	yoe := y - era*400
	doy := (153*((m+9)%12)+2)/5 + d - 1
	doe := yoe*365 + yoe/4 - yoe/100 + doy
	return era*146097 + doe - 719468
}

// fraction reads a dot or comma and the digits behind it, of which nine count,
// and returns their length: 0 without a fraction, below 0 for a bare dot.
func fraction(s []byte) (ns int64, n int) {
	if len(s) == 0 || s[0] != '.' && s[0] != ',' {
		return 0, 0
	}
	if ns, ok := millis(s); ok {
		return ns, 4
	}
	n = 1
	if len(s) > 8 {
		ns, n = upToEight(eight(s, 1))
		n++
	} else if len(s) == 8 {
		ns, n = upToEight(eight(s, 0) >> 8)
		n++
	}
	for ; n < len(s) && s[n]-'0' <= 9; n++ {
		if n <= nanoDigits {
			ns = ns*10 + int64(s[n]-'0')
		}
	}
	if n == 1 {
		return 0, -1
	}
	return ns * powers[nanoDigits-min(n-1, nanoDigits)], n
}

// millis reads a fraction of three digits, the most usual one, in nanoseconds.
func millis(s []byte) (ns int64, ok bool) {
	if len(s) < 4 || len(s) > 4 && s[4]-'0' <= 9 {
		return 0, false
	}
	a, b, c := s[1]-'0', s[2]-'0', s[3]-'0'
	if a > 9 || b > 9 || c > 9 {
		return 0, false
	}
	return (int64(a)*100 + int64(b)*10 + int64(c)) * int64(time.Millisecond), true
}

const nanoDigits = 9

// upToEight is the number that the digits are which s begins with, the first one
// lowest, and how many of the eight bytes these are: they are moved behind zeros,
// neighbours are joined to numbers of two digits, those to four, and those to eight.
func upToEight(s uint64) (n int64, digits int) {
	x := s ^ '0'*ones
	others := (x | (x + (0x80-10)*ones)) & (0x80 * ones)
	digits = bits.TrailingZeros64(others) >> 3
	x <<= 64 - 8*digits
	x = x * (10<<8 + 1) >> 8 & 0x00ff00ff00ff00ff
	x = x * (100<<16 + 1) >> 16 & 0x0000ffff0000ffff
	return int64(x * (10000<<32 + 1) >> 32), digits
}

// powers are those of ten.
var powers = [nanoDigits + 1]int64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9}

// zoneOffset reads what stands behind a time, in seconds east of Greenwich.
func zoneOffset(s []byte) (sec int, ok bool) {
	if len(s) > 0 && s[0] == ' ' {
		s = s[1:]
	}
	switch {
	case len(s) == 0:
		return noZone, true
	case string(s) == "Z" || string(s) == "z" || string(s) == "UTC" || string(s) == "GMT":
		return 0, true
	case s[0] != '+' && s[0] != '-':
		return 0, false
	case len(s) == 6 && s[3] == ':':
		sec = two(s, 1)*3600 + two(s, 4)*60
	case len(s) == 5:
		sec = two(s, 1)*3600 + two(s, 3)*60
	case len(s) == 3:
		sec = two(s, 1) * 3600
	default:
		return 0, false
	}
	if sec < 0 || sec >= maxOffset {
		return 0, false
	}
	if s[0] == '-' {
		sec = -sec
	}
	return sec, true
}
