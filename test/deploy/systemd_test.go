package deploy

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tailrace/tailrace/internal/testkit"
)

// unitFor is the unit with the agent's binary where it really is: systemd-analyze
// looks for it.
func unitFor(t *testing.T) string {
	t.Helper()
	text := strings.ReplaceAll(string(file(t, "deploy/systemd/tailrace.service")), "/usr/bin/tailrace", testkit.Agent(t))
	name := filepath.Join(t.TempDir(), "tailrace.service")
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return name
}

// TestUnitIsCorrect has systemd read the unit: unknown keys and values are
// warnings there, on which nobody looks.
func TestUnitIsCorrect(t *testing.T) {
	t.Parallel()
	needsTools(t)
	out := run(t, "sh", "-c", `exec "$0" verify --man=no "$1" 2>&1`, installed(t, "systemd-analyze"), unitFor(t))
	if out != "" {
		t.Errorf("systemd-analyze verify has remarks:\n%s", out)
	}
}

// mostExposure is in systemd's points, of which 10 is an unprotected service
// (systemd-analyze(1), security).
const mostExposure = 3.0

func TestUnitIsHardened(t *testing.T) {
	t.Parallel()
	needsTools(t)
	out := run(t, installed(t, "systemd-analyze"), "security", "--offline=true", "--no-pager", unitFor(t))
	found := regexp.MustCompile(`Overall exposure level for \S+: ([0-9.]+)`).FindStringSubmatch(out)
	if found == nil {
		t.Fatalf("systemd-analyze says no exposure:\n%s", out)
	}
	exposure, err := strconv.ParseFloat(found[1], 64)
	if err != nil || exposure > mostExposure {
		t.Errorf("the exposure is %s, more than %.1f:\n%s", found[1], mostExposure, out)
	}
	t.Logf("RESULT exposure=%s", found[1])
}

// TestSystemdIsToldWhatTheAgentDoes plays systemd: the agent says that it runs
// when it does, gives signs of life, and says when it looks at its configuration,
// has done so, and is about to end.
func TestSystemdIsToldWhatTheAgentDoes(t *testing.T) {
	t.Parallel()
	needsTools(t)
	rig := testkit.NewRig(t)
	config := rig.Configure(fmt.Sprintf("receivers: {files: {include: [%s]}}\nexporters: {console: {}}", rig.Path("plain", "*.log")),
		"    logs: {receivers: [files], exporters: [console]}\n")
	socket, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: rig.Path("notify"), Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	agent := testkit.Start(t, testkit.Command{
		Name: "agent", Path: testkit.Agent(t), Args: []string{"run", "--config", config}, Dir: rig.Dir, Logs: rig.Path("out"),
		Env: []string{"NOTIFY_SOCKET=" + rig.Path("notify"), "WATCHDOG_USEC=200000"},
	})
	told(t, socket, "READY=1")
	if f, err := rig.Figures(); err != nil || f.Sum("tailrace_journal_full") != 0 {
		t.Errorf("the agent said that it runs, and its journal is not open: %v %v", f, err)
	}
	for range 3 {
		told(t, socket, "WATCHDOG=1")
	}
	if err := agent.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	told(t, socket, "RELOADING=1")
	told(t, socket, "READY=1")
	if err := agent.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	told(t, socket, "STOPPING=1")
	if code := agent.Wait(); code != 0 {
		t.Errorf("the agent ended with %d\n%s", code, agent.Tail())
	}
}

// told reads messages until one has the line; signs of life may come between.
func told(t *testing.T, socket *net.UnixConn, line string) {
	t.Helper()
	if err := socket.SetReadDeadline(time.Now().Add(2 * time.Minute)); err != nil {
		t.Fatal(err)
	}
	for b := make([]byte, 4096); ; {
		n, err := socket.Read(b)
		if err != nil {
			t.Fatalf("systemd was not told %s: %v", line, err)
		}
		first, _, _ := strings.Cut(string(b[:n]), "\n")
		if first == line {
			return
		}
		if first != "WATCHDOG=1" {
			t.Fatalf("systemd was told %q before %s", b[:n], line)
		}
	}
}

// TestHostConfigurationIsValid checks the configuration that the package brings.
func TestHostConfigurationIsValid(t *testing.T) {
	t.Parallel()
	needsTools(t)
	run(t, testkit.Agent(t), "validate", "deploy/systemd/tailrace.yaml")
}
