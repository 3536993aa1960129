package testkit

import (
	"path/filepath"
	"strings"
	"testing"
)

// Tool is where a Go tool is that scripts/tool.sh pins, built if need be.
func Tool(tb testing.TB, name string) string {
	tb.Helper()
	path, status := Output(tb, filepath.Join(Root(tb), "scripts", "tool.sh"), name)
	if status != 0 {
		tb.Fatalf("scripts/tool.sh %s ended with %d", name, status)
	}
	return strings.TrimSpace(path)
}
