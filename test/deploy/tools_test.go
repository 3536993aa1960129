// Package deploy checks what is installed, not written in Go: each file in
// deploy/ is judged by the tool that its users would judge it with.
package deploy

import (
	"bytes"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tailrace/tailrace/internal/testkit"
)

var update = flag.Bool("update", false, "write the generated files in deploy anew")

// generated holds a file of the repository to what the tests make of it.
func generated(t *testing.T, name string, want []byte) {
	t.Helper()
	path := filepath.Join(testkit.Root(t), filepath.FromSlash(name))
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(have, want) {
		t.Errorf("%s is out of date: go test ./test/deploy -update", name)
	}
}

// file is the content of a file of the repository.
func file(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(testkit.Root(t), filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// needsTools skips a test that runs other programs when only quick ones are
// wanted.
func needsTools(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("runs other programs; make test runs it")
	}
}

// installed is where a program of the machine is.
func installed(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatalf("%s is not installed; run scripts/install-test-deps.sh", name)
	}
	return path
}

// run is the standard output of a program that must succeed, run in the
// repository's folder.
func run(t *testing.T, path string, args ...string) string {
	t.Helper()
	return runWith(t, nil, path, args...)
}

func runWith(t *testing.T, env []string, path string, args ...string) string {
	t.Helper()
	cmd := exec.Command(path, args...)
	cmd.Dir, cmd.Env = testkit.Root(t), append(os.Environ(), env...)
	if !filepath.IsAbs(path) && strings.Contains(path, "/") {
		cmd.Path = filepath.Join(cmd.Dir, path)
	}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s%s", filepath.Base(path), strings.Join(args, " "), err, out, stderr.String())
	}
	return string(out)
}
