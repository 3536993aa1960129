package pipeline

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tailrace/tailrace/internal/tail/confine"
	"github.com/tailrace/tailrace/pipeline/config"
)

// TestALogThatCameWhileAgentsChangedIsNew has an agent that reads from the end of
// logs take over from another one, which knew neither of two logs: of the one
// that had been there it reads what comes, of the one that came in between all.
func TestALogThatCameWhileAgentsChangedIsNew(t *testing.T) {
	n := newNode(t)
	dir := filepath.Join(n.dir, "files")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	last := created(t, filepath.Join(dir, "old.log"), "old one\n")
	for created(t, filepath.Join(dir, "new.log"), "new one\n") == last {
		// The file system's clock ticks slowly.
		if err := os.Remove(filepath.Join(dir, "new.log")); err != nil {
			t.Fatal(err)
		}
	}
	o := n.options()
	o.TakesOver = time.Unix(0, last)
	_, stop := n.startAs(n.fromTheEnd(dir), o)
	n.until("the new log", func() bool { return strings.Contains(n.out.String(), "new one") })
	appendTo(t, filepath.Join(dir, "old.log"), "old two\n")
	n.until("the old log", func() bool { return strings.Contains(n.out.String(), "old two") })
	stop()
	if strings.Contains(n.out.String(), "old one") {
		t.Errorf("what was there before was read\n%s", n.out.String())
	}
}

// fromTheEnd reads all files of a directory.
func (n *node) fromTheEnd(dir string) *config.Config {
	n.t.Helper()
	cfg, err := config.Load([]string{fmt.Sprintf(`yaml:
receivers: {files: {include: [%q], start_at: end}}
exporters: %s
service:
  journal: {directory: %q, min_free: 0%%, flush: {interval: 5ms}}
  telemetry: {metrics: {address: ""}}
  pipelines: {logs: {receivers: [files], exporters: [console]}}
`, filepath.Join(dir, "*.log"), toConsole, filepath.Join(n.dir, "state"))})
	if err != nil {
		n.t.Fatal(err)
	}
	return cfg
}

// created writes a file and returns when it was made, as the file system says.
func created(t *testing.T, name, text string) int64 {
	t.Helper()
	appendTo(t, name, text)
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	born := confine.Born(int(f.Fd()))
	if born == 0 {
		t.Skip("this file system does not say when a file was made")
	}
	return born
}

func appendTo(t *testing.T, name, text string) {
	t.Helper()
	f, err := os.OpenFile(name, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString(text); err != nil {
		t.Fatal(err)
	}
}
