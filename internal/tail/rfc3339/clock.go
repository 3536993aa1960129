// Package rfc3339 reads the times that container runtimes put on lines.
package rfc3339

import "time"

// Clock reads RFC 3339 times with 0 to 9 digits of fraction, zone Z or an
// offset, and remembers the last second, since lines mostly share it:
// containerd and Docker drop trailing zeros, conmon always writes nine digits
// and an offset. The zero Clock is ready.
type Clock struct {
	last  [secondsSize]byte
	unix  int64
	known bool
}

// secondsSize is the length of "2006-01-02T15:04:05".
const secondsSize = 19

// Parse reads the time that line begins with, as nanoseconds since the Unix
// epoch, and returns where it ends. Times before 1970 or that do not fit 64
// bits (after 2261) are refused: no runtime writes them.
func (c *Clock) Parse(line []byte) (t int64, end int, ok bool) {
	if len(line) < secondsSize+1 {
		return 0, 0, false
	}
	if (!c.known || string(line[:secondsSize]) != string(c.last[:])) && !c.turn(line[:secondsSize]) {
		return 0, 0, false
	}
	nanos, end, ok := fraction(line, secondsSize)
	if !ok || end == len(line) {
		return 0, 0, false
	}
	unix := c.unix
	if line[end] == 'Z' {
		end++
	} else {
		offset, ok := zone(line[end:])
		if !ok {
			return 0, 0, false
		}
		unix -= offset
		end += zoneSize
	}
	return unix*int64(time.Second) + nanos, end, unix >= 0
}

// turn reads another second than the last.
func (c *Clock) turn(b []byte) bool {
	if b[4] != '-' || b[7] != '-' || b[10] != 'T' || b[13] != ':' || b[16] != ':' {
		return false
	}
	year, month, day := number(b[0:4]), number(b[5:7]), number(b[8:10])
	hour, minute, second := number(b[11:13]), number(b[14:16]), number(b[17:19])
	if hour|minute|second < 0 || hour > 23 || minute > 59 || second > 59 || !isDate(year, month, day) {
		return false
	}
	copy(c.last[:], b)
	c.known = true
	c.unix = time.Date(year, time.Month(month), day, hour, minute, second, 0, time.UTC).Unix()
	return true
}

func isDate(year, month, day int) bool {
	if year < 1969 || year > 2261 || month < 1 || month > 12 || day < 1 || day > 31 {
		return false
	}
	return day <= 28 || day <= time.Date(year, time.Month(month)+1, 0, 0, 0, 0, 0, time.UTC).Day()
}

// number is the value of decimal digits, negative when b has anything else.
func number(b []byte) int {
	n := 0
	for _, d := range b {
		if d < '0' || d > '9' {
			return -1
		}
		n = n*10 + int(d-'0')
	}
	return n
}

// fraction reads ".123" as nanoseconds and returns where it ends.
func fraction(line []byte, at int) (nanos int64, end int, ok bool) {
	if line[at] != '.' {
		return 0, at, true
	}
	at++
	digits := 0
	for ; at < len(line); at++ {
		d := line[at] - '0'
		if d > 9 {
			break
		}
		nanos = nanos*10 + int64(d)
		if digits++; digits > maxDigits {
			return 0, 0, false
		}
	}
	return nanos * scale[digits], at, digits > 0
}

// maxDigits is the resolution of a nanosecond.
const maxDigits = 9

// scale makes nanoseconds of so many digits of a fraction.
var scale = [maxDigits + 1]int64{1e9, 1e8, 1e7, 1e6, 1e5, 1e4, 1e3, 1e2, 1e1, 1}

// zoneSize is the length of "+01:00".
const zoneSize = 6

// zone reads "+01:00" as seconds east of Greenwich.
func zone(b []byte) (int64, bool) {
	if len(b) < zoneSize || b[3] != ':' || b[0] != '+' && b[0] != '-' {
		return 0, false
	}
	hours, minutes := number(b[1:3]), number(b[4:6])
	if hours < 0 || hours > 23 || minutes < 0 || minutes > 59 {
		return 0, false
	}
	offset := int64(hours)*3600 + int64(minutes)*60
	if b[0] == '-' {
		offset = -offset
	}
	return offset, true
}
