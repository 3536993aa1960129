package hazards

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tailrace/tailrace/internal/status"
	"github.com/tailrace/tailrace/internal/testkit"
)

// panickingParsers are those of the tests' agent that have an error: each panics
// at lines that contain its mark.
var panickingParsers = []struct{ file, parser, mark string }{
	{"text.go", "parseText", "@c0.stdout 20 "},
	{"logfmt.go", "parseLogfmt", "msg=boom"},
}

// panickingAgent is the agent with those parsers, made of its own sources.
func panickingAgent(t *testing.T) string {
	t.Helper()
	const dir = "processors/parse/"
	changed := map[string]string{dir + "panicat.go": `package parse

import "bytes"

func panicAt(mark string, text []byte) {
	if bytes.Contains(text, []byte(mark)) {
		var none []byte
		_ = none[len(text)]
	}
}
`}
	for _, p := range panickingParsers {
		source, err := os.ReadFile(filepath.Join(testkit.Root(t), dir, p.file))
		if err != nil {
			t.Fatal(err)
		}
		head := fmt.Sprintf("func %s(l *line) bool {\n", p.parser)
		if strings.Count(string(source), head) != 1 {
			t.Fatalf("%s has no %s", p.file, p.parser)
		}
		changed[dir+p.file] = strings.Replace(string(source), head, fmt.Sprintf("%s\tpanicAt(%q, l.text)\n", head, p.mark), 1)
	}
	return testkit.ChangedAgent(t, changed)
}

// TestPanicInAParserCostsItsContainerTheParsingOnly runs an agent with parsers
// that panic at a line. The line and all of its container after it are kept as
// they are, counted and told of; other containers are parsed as ever.
func TestPanicInAParserCostsItsContainerTheParsingOnly(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("builds an agent; make test runs it")
	}
	binary := panickingAgent(t)
	t.Run("under load", func(t *testing.T) { nobodyIsDisturbed(t, binary) })
	t.Run("each line", func(t *testing.T) { linesAreKeptAsText(t, binary) })
}

// nobodyIsDisturbed lets the parser of plain text panic at a line of one of six
// containers, over logs that are rotated, and kills the agent later: nothing is
// lost and nothing is there twice.
func nobodyIsDisturbed(t *testing.T, binary string) {
	t.Helper()
	n := newNode(t, "ok")
	n.binary = binary
	agent := n.start()
	generator := n.Generate("-seed", seed(11), "-containers", "6", "-plains", "2", "-rate", "1000", "-limit", "65536")
	const failures, panicked = "tailrace_processor_parse_failures_total", `reason="the parser panicked"`
	n.figure("the parser panics", exactly(1), failures, `format="text"`, panicked)
	n.figure("the container's lines go on unparsed", atLeast(20), failures, `reason="the container's parsing is quarantined"`)
	if said := n.said(agent, "a parser panicked"); said != 1 {
		t.Errorf("it was said %d times\n%s", said, agent.Tail())
	}
	for _, format := range []string{"logfmt", "json"} {
		n.figure("other containers' lines are parsed", atLeast(50), "tailrace_processor_parsed_log_records_total", fmt.Sprintf("format=%q", format))
	}
	n.quarantined(t)
	agent.Kill()
	v := n.settle(generator, n.start())
	t.Logf("RESULT records=%d violations=%d", v.Records, len(v.Violations))
}

// quarantined waits for the status to name the one container that is, and no
// other: a file that has just come is nobody's until it is read.
func (n *node) quarantined(t *testing.T) {
	t.Helper()
	testkit.Eventually(t, "the status names the container that is quarantined", func() (bool, string) {
		var report status.Report
		if err := json.Unmarshal([]byte(n.status()), &report); err != nil {
			t.Fatal(err)
		}
		for _, f := range report.Files {
			if f.Quarantined != strings.Contains(f.Path, "_web-0_") {
				return false, fmt.Sprintf("%s is quarantined: %v", f.Path, f.Quarantined)
			}
		}
		return true, ""
	})
}

// linesAreKeptAsText lets the parser of logfmt panic: the lines of its container
// are documents with all of their text from there on.
func linesAreKeptAsText(t *testing.T, binary string) {
	t.Helper()
	n := newNode(t, "ok")
	n.binary = binary
	lines := []string{"level=info msg=before n=1", "level=info msg=boom n=2", "level=info msg=after n=3"}
	for _, pod := range []string{"bad-0", "good-0"} {
		for i, line := range lines {
			if pod == "good-0" && i == 1 {
				line = "level=info msg=between n=2"
			}
			writeFile(t, n.podLog(pod), fmt.Sprintf("2026-03-05T10:11:0%dZ stdout F %s\n", i, line))
		}
	}
	agent := n.start()
	n.compare(agent, []document{
		{text: "before", stream: "stdout"}, {text: lines[1], stream: "stdout"}, {text: lines[2], stream: "stdout"},
		{text: "before", stream: "stdout"}, {text: "between", stream: "stdout"}, {text: "after", stream: "stdout"},
	})
	agent.Stop()
}
