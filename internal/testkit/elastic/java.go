package elastic

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// leastJava is the oldest Java that a version of the server runs on (Elastic,
// "Support matrix": 17 for 8.x, 21 for 9.x).
func leastJava(version string) int {
	if strings.HasPrefix(version, "8.") {
		return 17
	}
	return 21
}

// javaHome is the folder of a Java for a version of the server: the one that
// ES_JAVA_HOME names, the one that is found first, or one of the others on the
// machine.
func javaHome(t testing.TB, version string) string {
	t.Helper()
	homes := []string{os.Getenv("ES_JAVA_HOME"), javaInPath()}
	others, _ := filepath.Glob("/usr/lib/jvm/*")
	for _, home := range append(homes, others...) {
		if javaRelease(home) >= leastJava(version) {
			return home
		}
	}
	t.Skipf("Elasticsearch %s needs Java %d or newer: install one, and set ES_JAVA_HOME if it is not in /usr/lib/jvm", version, leastJava(version))
	return ""
}

func javaInPath() string {
	java, err := exec.LookPath("java")
	if err != nil {
		return ""
	}
	if java, err = filepath.EvalSymlinks(java); err != nil {
		return ""
	}
	return strings.TrimSuffix(java, "/bin/java")
}

var javaVersion = regexp.MustCompile(`(?m)^JAVA_VERSION="(\d+)`)

// javaRelease is the feature release of the Java in a folder (JEP 223), 0 when
// there is none.
func javaRelease(home string) int {
	b, err := os.ReadFile(filepath.Join(home, "release"))
	if home == "" || err != nil {
		return 0
	}
	m := javaVersion.FindSubmatch(b)
	if m == nil {
		return 0
	}
	n, _ := strconv.Atoi(string(m[1]))
	return n
}
