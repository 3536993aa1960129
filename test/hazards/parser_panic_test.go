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

// panicMark is what a parser of the tests' agent panics at.
const panicMark = "@c0.stdout 20 "

// panickingAgent is the agent with a parser that has an error: it panics at
// lines that contain a mark.
func panickingAgent(t *testing.T, file, parser, mark string) string {
	t.Helper()
	const dir = "processors/parse"
	source, err := os.ReadFile(filepath.Join(testkit.Root(t), dir, file))
	if err != nil {
		t.Fatal(err)
	}
	head := fmt.Sprintf("func %s(l *line) bool {\n", parser)
	if strings.Count(string(source), head) != 1 {
		t.Fatalf("%s has no %s", file, parser)
	}
	return testkit.ChangedAgent(t, map[string]string{
		dir + "/" + file: strings.Replace(string(source), head, head+"\tpanicAtMark(l.text)\n", 1),
		dir + "/panicatmark.go": fmt.Sprintf(`package parse

import "bytes"

func panicAtMark(text []byte) {
	if bytes.Contains(text, []byte(%q)) {
		var none []byte
		_ = none[len(text)]
	}
}
`, mark),
	})
}

// TestPanicInAParserCostsItsContainerTheParsingOnly runs an agent whose parser
// of plain text panics at a line of one of six containers, over logs that are
// rotated, and kills it later. The line and all after it are kept as they are,
// counted and told of; the other containers are parsed as ever; nothing is lost
// and nothing is there twice.
func TestPanicInAParserCostsItsContainerTheParsingOnly(t *testing.T) {
	t.Parallel()
	n := newNode(t, "ok")
	n.binary = panickingAgent(t, "text.go", "parseText", panicMark)
	agent := n.start()
	generator := n.Generate("-seed", seed(11), "-containers", "6", "-plains", "2", "-rate", "1000", "-limit", "65536")
	const failures, panicked = "tailrace_processor_parse_failures_total", `reason="the parser panicked"`
	n.figure("the parser panics", exactly(1), failures, `format="text"`, panicked)
	n.figure("the container's lines go on unparsed", atLeast(20), failures, `reason="the container's parsing is quarantined"`)
	if said := n.said(agent, "a parser panicked"); said != 1 {
		t.Errorf("it was said %d times\n%s", said, agent.Tail())
	}
	f, err := n.Figures()
	if err != nil {
		t.Fatal(err)
	}
	parsed := func(format string) int {
		return f.Sum("tailrace_processor_parsed_log_records_total", fmt.Sprintf("format=%q", format))
	}
	if logfmt, json := parsed("logfmt"), parsed("json"); logfmt < 50 || json < 50 {
		t.Errorf("of the other containers' lines %d were parsed as logfmt and %d as JSON", logfmt, json)
	}
	n.quarantined(t)
	agent.Kill()
	v := n.settle(generator, n.start())
	t.Logf("RESULT records=%d violations=%d", v.Records, len(v.Violations))
}

// quarantined wants the status to name the one container that is.
func (n *node) quarantined(t *testing.T) {
	t.Helper()
	var report status.Report
	if err := json.Unmarshal([]byte(n.status()), &report); err != nil {
		t.Fatal(err)
	}
	for _, f := range report.Files {
		if f.Quarantined != strings.Contains(f.Path, "_web-0_") {
			t.Errorf("%s is quarantined: %v", f.Path, f.Quarantined)
		}
	}
}

// TestLineAtWhichAParserPanicsIsKeptAsText lets the parser of logfmt panic: its
// container's lines are documents with all of their text from there on.
func TestLineAtWhichAParserPanicsIsKeptAsText(t *testing.T) {
	t.Parallel()
	n := newNode(t, "ok")
	n.binary = panickingAgent(t, "logfmt.go", "parseLogfmt", "msg=boom")
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
