package deploy

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tailrace/tailrace/internal/testkit"
	"github.com/tailrace/tailrace/test/oracle"
)

// as runs a program as a user of root's group with some capabilities only, as
// the chart's pods do.
func as(t *testing.T, user, capabilities string) []string {
	t.Helper()
	return []string{
		installed(t, "setpriv"), "--reuid", user, "--regid", "0", "--clear-groups",
		"--bounding-set", "-all" + capabilities, "--inh-caps", "-all", "--no-new-privs",
	}
}

// TestTheStateDirectoryMayChangeHands starts agents one after the other on one
// state directory: as root without capabilities, and twice as another user,
// each time after the init container of the chart. Each reads on where the one
// before ended, and none takes the directory for a copy.
func TestTheStateDirectoryMayChangeHands(t *testing.T) {
	t.Parallel()
	needsTools(t)
	if os.Getuid() != 0 {
		t.Skip("only root may run programs as other users")
	}
	rig := testkit.NewRig(t)
	// Only root may look below a test's folder, and where tests build programs.
	if err := os.Chmod(filepath.Dir(rig.Dir), 0o755); err != nil {
		t.Fatal(err)
	}
	program := rig.Path("tailrace")
	if err := os.WriteFile(program, []byte(readAll(t, testkit.Agent(t))), 0o755); err != nil {
		t.Fatal(err)
	}
	config := rig.Configure(fmt.Sprintf("receivers: {pods: {root: %s}}", rig.Path("pods")), "    logs: {receivers: [pods], exporters: []}\n")
	spec := objects(t, rendered("nonroot"))["DaemonSet"].Spec.Template.Spec
	const user = "10001"
	for i, u := range []string{"0", user, user} {
		if u == user {
			own := strings.ReplaceAll(strings.Join(spec.InitContainers[0].Command, "\x00"), "/var/lib/tailrace", rig.Path("state"))
			line := append(as(t, "0", ",+chown,+dac_read_search"), strings.Split(own, "\x00")...)
			if out, err := exec.Command(line[0], line[1:]...).CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
		}
		line := append(as(t, u, ""), program, "run", "--config", config)
		agent := rig.Start(fmt.Sprintf("agent-%d", i), line[0], line[1:]...)
		written(t, rig.Path("pods", "shop_web_0d9a2a5e-0000-4000-8000-000000000001", "app", "0.log"), i)
		testkit.Eventually(t, "the line is read", func() (bool, string) {
			if !agent.Running() {
				t.Fatalf("the agent of user %s has ended\n%s", u, agent.Tail())
			}
			return len(lines(t, rig)) > i, agent.Tail()
		})
		agent.Stop()
		if said := readAll(t, agent.Stderr); strings.Contains(said, "is a copy") {
			t.Errorf("agent %d, user %s:\n%s", i, u, said)
		}
	}
	if all := lines(t, rig); len(all) != 3 {
		t.Errorf("three lines became %d: %q", len(all), all)
	}
}

// written appends a line to a log as only root and its group may read it.
func written(t *testing.T, name string, i int) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(name, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o640)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	fmt.Fprintf(f, "2026-03-05T10:00:0%d.000000000Z stdout F line %d\n", i, i)
}

// lines are the documents in the journal.
func lines(t *testing.T, rig *testkit.Rig) (all []string) {
	t.Helper()
	items, err := oracle.ReadJournal(rig.Segments())
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	for _, i := range items {
		all = append(all, string(i.Doc))
	}
	return all
}
