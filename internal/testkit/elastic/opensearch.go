package elastic

import (
	_ "embed"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// openSearch is the version that scripts/opensearch.sh installs.
const openSearch = "3.8.0"

// node starts one node from the jars.
//
//go:embed testdata/Node.java
var node string

// StartOpenSearch runs an OpenSearch, without security, until the test ends.
// The test is skipped in short mode and where it is not installed.
func StartOpenSearch(t testing.TB) *Server {
	t.Helper()
	s := newServer(t, Options{}, installedOpenSearch(t), javaHome(t, openSearch))
	s.fields = openSearchFields
	port, transport := freePort(t), freePort(t)
	s.URL = "http://127.0.0.1:" + strconv.Itoa(port)
	s.program = func() *exec.Cmd {
		args := append(strings.Split(shortLife, "\n"), "-Xms512m", "-Xmx512m", "-cp", filepath.Join(s.home, "*"),
			filepath.Join(s.dir, "config", "Node.java"), filepath.Join(s.dir, "data"), strconv.Itoa(port), strconv.Itoa(transport))
		return s.run(filepath.Join(s.java, "bin", "java"), args...)
	}
	s.first(func() {
		s.write("Node.java", node)
		s.giveAway()
	})
	t.Cleanup(s.remove)
	return s
}

func installedOpenSearch(t testing.TB) string {
	t.Helper()
	if testing.Short() {
		t.Skip("needs a real OpenSearch, which takes too long in short mode")
	}
	home := filepath.Join(repository(), ".cache", "opensearch-"+openSearch)
	if _, err := os.Stat(home); err == nil {
		return home
	}
	if os.Getenv("CI") == "" && os.Getenv("INSTALL") == "" {
		t.Skip("OpenSearch is not installed: run scripts/opensearch.sh, or test with INSTALL=1")
	}
	if out, err := installOpenSearch(); err != nil {
		t.Fatalf("scripts/opensearch.sh: %v\n%s", err, out)
	}
	return home
}

var installOpenSearch = sync.OnceValues(func() ([]byte, error) {
	return exec.Command(filepath.Join(repository(), "scripts", "opensearch.sh")).CombinedOutput()
})
