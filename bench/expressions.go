package main

import (
	"regexp"
	"slices"
	"strconv"
	"time"
)

// expression takes the same fields out of a line by Go's regexp, as the
// pipelines of other agents do, and converts the time and the numbers.
type expression struct {
	use
	// time is the group of the time, 0 when the time is left as it is, layout
	// its layout. Of a year that is not written time.Parse makes 0, which is less
	// than the agent does.
	time   int
	layout string
	*regexp.Regexp
}

// use is how an expression is.
type use uint8

const (
	// onFields has a group for each field.
	onFields use = iota
	// onText is onFields for text that may name trace context.
	onText
	// onPairs matches each of a line's keys (1) and its value (2, or 3 without
	// quotes).
	onPairs
)

// Layouts of times in Go's way.
const (
	clf   = "02/Jan/2006:15:04:05 -0700"
	blank = "2006-01-02 15:04:05.999999999"
	plain = "2006-01-02T15:04:05.999999999"
)

// members is for objects of JSON. It finds inner members too, and escapes stay.
var members = &expression{onPairs, 0, "", regexp.MustCompile(`"((?:[^"\\]|\\.)+)"\s*:\s*(?:"((?:[^"\\]|\\.)*)"|([^\s"{}\[\],]+))?`)}

// contexts are where text names trace context, of all the ways that the agent knows.
var contexts = []*regexp.Regexp{
	regexp.MustCompile(`trace_id[=:]\s*"?([0-9a-f]{32})\b`), regexp.MustCompile(`span_id[=:]\s*"?([0-9a-f]{16})\b`),
}

var expressions = map[string]*expression{
	"nginx":         {onFields, 3, clf, regexp.MustCompile(`^(\S+) - (.*?) \[([^\]]+)\] "(\S+) (\S+?)(?:\?(\S*))? HTTP/([\d.]+)" (\d{3}) (\d+) "([^"]*)" "([^"]*)"(?: "([^"]*)")?`)},
	"apache":        {onFields, 5, clf, regexp.MustCompile(`^(?:(\S+):(\d+) )?(\S+) \S+ (.*?) \[([^\]]+)\] "(\S+) (\S+?)(?:\?(\S*))? HTTP/([\d.]+)" (\d{3}) (\d+|-)(?: "((?:[^"\\]|\\.)*)" "((?:[^"\\]|\\.)*)")?`)},
	"ingress-nginx": {onFields, 3, clf, regexp.MustCompile(`^(\S+) - (.*?) \[([^\]]+)\] "(\S+) (\S+?)(?:\?(\S*))? HTTP/([\d.]+)" (\d{3}) (\d+) "([^"]*)" "([^"]*)" (\d+) ([\d.]+) \[([^\]]*)\] (?:\[([^\]]*)\] )?(\S+(?:, \S+)*) (\S+(?:, \S+)*) (\S+(?:, \S+)*) (\S+(?:, \S+)*) (\S+)$`)},
	"traefik":       {onFields, 3, clf, regexp.MustCompile(`^(\S+) - (.*?) \[([^\]]+)\] "(\S+) (\S+?)(?:\?(\S*))? HTTP/([\d.]+)" (\d{3}) (\d+) "([^"]*)" "([^"]*)" (\d+) "([^"]*)" "([^"]*)" (\d+)ms$`)},
	"envoy":         {onFields, 1, time.RFC3339Nano, regexp.MustCompile(`^\[([^\]]+)\] "(\S+) (\S+?)(?:\?(\S*))? (\S+)" (\d+) (\S+) (\d+) (\d+) (\d+) (\S+) "([^"]*)" "([^"]*)" "([^"]*)" "([^"]*)" "([^"]*)"$`)},
	"istio":         {onFields, 1, time.RFC3339Nano, regexp.MustCompile(`^\[([^\]]+)\] "(\S+) (\S+?)(?:\?(\S*))? (\S+)" (\d+) (\S+) (\S+) (\S+) "([^"]*)" (\d+) (\d+) (\d+) (\S+) "([^"]*)" "([^"]*)" "([^"]*)" "([^"]*)" "([^"]*)" (\S+) (\S+) (\S+) (\S+) (\S+) (\S+)$`)},
	"haproxy":       {onFields, 3, "02/Jan/2006:15:04:05.000", regexp.MustCompile(`^(\S+):(\d+) \[([^\]]+)\] (\S+) (\S+)/(\S+) (-?\d+)/(-?\d+)/(-?\d+)/(-?\d+)/\+?(-?\d+) (\d+) \+?(\d+) (\S+) (\S+) (\S+) (\d+)/(\d+)/(\d+)/(\d+)/\+?(\d+) (\d+)/(\d+)(?: \{([^}]*)\})?(?: \{([^}]*)\})? "(\S+) (\S+?)(?:\?(\S*))? HTTP/([\d.]+)"`)},
	"linkerd":       {onFields, 4, time.RFC3339Nano, regexp.MustCompile(`^(\S+):(\d+) (\S+) - \[([^\]]+)\] "(\S+) (?:(\w+)://([^/:\s]+)(?::(\d+))?)?(\S*?)(?:\?(\S*))? HTTP/([\d.]+)" (\d{3})$`)},
	"aws-alb":       {onFields, 2, time.RFC3339Nano, regexp.MustCompile(`^(\S+) (\S+) (\S+) (\S+):(\d+) (?:(\S+):(\d+)|-) (\S+) (\S+) (\S+) (\d+) (\S+) (\d+) (\d+) "(\S+) (?:(\w+)://([^/:\s]+)(?::(\d+))?)?(\S*?)(?:\?(\S*))? (\S+)" "([^"]*)" (\S+) (\S+) (\S+) "([^"]*)" "([^"]*)" "([^"]*)" (\S+) (\S+) "([^"]*)" "([^"]*)" "([^"]*)" "([^"]*)" "([^"]*)" "([^"]*)" "([^"]*)"`)},
	"nginx-error":   {onFields, 1, "2006/01/02 15:04:05", regexp.MustCompile(`^(\S+ \S+) \[(\w+)\] (\d+)#(\d+): (?:\*(\d+) )?(.*?)(?:, client: (\S+), server: (\S+))?(?:, request: "(\S+) (\S+?)(?:\?(\S*))? HTTP/([\d.]+)")?(?:, upstream: "([^"]*)")?(?:, host: "([^"]*)")?(?:, referrer: "([^"]*)")?$`)},
	"apache-error":  {onFields, 1, "Mon Jan 02 15:04:05.000000 2006", regexp.MustCompile(`^\[([^\]]+)\] \[(\w*):(\w+)\] \[pid (\d+)(?::tid (\d+))?\] (?:\[client (\S+):(\d+)\] )?(.*)$`)},

	"envoy-json": members, "istio-json": members, "traefik-json": members, "linkerd-json": members, "caddy": members, "nginx-json": members,
	"haproxy-json": members, "kubernetes-audit": members, "postgresql-json": members, "json": members, "mongodb": members,
	"logfmt": {onPairs, 0, "", regexp.MustCompile(`([^\s="]+)=(?:"((?:[^"\\]|\\.)*)"|(\S*))`)},

	"cassandra":      {onText, 3, "2006-01-02 15:04:05,000", regexp.MustCompile(`^(\w+) +\[([^\]]+)\] (\S+ \S+) (\S+):(\d+) - (.*)$`)},
	"coredns":        {onFields, 0, "", regexp.MustCompile(`^\[(\w+)\] (\S+):(\d+) - (\d+) "(\S+) (\S+) (\S+) (\S+) (\d+) (\S+) (\d+)" (\S+) (\S+) (\d+) ([\d.]+)s$`)},
	"dotnet":         {onFields, 0, "", regexp.MustCompile(`^(\w{4}): (\S+)\[(\d+)\]$`)},
	"elasticsearch":  {onText, 1, "2006-01-02T15:04:05,000", regexp.MustCompile(`^\[([^\]]+)\]\[(\w+) *\]\[(\S+) *\] \[([^\]]+)\] ?(.*)$`)},
	"envoy-app":      {onText, 1, blank, regexp.MustCompile(`^\[([^\]]+)\]\[(\d+)\]\[(\w+)\]\[(\w+)\] \[([^:\]]+):(\d+)\] (.*)$`)},
	"etcd":           {onText, 1, blank, regexp.MustCompile(`^(\S+ \S+) (\w) \| (?:(\w+): )?(.*)$`)},
	"klog":           {onText, 2, "0102 15:04:05.000000", regexp.MustCompile(`^([IWEF])(\d{4} \S+) +(\d+) ([^:]+):(\d+)\] (.*)$`)},
	"log4j":          {onText, 1, "15:04:05.000", regexp.MustCompile(`^(\S+) \[([^\]]+)\] (\w+) +(\S+) --? (.*)$`)},
	"mysql":          {onText, 1, "2006-01-02 15:04:05", regexp.MustCompile(`^(\S+ \S+) +(\d+) \[(\w+)\] (?:\[([^\]]+)\] \[([^\]]+)\] )?(.*)$`)},
	"postgresql":     {onText, 1, "2006-01-02 15:04:05.000 MST", regexp.MustCompile(`^(\S+ \S+ \S+) \[(\d+)\] (?:(\S+)@(\S+) )?(\w+):  (.*)$`)},
	"postgresql-csv": {onText, 1, "2006-01-02 15:04:05.000 MST", regexp.MustCompile(`^([^,]*),(?:"([^"]*)")?,(?:"([^"]*)")?,(\d*),(?:"([^"]*)")?,([^,]*),(\d*),(?:"([^"]*)")?,([^,]*),([^,]*),(\d*),(\w+),(\w+),(?:"((?:[^"]|"")*)")?,(?:"((?:[^"]|"")*)")?,(?:"((?:[^"]|"")*)")?,(?:"((?:[^"]|"")*)")?,(\d*),(?:"((?:[^"]|"")*)")?,(?:"((?:[^"]|"")*)")?,(\d*),(?:"((?:[^"]|"")*)")?,(?:"((?:[^"]|"")*)")?,(?:"([^"]*)")?,(\d*),(-?\d*)$`)},
	"python":         {onText, 1, "2006-01-02 15:04:05,000", regexp.MustCompile(`^(\S+ \S+) - (\S+) - (\w+) - (.*)$`)},
	"rabbitmq":       {onText, 1, "2006-01-02 15:04:05.999999-07:00", regexp.MustCompile(`^(\S+ \S+) \[(\w+)\] <([^>]+)> (.*)$`)},
	"redis":          {onText, 3, "02 Jan 2006 15:04:05.000", regexp.MustCompile(`^(\d+):(\w) (\d+ \w+ \d+ \S+) ([.\-*#]) (.*)$`)},
	"ruby":           {onText, 2, plain, regexp.MustCompile(`^(\w), \[(\S+) #(\d+)\] +(\w+) -- (\S*): (.*)$`)},
	"rust-tracing":   {onText, 1, time.RFC3339Nano, regexp.MustCompile(`^(\S+) +(\w+) (?:(\S.*\}): )?([\w:]+): (.*)$`)},
	"spring":         {onText, 1, time.RFC3339Nano, regexp.MustCompile(`^(\S+) +(\w+) (\d+) --- (?:\[([^\]]+)\] )?\[ *([^\]]+)\] \[(?:(\w*),)?(\w*)[,-]?(\w*)\s*\] (\S+) +: (.*)$`)},
	"syslog":         {onText, 2, time.RFC3339Nano, regexp.MustCompile(`^(?:<(\d+)>)?(\S+) (\S+) ([^\[:\s]+)(?:\[(\d+)\])?: (.*)$`)},
	"syslog-5424":    {onText, 2, time.RFC3339Nano, regexp.MustCompile(`^<(\d+)>1 (\S+) (\S+) (\S+) (\S+) (\S+) (-|(?:\[(?:[^"\]]|"(?:[^"\\]|\\.)*")*\])+) ?(.*)$`)},
}

// goesOn finds lines of traces as the rules of other agents do, and secrets what
// the agent takes for one. They answer with yes or no, which is less than the
// agent does.
var (
	goesOn  = regexp.MustCompile(`^(?:\s+\S|Caused by:|Suppressed:|Traceback \(most|goroutine \d+ |panic: |fatal error: |thread '|Exception in thread|PHP |(?:[\w$]+\.)*\w+(?:Exception|Error|Throwable)(?::|$))`)
	secrets = regexp.MustCompile(`(?i)(?:password|passwd|pwd|secret|token|api_?key|access_?key)["']?\s*[=:]|authorization:|(?:set-)?cookie:|\beyJ[\w-]+\.|\bAKIA[0-9A-Z]{16}|\bgh[pousr]_\w{36}|\bxox[abprs]-|\bsk_live_|-----BEGIN|[?&](?:sig|signature|x-amz-signature)=|://[^/\s:@]+:[^/\s@]+@`)
)

// reader reads a line, and reports false for one that it does not know.
type reader func(line []byte) bool

// readerOf is what does the same job as the agent by the format's expression, nil
// where there is none.
func readerOf(format string) reader {
	e := expressions[format]
	switch {
	case e == nil:
		return nil
	case kinds[format] != "":
		return (&document{by: e, kinds: kinds[format]}).read
	}
	return e.read
}

// matched are the lines that it reads.
func (r reader) matched(lines [][]byte) [][]byte {
	return slices.DeleteFunc(slices.Clone(lines), func(l []byte) bool { return !r(l) })
}

// reading is the work of reading lines.
func (r reader) reading(lines [][]byte) work {
	return work{len(lines), func() {
		for _, l := range lines {
			r(l)
		}
	}}
}

// read finds the fields of a line and converts those that are no text. It reports
// false for a line whose time has another layout.
func (e *expression) read(line []byte) bool {
	if e.use == onPairs {
		return e.readPairs(line)
	}
	at := e.FindSubmatchIndex(line)
	if at == nil {
		return false
	}
	for g := 2; g+1 < len(at); g += 2 {
		if at[g] < 0 {
			continue
		}
		if text := line[at[g]:at[g+1]]; g != 2*e.time {
			number(text)
		} else if _, err := time.Parse(e.layout, string(text)); err != nil {
			return false
		}
	}
	if e.use == onText {
		for _, c := range contexts {
			c.FindSubmatchIndex(line)
		}
	}
	return true
}

func (e *expression) readPairs(line []byte) bool {
	all := e.FindAllSubmatchIndex(line, -1)
	for _, at := range all {
		if at[6] >= 0 {
			number(line[at[6]:at[7]])
		}
		if key := line[at[2]:at[3]]; at[4] >= 0 && timeKeys[string(key)] {
			_, _ = time.Parse(time.RFC3339Nano, string(line[at[4]:at[5]]))
		}
	}
	return len(all) > 0
}

// timeKeys are those that the servers' and loggers' times are under.
var timeKeys = map[string]bool{
	"time": true, "ts": true, "timestamp": true, "@timestamp": true, "start_time": true, "time_iso8601": true, "StartUTC": true, "stageTimestamp": true,
}

// number converts text that is one.
func number(text []byte) {
	for _, c := range text {
		if c-'0' > 9 && c != '.' {
			return
		}
	}
	_, _ = strconv.ParseFloat(string(text), 64)
}
