package hazards

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tailrace/tailrace/internal/testkit"
	"github.com/tailrace/tailrace/test/oracle"
)

// document is what a test compares of one.
type document struct {
	// text is what the application wrote, undone of what had to be escaped.
	text, stream string
	// pod is whose log it is of, "" for other files.
	pod string
	// marks are the flags of unusual records, in a fixed order.
	marks string
}

func (d document) String() string {
	return strings.TrimSpace(fmt.Sprintf("%s %s %q", d.stream, d.marks, d.text))
}

// documents reads the journal as it is now.
func (n *node) documents() (docs []document) {
	n.TB.Helper()
	items, err := oracle.ReadJournal(n.Segments())
	if err != nil {
		n.TB.Fatal(err)
	}
	for _, i := range items {
		d, err := parseDocument(i.Doc)
		if err != nil {
			n.TB.Fatalf("%v: %.1000s", err, i.Doc)
		}
		docs = append(docs, d)
	}
	return docs
}

func parseDocument(doc []byte) (d document, err error) {
	var fields struct {
		Attributes map[string]any
		Body       struct{ Text *string }
		Resource   struct{ Attributes map[string]any }
	}
	if err := json.Unmarshal(doc, &fields); err != nil {
		return d, err
	}
	if fields.Body.Text == nil {
		return d, fmt.Errorf("no body.text")
	}
	d.text = *fields.Body.Text
	if fields.Attributes["log.body.escaped"] == true {
		d.text = unescape(d.text)
	}
	d.stream, _ = fields.Attributes["log.iostream"].(string)
	d.pod, _ = fields.Resource.Attributes["k8s.pod.name"].(string)
	for _, mark := range []string{"truncated", "continuation", "malformed"} {
		if fields.Attributes["log.record."+mark] == true {
			d.marks = strings.TrimSpace(d.marks + " " + mark)
		}
	}
	return d, nil
}

var escaped = regexp.MustCompile(`\\(?:\\|x[0-9a-f]{2})`)

// unescape undoes what docs/documents.md says of text that is not UTF-8: \xHH
// is a byte, two backslashes are one.
func unescape(text string) string {
	return escaped.ReplaceAllStringFunc(text, func(e string) string {
		if e == `\\` {
			return `\`
		}
		b, _ := strconv.ParseUint(e[2:], 16, 8)
		return string([]byte{byte(b)})
	})
}

// writeFile appends to a log, as one write.
func writeFile(tb testing.TB, name string, content string) {
	tb.Helper()
	f, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err == nil {
		_, err = f.WriteString(content)
	}
	if err == nil {
		err = f.Close()
	}
	if err != nil {
		tb.Fatal(err)
	}
}

// newLinesNode is a node whose agent reads Docker's own files as well.
func newLinesNode(t *testing.T) *node {
	t.Helper()
	n := newNode(t, "ok")
	n.override(fmt.Sprintf(`
receivers:
  files/docker: {include: [%s], decoder: container}
service:
  pipelines:
    logs: {receivers: [pods, files/plain, files/docker]}
`, n.Path("docker", "*", "*-json.log")))
	return n
}

// compare waits until there are as many documents as wanted, and wants each of
// them once, in any order.
func (n *node) compare(agent *testkit.Process, want []document) {
	n.TB.Helper()
	sorted := func(docs []document) (lines []string) {
		for _, d := range docs {
			lines = append(lines, d.String())
		}
		slices.Sort(lines)
		return lines
	}
	n.Drained(n.sink, agent, len(want))
	if diff := cmp.Diff(sorted(want), sorted(n.documents())); diff != "" {
		n.TB.Errorf("the documents differ (-want +got):\n%s", diff)
	}
}

// podLog makes the directory of a pod and names its container's log.
func (n *node) podLog(pod string) string {
	n.TB.Helper()
	dir := n.Path("pods", "shop_"+pod+"_0f0e6f0a-3c0b-4a52-9d3a-2a8f5f6d7c11", "app")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		n.TB.Fatal(err)
	}
	return dir + "/0.log"
}
