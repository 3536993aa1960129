package refstd

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// combined is nginx's combined format with a traceparent behind it.
var combined = regexp.MustCompile(`^(\S+) - (\S+) \[([^\]]+)\] "(\S+) ([^ "]+) HTTP/(\S+)" (\d+) (\d+) "([^"]*)" "([^"]*)" "00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})"$`)

func parseNginx(d map[string]any, runtimeTime, line string) (attributes map[string]any, err error) {
	m := combined.FindStringSubmatch(line)
	if m == nil {
		return nil, fmt.Errorf("not a combined line: %q", line)
	}
	t, err := nginxTime(m[3], runtimeTime)
	if err != nil {
		return nil, err
	}
	attributes = make(map[string]any)
	d["@timestamp"] = stamp(t)
	attributes["client.address"] = m[1]
	addPresent(attributes, "user.name", m[2])
	attributes["http.request.method"] = m[4]
	path, query, found := strings.Cut(m[5], "?")
	attributes["url.path"] = path
	if found {
		attributes["url.query"] = query
	}
	attributes["network.protocol.version"] = m[6]
	attributes["user_agent.original"] = m[10]
	if m[9] != "-" {
		attributes["http.request.header.referer"] = []string{m[9]}
	}
	d["body"] = map[string]any{"text": line}
	d["trace_id"], d["span_id"] = m[11], m[12]
	return attributes, addNumbers(d, attributes, m[7], m[8], m[13])
}

func addPresent(attributes map[string]any, name, value string) {
	if value != "-" {
		attributes[name] = value
	}
}

// nginxTime is the line's time, which has no fraction: the runtime's stands in
// for it within the same second.
func nginxTime(text, runtimeTime string) (time.Time, error) {
	t, err := time.Parse("02/Jan/2006:15:04:05 -0700", text)
	if err != nil {
		return t, err
	}
	r, err := time.Parse(time.RFC3339Nano, runtimeTime)
	if err != nil {
		return r, err
	}
	if r.Truncate(time.Second).Equal(t) {
		return r, nil
	}
	return t, nil
}

func addNumbers(d, attributes map[string]any, status, size, flags string) error {
	code, err := strconv.Atoi(status)
	if err != nil {
		return err
	}
	attributes["http.response.status_code"] = code
	d["severity_number"] = 9
	if code >= 500 {
		d["severity_number"] = 17
		attributes["error.type"] = status
	}
	if attributes["http.response.body.size"], err = strconv.Atoi(size); err != nil {
		return err
	}
	d["trace_flags"], err = strconv.ParseUint(flags, 16, 8)
	return err
}
