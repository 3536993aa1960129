package elastic

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
)

// The versions that scripts/elasticsearch.sh installs: the last of the old
// major version, and a recent one of the new.
const (
	V8 = "8.19.8"
	V9 = "9.5.3"
)

// installed is the folder of the installed server. In CI and with INSTALL=1 it
// is installed first; elsewhere a test without it is skipped.
func installed(t testing.TB, version string) string {
	t.Helper()
	if testing.Short() {
		t.Skip("needs a real Elasticsearch, which takes too long in short mode")
	}
	root := repository()
	home := filepath.Join(root, ".cache", "elasticsearch-"+version)
	if _, err := os.Stat(filepath.Join(home, "bin", "elasticsearch")); err == nil {
		return home
	}
	if os.Getenv("CI") == "" && os.Getenv("INSTALL") == "" {
		t.Skip("Elasticsearch is not installed: run scripts/elasticsearch.sh, or test with INSTALL=1")
	}
	if out, err := install(); err != nil {
		t.Fatalf("scripts/elasticsearch.sh: %v\n%s", err, out)
	}
	return home
}

// install runs the script once for all tests of a package.
var install = sync.OnceValues(func() ([]byte, error) {
	return exec.Command(filepath.Join(repository(), "scripts", "elasticsearch.sh")).CombinedOutput()
})

// repository is the folder that holds go.mod, from this file's place in it.
func repository() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(file), "..", "..", "..")
}
