package kube

import (
	"bytes"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"time"
)

// tick is the unit of times in /proc/PID/stat (proc(5), USER_HZ).
const tick = 10 * time.Millisecond

// CPU is how much CPU time the server has taken since it was started.
func (c *Cluster) CPU() time.Duration {
	c.t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", c.running.PID()))
	c.must(err)
	// The name in parentheses may have spaces; utime and stime are the 14th and
	// 15th field, the 12th and 13th behind it.
	fields := bytes.Fields(b[bytes.LastIndexByte(b, ')')+1:])
	var sum time.Duration
	for _, f := range fields[11:13] {
		n, err := strconv.ParseInt(string(f), 10, 64)
		c.must(err)
		sum += time.Duration(n) * tick
	}
	return sum
}

// Sum adds up the server's own metric over the series whose text matches.
func (c *Cluster) Sum(series *regexp.Regexp) (sum float64) {
	c.t.Helper()
	status, page := c.Do("GET", "/metrics", "")
	if status != 200 {
		c.t.Fatalf("the server's metrics: status %d", status)
	}
	for _, m := range regexp.MustCompile(`(?m)^(\w+\{.*\}) (\S+)$`).FindAllStringSubmatch(page, -1) {
		if series.MatchString(m[1]) {
			n, err := strconv.ParseFloat(m[2], 64)
			c.must(err)
			sum += n
		}
	}
	return sum
}
