package journal

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestTheDocumentedReaderReadsSegments runs the program in
// docs/journal-format.md, which knows the format only from there.
func TestTheDocumentedReaderReadsSegments(t *testing.T) {
	if _, err := exec.LookPath("python3"); err != nil && os.Getenv("CI") == "" {
		t.Skip("python3 is not installed")
	}
	page, err := os.ReadFile("../../docs/journal-format.md")
	if err != nil {
		t.Fatal(err)
	}
	_, program, ok := bytes.Cut(page, []byte("```python\n"))
	program, _, end := bytes.Cut(program, []byte("```"))
	if !ok || !end {
		t.Fatal("docs/journal-format.md has no program")
	}
	script := filepath.Join(t.TempDir(), "reader.py")
	if err := os.WriteFile(script, program, 0o600); err != nil {
		t.Fatal(err)
	}
	segment, _ := written(t, t.TempDir(), 3, false)
	out, err := exec.Command("python3", script, segment).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	var want strings.Builder
	for seq := 1; seq <= 3; seq++ {
		fmt.Fprintf(&want, "%d %d default 2 2 4\n", seq, seq-1)
	}
	if string(out) != want.String() {
		t.Errorf("the program prints\n%swant\n%s", out, &want)
	}
}
