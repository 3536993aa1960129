package elastic

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// The distribution for integration tests can make roles, users and API keys
// only with analysis-common, a module that it leaves out: the index that holds
// them has an analyzer of that module. withAnalysis is a copy of an installed
// server with a plugin that has just that analyzer; it is compiled here, for
// which a JDK must be there.
func withAnalysis(t testing.TB, home, version string) string {
	t.Helper()
	if _, err := exec.LookPath("javac"); err != nil {
		t.Skip("roles and API keys of the test server need a JDK: install default-jdk-headless")
	}
	to := home + "-security"
	if _, err := os.Stat(to); err == nil {
		return to
	}
	making, err := os.MkdirTemp(filepath.Dir(home), "making-")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(making)
	copied := filepath.Join(making, "home")
	run(t, "cp", "-al", home, copied)
	addPlugin(t, copied, filepath.Join(making, "classes"), version)
	run(t, "chmod", "-R", "a+rX", copied)
	// Another test may have been quicker.
	if err := os.Rename(copied, to); err != nil && !os.IsExist(err) {
		t.Fatal(err)
	}
	return to
}

// addPlugin compiles the stand-in against the server's own libraries.
func addPlugin(t testing.TB, home, classes, version string) {
	t.Helper()
	source := filepath.Join(repository(), "internal", "testkit", "elastic", "standin", "Analysis.java")
	run(t, "javac", "-d", classes, "-cp", filepath.Join(home, "lib", "*"), source)
	plugin := filepath.Join(home, "plugins", "analysis")
	if err := os.MkdirAll(plugin, 0o755); err != nil {
		t.Fatal(err)
	}
	run(t, "jar", "cf", filepath.Join(plugin, "analysis.jar"), "-C", classes, ".")
	descriptor := fmt.Sprintf("description=stands in for analysis-common\nname=analysis\nversion=1\nclassname=Analysis\njava.version=17\nelasticsearch.version=%s\n", version)
	if err := os.WriteFile(filepath.Join(plugin, "plugin-descriptor.properties"), []byte(descriptor), 0o644); err != nil {
		t.Fatal(err)
	}
}

func run(t testing.TB, name string, args ...string) {
	t.Helper()
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s %v: %v\n%s", name, args, err, out)
	}
}
