package deploy

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// system is a folder with a whole small Debian, which programs take for /.
type system struct{ root }

// newSystem unpacks one. It has no systemd, as containers have none: the
// maintainer scripts must cope without systemctl.
func newSystem(t *testing.T) system {
	t.Helper()
	needsTools(t)
	if os.Getuid() != 0 {
		t.Skip("only root may change its root folder to that of a Debian system")
	}
	s := system{root{t, t.TempDir()}}
	packed := strings.TrimSpace(run(t, "scripts/debian-root.sh"))
	run(t, "tar", "--numeric-owner", "-xpf", packed, "-C", s.path)
	// A file does for the device: scripts only write to it.
	s.write("dev/null", "")
	return s
}

// run is what a program in the system says, and that it ends well.
func (s system) run(path string, args ...string) string {
	s.t.Helper()
	cmd := exec.Command(path, args...)
	cmd.Dir, cmd.Env = "/", []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C", "DEBIAN_FRONTEND=noninteractive"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: s.path}
	out, err := cmd.CombinedOutput()
	if err != nil {
		s.t.Fatalf("%s %s: %v\n%s", path, strings.Join(args, " "), err, out)
	}
	return string(out)
}

func (s system) install(pkg string, options ...string) string {
	s.t.Helper()
	s.write("tmp/tailrace.deb", readAll(s.t, pkg))
	defer os.Remove(filepath.Join(s.path, "tmp/tailrace.deb"))
	return s.run("/usr/bin/dpkg", append(options, "--install", "/tmp/tailrace.deb")...)
}

// files are all files of the system with mode, owner and length, without the
// books that dpkg keeps of everything that it ever did.
func (s system) files() map[string]string {
	s.t.Helper()
	found := map[string]string{}
	err := fs.WalkDir(os.DirFS(s.path), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || slices.Contains([]string{"var/log/dpkg.log", "var/lib/dpkg/status", "var/lib/dpkg/status-old", "var/lib/dpkg/available"}, name) {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		owner, size := info.Sys().(*syscall.Stat_t), info.Size()
		if info.IsDir() {
			size = 0
		}
		found[name] = fmt.Sprint(info.Mode(), " ", owner.Uid, ":", owner.Gid, " ", size)
		return nil
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return found
}

// isAsBefore compares the system's files with what they were.
func (s system) isAsBefore(before map[string]string) {
	s.t.Helper()
	after := s.files()
	for _, name := range slices.Sorted(maps.Keys(after)) {
		if before[name] != after[name] {
			s.t.Errorf("%s is left: %s, was %q", name, after[name], before[name])
		}
	}
	for _, name := range slices.Sorted(maps.Keys(before)) {
		if after[name] == "" {
			s.t.Errorf("%s went with the package, and is not its own", name)
		}
	}
}

// owned says with which mode and owner a file must be there.
func (s system) owned(name, want string) {
	s.t.Helper()
	info, err := os.Lstat(filepath.Join(s.path, name))
	if err != nil {
		s.t.Error(err)
		return
	}
	owner := info.Sys().(*syscall.Stat_t)
	if have := fmt.Sprint(info.Mode(), " ", owner.Uid, ":", owner.Gid); have != want {
		s.t.Errorf("%s is %s, not %s", name, have, want)
	}
}

// changedDefaults is a package like another whose configuration says more.
func changedDefaults(t *testing.T, pkg string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "package")
	run(t, installed(t, "dpkg-deb"), "--raw-extract", pkg, dir)
	config := filepath.Join(dir, "etc/tailrace/tailrace.yaml")
	if err := os.WriteFile(config, []byte(readAll(t, config)+"# new defaults\n"), 0o640); err != nil {
		t.Fatal(err)
	}
	run(t, installed(t, "dpkg-deb"), "--build", dir, dir+".deb")
	return dir + ".deb"
}

// TestDebianPackageLeavesNothingInASystem is its whole life in a system that
// has no systemd.
func TestDebianPackageLeavesNothingInASystem(t *testing.T) {
	t.Parallel()
	const config, state = "etc/tailrace/tailrace.yaml", "var/lib/private/tailrace/logs/segment"
	s := newSystem(t)
	s.write("var/lib/private/others", "")
	before := s.files()

	said := s.install(deb(t, "1.2.3"))
	if !strings.Contains(said, "systemctl enable --now tailrace") {
		t.Errorf("the installation does not say how to begin:\n%s", said)
	}
	s.owned("usr/bin/tailrace", "-rwxr-xr-x 0:0")
	s.owned("usr/lib/systemd/system/tailrace.service", "-rw-r--r-- 0:0")
	s.owned(config, "-rw-r----- 0:0")
	s.run("/usr/bin/tailrace", "validate", "/"+config)
	if status := s.run("/usr/bin/dpkg", "--status", "tailrace"); !strings.Contains(status, "Status: install ok installed") || !strings.Contains(status, " /"+config+" ") {
		t.Errorf("dpkg does not know the package and its configuration:\n%s", status)
	}
	now := s.files()
	for _, name := range []string{"etc/passwd", "etc/group", "etc/shadow", "etc/gshadow"} {
		if now[name] != before[name] {
			t.Errorf("the package changed %s; the unit's DynamicUser needs no user", name)
		}
	}

	s.write(config, "# mine\n")
	s.write("etc/tailrace/environment", "ES_API_KEY=secret\n")
	s.write(state, "undelivered")
	s.install(changedDefaults(t, deb(t, "1.2.4")), "--force-confold")
	if text := readAll(t, filepath.Join(s.path, config)); text != "# mine\n" {
		t.Errorf("the upgrade replaced a configuration that was changed: %q", text)
	}
	if text := readAll(t, filepath.Join(s.path, config+".dpkg-dist")); !strings.Contains(text, "# new defaults") {
		t.Errorf("the upgrade does not leave the new defaults beside it: %q", text)
	}

	s.run("/usr/bin/dpkg", "-r", "tailrace")
	if s.has("usr/bin/tailrace") || !s.has(config) || !s.has("etc/tailrace/environment") || !s.has(state) {
		t.Error("removal must take the program, and leave configuration, secrets and state")
	}
	s.run("/usr/bin/dpkg", "-P", "tailrace")
	s.isAsBefore(before)
}

// TestDebianPackageTellsSystemd has the maintainer scripts meet a systemctl
// that writes down what it is asked: no systemd can run in a folder.
func TestDebianPackageTellsSystemd(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	s.write("run/systemd/system/mark", "")
	s.write("usr/bin/systemctl", "#!/bin/sh\necho \"$*\" >>/asked\n")
	if err := os.Chmod(filepath.Join(s.path, "usr/bin/systemctl"), 0o755); err != nil {
		t.Fatal(err)
	}
	pkg := deb(t, "1.2.3")
	for _, step := range []struct {
		name string
		do   func()
		want string
	}{
		{"an installation starts nothing that is not configured", func() { s.install(pkg) }, "daemon-reload\n"},
		{"an upgrade restarts what runs", func() { s.install(pkg) }, "daemon-reload\ntry-restart tailrace.service\n"},
		{"a removal stops it first", func() { s.run("/usr/bin/dpkg", "-r", "tailrace") }, "disable --now tailrace.service\ndaemon-reload\n"},
		{"a purge has nothing to say", func() { s.run("/usr/bin/dpkg", "-P", "tailrace") }, ""},
	} {
		s.write("asked", "")
		step.do()
		if asked := readAll(t, filepath.Join(s.path, "asked")); asked != step.want {
			t.Errorf("%s: systemctl was asked %q, not %q", step.name, asked, step.want)
		}
	}
}
