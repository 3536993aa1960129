package parse

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// A format is one way to write a line. Later formats are added to the table
// below, each with a file of its own.
type format struct {
	name string
	// about and example are for docs/formats.md, and so is where a line's time,
	// severity and trace context come from.
	about, example        string
	time, severity, trace string
	// heads are the bytes that a line of the format can begin with; empty means
	// any. Detection tries no format whose lines begin otherwise.
	heads string
	// shapes are those that a line of the format can have, shapesLoose if none
	// are named. Detection tries no format whose lines look otherwise.
	shapes shape
	// parse takes what it understands into the record and reports whether the
	// line is of this format; if not, it has called line.fail. It may leave
	// the record half changed then: the caller undoes it. Detection tries the
	// formats in the table's order, so the first that is sure must be right.
	parse func(l *line) bool
	// rival is the name of a format some of whose lines are of this one too: a
	// stream that was taken for this one is the rival's once a line says so.
	rival string
	// given says that only the configuration makes lines be of the format.
	given bool
}

// formatUnknown stands for a stream whose format is not found yet.
const formatUnknown = ^uint32(0)

// formatText is the index of plain text, which explains every line: the first
// of the table, so that a record which was never parsed has it too.
const formatText = 0

// formatGiven is the index of the layouts that users give.
const formatGiven = 1

// formatCustom is the index of the formats that the configuration defines.
const formatCustom = 2

// detectable are the formats that detection tries for a line, by what a look
// at it tells: sets of their indexes.
var detectable = candidatesOf(formats)

type candidateSets struct {
	// byHead has a set for each byte that a line can begin with, byShape one for
	// each shape.
	byHead  [256]uint64
	byShape [numShapes]uint64
}

func candidatesOf(all []format) *candidateSets {
	sets := new(candidateSets)
	for i := range all {
		f := &all[i]
		if i == formatText || f.given {
			continue
		}
		for c := range sets.byHead {
			if f.heads == "" || strings.IndexByte(f.heads, byte(c)) >= 0 {
				sets.byHead[c] |= 1 << i
			}
		}
		for s := shape(1); s < numShapes; s <<= 1 {
			if cmp.Or(f.shapes, shapesLoose)&s != 0 {
				sets.byShape[s] |= 1 << i
			}
		}
	}
	return sets
}

// of is the set for a line, which is not empty. Where the first byte leaves one
// format, that looks at the rest itself.
func (c *candidateSets) of(l *line) uint64 {
	set := c.byHead[l.text[0]]
	if set&(set-1) == 0 {
		return set
	}
	return set & c.byShape[l.shape()]
}

// rivals are the indexes of the formats' rivals, formatText for those without.
var rivals = rivalsOf(formats)

func rivalsOf(all []format) (found [maxFormats]uint8) {
	for i := range all {
		for j := range all {
			if all[i].rival != "" && all[j].name == all[i].rival {
				found[i] = uint8(j)
			}
		}
	}
	return found
}

// FormatAuto is the name that asks for detection.
const FormatAuto = "auto"

// Formats are the names that a source's format may have, besides FormatAuto.
func Formats() []string {
	var names []string
	for i := range formats {
		if !formats[i].given {
			names = append(names, formats[i].name)
		}
	}
	return names
}

// CheckFormat is an error for a name that a source's format cannot have, where
// the configuration defines the formats custom.
func CheckFormat(name string, custom ...string) error {
	if name == "" || name == FormatAuto || explicit(name) != nil || slices.Contains(custom, name) {
		return nil
	}
	return fmt.Errorf("there is no format %q: write %s or one of %s; service.formats defines more",
		name, FormatAuto, strings.Join(append(slices.Sorted(slices.Values(custom)), Formats()...), ", "))
}

// explicit are the formats that a configured name allows: its own, and behind it
// those of its family, as nginx-json belongs to nginx. Nil asks for detection, and
// so does a name that does not exist, which validation has refused before.
func explicit(name string) []uint8 {
	var found []uint8
	for i := range formats {
		switch f := formats[i].name; {
		case formats[i].given || name == "":
		case f == name:
			found = slices.Insert(found, 0, uint8(i))
		case strings.HasPrefix(f, name+"-"):
			found = append(found, uint8(i))
		}
	}
	return found
}
