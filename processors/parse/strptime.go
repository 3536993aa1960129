package parse

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
)

// strptime is a time's layout in directives of POSIX's strptime, with %f and %L
// for fractions and %s for seconds since the epoch as the OpenTelemetry
// Collector has them.
type strptime struct {
	// steps are directives, and literal bytes with stepLiteral before them.
	steps []timeStep
	// zoned layouts name their zone; yearless ones have no year.
	zoned, yearless bool
}

type timeStep struct {
	directive, literal byte
}

const stepLiteral = 0

// composed are directives that stand for several.
var composed = strings.NewReplacer("%%", "%%", "%T", "%H:%M:%S", "%D", "%m/%d/%y", "%F", "%Y-%m-%d", "%R", "%H:%M", "%h", "%b", "%e", "%d", "%n", " ", "%t", " ")

// directives are those that a layout may have.
const directives = "YymdHIpMSfLsbBaAjzZ"

// compileStrptime reads a layout, or says what it lacks.
func compileStrptime(layout string) (*strptime, error) {
	y := &strptime{}
	var has [256]bool
	text := composed.Replace(layout)
	for i := 0; i < len(text); i++ {
		if text[i] != '%' {
			y.steps = append(y.steps, timeStep{literal: text[i]})
			continue
		}
		if i++; i == len(text) {
			return nil, errors.New("it ends with a single %: write %% for the sign itself")
		}
		switch c := text[i]; {
		case c == '%':
			y.steps = append(y.steps, timeStep{literal: '%'})
		case strings.IndexByte(directives, c) < 0:
			return nil, fmt.Errorf("there is no directive %%%c: write those of strptime, %%%s, or a name such as rfc3339", c, strings.Join(strings.Split(directives, ""), " %"))
		default:
			has[c] = true
			y.steps = append(y.steps, timeStep{directive: c})
		}
	}
	y.zoned, y.yearless = has['z'] || has['Z'] || has['s'], !has['Y'] && !has['y'] && !has['s']
	return y, lacks(&has)
}

// lacks is an error for directives that name no instant.
func lacks(has *[256]bool) error {
	date := (has['m'] || has['b'] || has['B']) && has['d'] || has['j'] && (has['Y'] || has['y'])
	hour := has['H'] || has['I'] && has['p']
	switch {
	case has['s']:
		return nil
	case (has['z'] || has['Z']) && !has['Y'] && !has['y']:
		return errors.New("it has a zone and no year: write %Y too, or leave the zone to timestamp.location")
	case !date:
		return errors.New("it has no day: write %m and %d (or %b and %d, or %Y and %j), or take the time of the container runtime by leaving timestamp out")
	case !hour || !has['M']:
		return errors.New("it has no time of day: write %H:%M:%S, or %I:%M:%S %p")
	}
	return nil
}

// readTime is a time as a layout has read it.
type readTime struct {
	civil
	frac  int64
	epoch int64
	// offset is noZone where none was written.
	offset  int
	yearDay int
	pm      byte
	isEpoch bool
}

// read takes s apart and returns the first byte that does not fit, less than
// zero when all does.
func (y *strptime) read(s []byte, t *readTime) (bad int) {
	*t = readTime{civil: civil{month: 1, day: 1}, offset: noZone}
	i := 0
	for k, step := range y.steps {
		n := 0
		switch {
		case step.directive == stepLiteral:
			n = blankOrByte(s[i:], step.literal)
		case step.directive == 'f':
			n = digitsUpTo(s[i:], nanoDigits)
			t.frac = decimals(s[i : i+n])
		default:
			n = t.take(step.directive, s[i:])
		}
		if n == 0 && !(step.literal == ' ' && k > 0) {
			return i
		}
		i += n
	}
	if i < len(s) {
		return i
	}
	return -1
}

// blankOrByte is how many bytes a literal takes: a blank stands for any number
// of blanks, as in strptime, so that a day may be padded.
func blankOrByte(s []byte, c byte) (n int) {
	if c == ' ' {
		for n < len(s) && s[n] == ' ' {
			n++
		}
	} else if len(s) > 0 && s[0] == c {
		n = 1
	}
	return n
}

// take reads one directive and returns the bytes that it took, 0 for none.
func (t *readTime) take(directive byte, s []byte) int {
	switch directive {
	case 'Y':
		return digitsOf(s, 4, 4, &t.year)
	case 'y':
		n := digitsOf(s, 2, 2, &t.year)
		// POSIX: 69 to 99 are of the last century.
		if t.year += 2000; t.year >= 2069 {
			t.year -= 100
		}
		return n
	case 'm':
		return digitsOf(s, 1, 2, &t.month)
	case 'd':
		pad := blankOrByte(s[:min(1, len(s))], ' ')
		if n := digitsOf(s[pad:], 1, 2-pad, &t.day); n > 0 {
			return pad + n
		}
		return 0
	case 'H', 'I':
		return digitsOf(s, 1, 2, &t.hour)
	case 'M':
		return digitsOf(s, 2, 2, &t.min)
	case 'S':
		return digitsOf(s, 2, 2, &t.sec)
	case 'j':
		return digitsOf(s, 3, 3, &t.yearDay)
	}
	return t.takeWord(directive, s)
}

// takeWord reads the directives that are not plain numbers.
func (t *readTime) takeWord(directive byte, s []byte) int {
	switch directive {
	case 'b', 'B':
		if len(s) < 3 {
			return 0
		}
		if t.month = month(s[:3]); t.month == 0 {
			return 0
		}
		if directive == 'B' {
			return letterRun(s)
		}
		return 3
	case 'a', 'A':
		return letterRun(s)
	case 'p':
		if len(s) < 2 || s[1]|0x20 != 'm' || s[0]|0x20 != 'a' && s[0]|0x20 != 'p' {
			return 0
		}
		t.pm = s[0] | 0x20
		return 2
	case 'L':
		n := digitsUpTo(s, 3)
		t.frac = decimals(s[:n])
		return n
	case 's':
		n := digitsUpTo(s, 10)
		t.epoch, t.isEpoch = 0, n > 0
		t.epoch, _ = wholeNumber(s[:n])
		return n
	}
	return t.zone(s)
}

// zone reads an offset, Z, or an abbreviation that zoneNamed knows.
func (t *readTime) zone(s []byte) int {
	n := 0
	for n < len(s) && n < 6 && s[n] != ' ' && s[n] != ']' {
		n++
	}
	for ; n > 0; n-- {
		offset, ok := zoneOffset(s[:n])
		if !ok {
			offset, ok = zoneNamed(s[:n])
		}
		if ok && offset != noZone {
			t.offset = offset
			return n
		}
	}
	return 0
}

// settle puts the halves of the day and the day of the year in their place.
func (t *readTime) settle() bool {
	if t.pm != 0 {
		if t.hour < 1 || t.hour > 12 {
			return false
		}
		t.hour %= 12
		if t.pm == 'p' {
			t.hour += 12
		}
	}
	if t.yearDay == 0 {
		return t.valid()
	}
	if t.yearDay > 366 {
		return false
	}
	for t.month = 1; ; t.month++ {
		length := days(t.year+t.month/12, t.month%12+1, 1) - days(t.year, t.month, 1)
		if t.yearDay <= length || t.month == 12 {
			t.day = t.yearDay
			return t.valid()
		}
		t.yearDay -= length
	}
}

// digitsOf reads from least to most digits into to.
func digitsOf(s []byte, least, most int, to *int) int {
	n := digitsUpTo(s, most)
	if n < least {
		return 0
	}
	*to = 0
	for _, c := range s[:n] {
		*to = *to*10 + int(c-'0')
	}
	return n
}

// digitsUpTo is how many digits s begins with, at most so many.
func digitsUpTo(s []byte, most int) (n int) {
	for n < len(s) && n < most && s[n]-'0' <= 9 {
		n++
	}
	return n
}

// decimals are the nanoseconds that up to nine digits behind a point are.
func decimals(s []byte) int64 {
	n, _ := wholeNumber(s)
	return n * powers[nanoDigits-len(s)]
}

// letterRun is the length of the word that s begins with.
func letterRun(s []byte) int {
	return len(s) - len(bytes.TrimLeft(s, letters))
}
