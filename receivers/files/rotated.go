package files

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/tailrace/tailrace/internal/tail"
)

// rotated matches what logrotate appends to a name: a number, or a date (its
// dateext and usual dateformats). Compressed files are not read.
var rotated = regexp.MustCompile(`^(?:\.(\d{1,6})|[.-](\d{4}-?\d{2}-?\d{2}(?:[-_T]?\d{2,10})?))$`)

// rotationOf says whether a name is one that was rotated away from live, and
// its place among those: larger is newer.
func rotationOf(name, live string) (order int64, ok bool) {
	suffix, ok := strings.CutPrefix(name, live)
	if !ok {
		return 0, false
	}
	m := rotated.FindStringSubmatch(suffix)
	switch {
	case m == nil:
		return 0, false
	case m[1] != "":
		// The higher the number, the older the file.
		n, err := strconv.ParseInt(m[1], 10, 64)
		return -n, err == nil
	}
	return dateOrder(m[2])
}

// dateOrder makes dates of any length comparable: their digits, filled up.
func dateOrder(date string) (int64, bool) {
	digits := strings.NewReplacer("-", "", "_", "", "T", "").Replace(date)
	const width = 18
	n, err := strconv.ParseInt(digits+strings.Repeat("0", max(0, width-len(digits))), 10, 64)
	return n, err == nil && n < tail.Live
}
