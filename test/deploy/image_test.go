package deploy

import (
	"debug/elf"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/tailrace/tailrace/internal/testkit"
)

// image is the layout of an image with the agent of the tests in it, twice: the
// second time it passes for another architecture.
func image(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "image")
	agent := testkit.LeanAgent(t)
	run(t, "go", "run", "./deploy/image", "-out", dir, "-version", "1.2.3", "-created", "1700000000", "amd64="+agent, "arm64="+agent)
	return dir
}

// registry runs a registry and returns its address.
func registry(t *testing.T, crane string) (address string) {
	t.Helper()
	p := testkit.Start(t, testkit.Command{Name: "registry", Path: crane, Args: []string{"registry", "serve", "--address", "127.0.0.1:0"}, Logs: t.TempDir()})
	testkit.Eventually(t, "the registry says where it serves", func() (bool, string) {
		said := readAll(t, p.Stderr)
		_, port, found := strings.Cut(said, "serving on port ")
		port, _, whole := strings.Cut(port, "\n")
		address = "127.0.0.1:" + port
		return found && whole, said
	})
	return address
}

func TestImage(t *testing.T) {
	t.Parallel()
	needsTools(t)
	dir := image(t)
	t.Run("is taken by a registry and runs", func(t *testing.T) { isTakenAndRuns(t, dir) })
	t.Run("has a bill of materials that names the modules", func(t *testing.T) { hasBill(t, dir) })
	t.Run("is reproducible", func(t *testing.T) {
		first, second := readAll(t, filepath.Join(dir, "index.json")), readAll(t, filepath.Join(image(t), "index.json"))
		if first != second {
			t.Errorf("two images of the same program differ:\n%s\n%s", first, second)
		}
	})
}

// isTakenAndRuns pushes the image into a real registry, has it validated there,
// and runs the program from what comes out again.
func isTakenAndRuns(t *testing.T, dir string) {
	crane := testkit.Tool(t, "crane")
	name := registry(t, crane) + "/tailrace:1.2.3"
	run(t, crane, "push", "--index", dir, name)
	for _, platform := range []string{"linux/amd64", "linux/arm64"} {
		run(t, crane, "validate", "--remote", name, "--platform", platform)
	}

	root := exported(t, crane, name, "linux/amd64")
	if os.Getuid() != 0 {
		t.Skip("only root may change its root folder to run the image's program")
	}
	cmd := exec.Command("/usr/bin/tailrace", "version")
	cmd.Dir, cmd.SysProcAttr = "/", &syscall.SysProcAttr{Chroot: root}
	if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "tailrace") {
		t.Errorf("the program does not run in its image: %v\n%s", err, out)
	}
}

// exported is a folder with the files of an image in a registry.
func exported(t *testing.T, crane, name, platform string) string {
	t.Helper()
	root := t.TempDir()
	run(t, "sh", "-c", `"$0" export --platform "$3" "$1" - | tar -x -C "$2"`, crane, name, root, platform)
	return root
}

// TestImageForARM64HoldsAnARM64Program builds it as a release does. Without
// Go's cache that compiles every module anew, some three minutes of a CPU.
func TestImageForARM64HoldsAnARM64Program(t *testing.T) {
	t.Parallel()
	needsTools(t)
	dir := filepath.Join(t.TempDir(), "image")
	runWith(t, []string{"ARCHS=arm64", "VERSION=v1.2.3"}, "scripts/image.sh", dir)
	crane := testkit.Tool(t, "crane")
	name := registry(t, crane) + "/tailrace:1.2.3"
	run(t, crane, "push", "--index", dir, name)

	program, err := elf.Open(filepath.Join(exported(t, crane, name, "linux/arm64"), "usr/bin/tailrace"))
	if err != nil {
		t.Fatal(err)
	}
	defer program.Close()
	if program.Machine != elf.EM_AARCH64 || program.Class != elf.ELFCLASS64 {
		t.Errorf("the image for arm64 holds a program for %v, %v", program.Machine, program.Class)
	}
	if libraries, err := program.ImportedLibraries(); err != nil || len(libraries) != 0 {
		t.Errorf("the program needs libraries that its image has not: %v %v", libraries, err)
	}
}

// hasBill compares the bill of materials with Go's own account.
func hasBill(t *testing.T, dir string) {
	var bill struct {
		Packages []struct{ Name, VersionInfo string }
	}
	if err := json.Unmarshal([]byte(readAll(t, dir+"-amd64.spdx.json")), &bill); err != nil {
		t.Fatal(err)
	}
	listed := map[string]bool{}
	for _, p := range bill.Packages {
		listed[p.Name+" "+p.VersionInfo] = true
	}
	modules := 0
	for line := range strings.Lines(run(t, "go", "version", "-m", testkit.LeanAgent(t))) {
		if f := strings.Fields(line); len(f) >= 3 && f[0] == "dep" {
			modules++
			if !listed[f[1]+" "+f[2]] {
				t.Errorf("%s %s is in the program and not in its bill of materials", f[1], f[2])
			}
		}
	}
	if modules == 0 || len(bill.Packages) != modules+2 {
		t.Errorf("%d packages are listed for %d modules, the program and Go", len(bill.Packages), modules)
	}
}
