package parse

import (
	"bytes"
	"fmt"
	"strings"
	"time"
)

// customTime is how a custom format writes times.
type customTime struct {
	// named is one of timeLayouts, "" for a layout of strptime's.
	named  string
	layout *strptime
	// wanted says what a time looks like.
	wanted string
	// zone is that of times which name none; nil leaves it to the agent's.
	zone *time.Location
}

// timeLayouts are the layouts with a name, and how many digits the unit of
// epochs is smaller than a second.
var timeLayouts = map[string]int{"auto": 0, "rfc3339": 0, "clf": 0, "epoch": 0, "epoch_s": 0, "epoch_ms": 3, "epoch_us": 6, "epoch_ns": 9}

// compileTime reads a layout and a zone.
func compileTime(layout, location string) (customTime, error) {
	var c customTime
	if location != "" {
		zone, err := loadZone(location)
		if err != nil {
			return c, fmt.Errorf("timestamp.location: %w", err)
		}
		c.zone = zone
	}
	if layout == "" {
		layout = "auto"
	}
	c.wanted = "a time in the layout " + layout
	if _, ok := timeLayouts[layout]; ok {
		c.named = layout
		return c, nil
	}
	if !strings.Contains(layout, "%") {
		return c, fmt.Errorf("timestamp.layout: %q is neither a name (auto, rfc3339, clf, epoch, epoch_s, epoch_ms, epoch_us, epoch_ns) nor directives of strptime such as %%Y-%%m-%%d %%H:%%M:%%S; Go's reference time 2006-01-02 is not understood", layout)
	}
	var err error
	if c.layout, err = compileStrptime(layout); err != nil {
		return c, fmt.Errorf("timestamp.layout: %w", err)
	}
	return c, nil
}

// read makes what s says the record's time. It reports whether s is a time at
// all, and whether it is one that is believed.
func (c *customTime) read(l *line, s []byte) (ok, taken bool) {
	if c.zone != nil {
		outer, zoned := l.clock.zone, l.clock.zoned
		l.clock.zone, l.clock.zoned = c.zone, true
		defer func() { l.clock.zone, l.clock.zoned = outer, zoned }()
	}
	ns, zoned, ok := c.instant(l, s)
	switch {
	case !ok:
		return false, false
	case zoned:
		return true, l.setTime(ns)
	}
	return true, l.setLocalTime(ns)
}

// instant reads a time, and whether it names its zone.
func (c *customTime) instant(l *line, s []byte) (ns int64, zoned, ok bool) {
	l.clock.guessed = false
	switch c.named {
	case "":
		return c.layout.instant(l, s)
	case "auto":
		ns, ok = l.clock.parse(s)
		return ns, !l.clock.guessed, ok
	case "rfc3339":
		if len(s) < isoSize || s[4] != '-' {
			return 0, true, false
		}
		ns, ok = l.clock.parseISO(s)
		return ns, true, ok && !l.clock.guessed
	case "clf":
		ns, ok = l.clock.parseCLF(s)
		return ns, true, ok
	case "epoch":
		ns, ok = parseEpoch(s)
		return ns, true, ok
	}
	ns, ok = epochIn(s, timeLayouts[c.named])
	return ns, true, ok
}

// epochIn reads a number since the epoch whose unit is 10^-places seconds.
func epochIn(s []byte, places int) (int64, bool) {
	whole, rest, _ := bytes.Cut(s, []byte("."))
	n, ok := wholeNumber(whole)
	if places == nanoDigits && len(whole) == 19 {
		// The nanoseconds of this century have one digit more than wholeNumber takes.
		n, ok = wholeNumber(whole[:18])
		n, ok = n*10+int64(whole[18]-'0'), ok && whole[18]-'0' <= 9
	}
	unit := powers[nanoDigits-places]
	if !ok || digitsUpTo(rest, len(rest)) < len(rest) || n >= latest*int64(time.Second)/unit || n < 0 {
		return 0, false
	}
	return n*unit + decimals(rest[:min(len(rest), nanoDigits)])/powers[places], true
}

// instant reads a time by the layout.
func (y *strptime) instant(l *line, s []byte) (ns int64, zoned, ok bool) {
	var t readTime
	if y.read(s, &t) >= 0 {
		return 0, false, false
	}
	if t.isEpoch {
		ns, ok = nanos(t.epoch, t.frac)
		return ns, true, ok
	}
	if y.yearless {
		// 2024 has every day that a year can have.
		t.year = 2024
	}
	if !t.settle() {
		return 0, false, false
	}
	switch {
	case y.yearless:
		ns, ok = l.nearest(t.civil, t.frac)
		return ns, false, ok
	case t.offset == noZone:
		ns, ok = l.clock.local(t.civil, t.frac)
		return ns, false, ok
	}
	ns, ok = nanos(t.seconds()-int64(t.offset), t.frac)
	return ns, true, ok
}
