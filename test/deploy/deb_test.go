package deploy

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tailrace/tailrace/internal/testkit"
)

// root is a folder that dpkg takes for a whole system.
type root struct {
	t    *testing.T
	path string
}

func newRoot(t *testing.T) root {
	t.Helper()
	r := root{t, t.TempDir()}
	for _, dir := range []string{"var/lib/dpkg/updates", "var/lib/dpkg/info", "var/lib/dpkg/triggers"} {
		if err := os.MkdirAll(filepath.Join(r.path, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"var/lib/dpkg/status", "var/lib/dpkg/available"} {
		r.write(name, "")
	}
	return r
}

// dpkg runs it on the root, with the maintainer scripts of the package: there
// is nothing in the root that could run them, so they run beside it.
func (r root) dpkg(args ...string) string {
	r.t.Helper()
	return run(r.t, installed(r.t, "dpkg"), append([]string{"--root=" + r.path, "--force-script-chrootless", "--force-not-root"}, args...)...)
}

func (r root) write(name, text string) {
	r.t.Helper()
	path := filepath.Join(r.path, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		r.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		r.t.Fatal(err)
	}
}

func (r root) has(name string) bool {
	_, err := os.Lstat(filepath.Join(r.path, name))
	return err == nil
}

// TestDebianPackageComesAndGoes installs the package, upgrades it after its
// configuration was changed, removes and purges it, from outside a root folder:
// that needs no rights, and the maintainer scripts keep to DPKG_ROOT.
func TestDebianPackageComesAndGoes(t *testing.T) {
	t.Parallel()
	needsTools(t)
	const config = "etc/tailrace/tailrace.yaml"
	r := newRoot(t)
	said := r.dpkg("--install", deb(t, "1.2.3"))
	if !strings.Contains(said, "systemctl enable --now tailrace") {
		t.Errorf("the installation does not say how to begin:\n%s", said)
	}
	for _, name := range []string{"usr/bin/tailrace", "usr/lib/systemd/system/tailrace.service", config, "usr/share/doc/tailrace/config.example.yaml", "usr/share/doc/tailrace/docs/runbooks/alerts.md"} {
		if !r.has(name) {
			t.Errorf("%s is not installed", name)
		}
	}
	run(t, filepath.Join(r.path, "usr/bin/tailrace"), "validate", filepath.Join(r.path, config))

	r.write(config, "# mine\n")
	r.write("var/lib/private/tailrace/logs/segment", "undelivered")
	r.dpkg("--install", deb(t, "1.2.4"))
	if text, err := os.ReadFile(filepath.Join(r.path, config)); err != nil || string(text) != "# mine\n" {
		t.Errorf("the upgrade replaced a configuration that was changed: %q %v", text, err)
	}
	r.dpkg("--remove", "tailrace")
	if r.has("usr/bin/tailrace") || !r.has(config) || !r.has("var/lib/private/tailrace/logs/segment") {
		t.Error("removal must take the program, and leave configuration and state")
	}
	r.dpkg("--purge", "tailrace")
	if r.has("etc/tailrace") || r.has("var/lib/private/tailrace") {
		t.Error("a purge must take configuration and state")
	}
}

// deb builds a package of a version, with the agent of the tests.
func deb(t *testing.T, version string) string {
	t.Helper()
	return strings.TrimSpace(runWith(t, []string{"VERSION=v" + version, "BINARY=" + testkit.LeanAgent(t)}, "scripts/deb.sh", t.TempDir()))
}

// TestDebianPackageIsReproducible builds it twice.
func TestDebianPackageIsReproducible(t *testing.T) {
	t.Parallel()
	needsTools(t)
	first, second := readAll(t, deb(t, "1.2.3")), readAll(t, deb(t, "1.2.3"))
	if first != second {
		t.Error("two packages of the same program differ")
	}
}

func readAll(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
