package files

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/tailrace/tailrace/internal/tail"
)

// rotated matches what logrotate appends to a name: a number, or a date (its
// dateext and usual dateformats). Behind it may stand the gz of compression.
var rotated = regexp.MustCompile(`^(.+?)(?:\.(\d{1,6})|[.-](\d{4}-?\d{2}-?\d{2}(?:[-_T]?\d{2,10})?))$`)

// splitRotated says which file a name was rotated away from, if it is such a
// name, and its place among those: larger is newer.
func splitRotated(name string) (live string, order int64, ok bool) {
	m := rotated.FindStringSubmatch(strings.TrimSuffix(name, gz))
	switch {
	case m == nil:
		return "", 0, false
	case m[2] != "":
		// The higher the number, the older the file.
		n, err := strconv.ParseInt(m[2], 10, 64)
		return m[1], -n, err == nil
	}
	order, ok = dateOrder(m[3])
	return m[1], order, ok
}

// dateOrder makes dates of any length comparable: their digits, filled up.
func dateOrder(date string) (int64, bool) {
	digits := strings.NewReplacer("-", "", "_", "", "T", "").Replace(date)
	const width = 18
	n, err := strconv.ParseInt(digits+strings.Repeat("0", max(0, width-len(digits))), 10, 64)
	return n, err == nil && n < tail.Live
}
