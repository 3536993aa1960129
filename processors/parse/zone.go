package parse

import (
	"cmp"
	"fmt"
	"time"

	"github.com/tailrace/tailrace/pipeline/event"
)

// CheckZone is an error for what cannot be a source's time zone; empty is as
// configured for all.
func CheckZone(name string) error {
	if name == "" {
		return nil
	}
	_, err := loadZone(name)
	return err
}

func loadZone(name string) (*time.Location, error) {
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, fmt.Errorf("there is no time zone %q: write a name of the IANA database such as Europe/Berlin, UTC or Local", name)
	}
	return zone, nil
}

// zoneOf is the zone of a source's times that name none, nil where none is known.
func (p *Parser) zoneOf(src *event.Source) *time.Location {
	if src.Timezone != "" {
		// Whoever filled the settings has checked them.
		if zone, err := loadZone(src.Timezone); err == nil {
			return zone
		}
	}
	return p.zone
}

// setZone makes zone that of times which name none; nil is a guess.
func (c *clock) setZone(zone *time.Location) {
	c.zone, c.zoned = cmp.Or(zone, time.UTC), zone != nil
}

// rareOffset reads the zone behind a time of day in seconds as if in UTC: an
// offset, an abbreviation, or nothing, for the clock's own.
func (c *clock) rareOffset(s []byte, seconds int64) (east int, ok bool) {
	switch east, ok = zoneOffset(s); {
	case ok && east != noZone:
		return east, true
	case ok:
		return c.localOffset(seconds), true
	}
	if len(s) > 0 && s[0] == ' ' {
		s = s[1:]
	}
	if c.zoned {
		if name, east := c.zoneAt(seconds); name == string(s) {
			return east, true
		}
	}
	return zoneNamed(s)
}

// zoneAt is what the clock's zone is called, and its offset, at a time of day
// there.
func (c *clock) zoneAt(seconds int64) (name string, east int) {
	at := time.Unix(seconds, 0).UTC()
	return time.Date(at.Year(), at.Month(), at.Day(), at.Hour(), at.Minute(), 0, 0, c.zone).Zone()
}

// zoneNamed is the offset of a zone's abbreviation in seconds east of Greenwich.
// It has those that mean one offset in the IANA database, of every zone that uses
// them today. Others, such as CST of Chicago and Shanghai or IST of Dublin,
// Jerusalem and Kolkata, are believed only where the zone is configured.
func zoneNamed(s []byte) (east int, ok bool) {
	if len(s) < 3 || len(s) > 4 {
		return 0, false
	}
	for i := range zoneNames {
		if zoneNames[i].name == string(s) {
			return int(zoneNames[i].minutes) * 60, true
		}
	}
	return 0, false
}

var zoneNames = []struct {
	name    string
	minutes int16
}{
	{"UTC", 0}, {"GMT", 0}, {"CET", 60}, {"CEST", 120}, {"MET", 60}, {"MEST", 120}, {"WET", 0}, {"WEST", 60}, {"EET", 120}, {"EEST", 180}, {"BST", 60}, {"MSK", 180},
	{"EST", -300}, {"EDT", -240}, {"MST", -420}, {"MDT", -360}, {"PDT", -420}, {"AKST", -540}, {"AKDT", -480}, {"HST", -600}, {"HDT", -540}, {"SST", -660},
	{"AST", -240}, {"ADT", -180}, {"NST", -210}, {"NDT", -150}, {"JST", 540}, {"KST", 540}, {"HKT", 480}, {"IDT", 180}, {"PKT", 300}, {"WIB", 420}, {"WITA", 480}, {"WIT", 540},
	{"AEST", 600}, {"AEDT", 660}, {"ACST", 570}, {"ACDT", 630}, {"AWST", 480}, {"NZST", 720}, {"NZDT", 780}, {"ChST", 600}, {"SAST", 120}, {"CAT", 120}, {"EAT", 180}, {"WAT", 60},
}
