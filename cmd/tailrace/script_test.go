package main

import (
	"bytes"
	"context"
	"flag"
	"log/slog"
	"os"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/tailrace/tailrace/internal/telemetry"
)

var rewrite = flag.Bool("rewrite", false, "rewrite the expected texts in testdata/script")

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"tailrace": main})
}

// TestScripts runs testdata/script: command lines and what they must print.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: "testdata/script", UpdateScripts: *rewrite, Setup: backends, Cmds: edits})
}

// command runs one command line in this process.
func command(t *testing.T, args ...string) (status int, out, errOut string) {
	t.Helper()
	var o, e bytes.Buffer
	status = execute(context.Background(), args, strings.NewReader(""), &o, &e)
	return status, o.String(), e.String()
}

// TestExitStatus tells the three statuses apart: 0 done, 1 failed or nothing
// found, 2 the command line was not understood.
func TestExitStatus(t *testing.T) {
	for line, want := range map[string]int{
		"version --short":                          exitOK,
		"--help":                                   exitOK,
		"validate":                                 exitOK,
		"validate none.yaml":                       exitFailure,
		"health --address localhost:1":             exitFailure,
		"no-such-command":                          exitUsage,
		"version --no-such-flag":                   exitUsage,
		"version no-argument-expected":             exitUsage,
		"completion":                               exitUsage,
		"completion powershell":                    exitUsage,
		"health --address localhost:1 --config":    exitUsage,
		"validate --config testdata --config":      exitUsage,
		"print-config --config testdata/none.yaml": exitFailure,
		"health --config testdata/none.yaml":       exitFailure,
	} {
		status, _, errOut := command(t, strings.Fields(line)...)
		if status != want {
			t.Errorf("tailrace %s: status %d, want %d; it says %q", line, status, want, errOut)
		}
		if status != exitOK && !strings.HasPrefix(errOut, "tailrace: ") {
			t.Errorf("tailrace %s: error %q does not name the program", line, errOut)
		}
	}
}

// TestEveryCommandIsExplained asks of each command a short line, and of those
// that run an example and a group in the help.
func TestEveryCommandIsExplained(t *testing.T) {
	for _, c := range newRootCommand(new(bool)).Commands() {
		if c.Short == "" {
			t.Errorf("%s has no short description", c.CommandPath())
		}
		if c.Runnable() && c.Example == "" {
			t.Errorf("%s has no example", c.CommandPath())
		}
	}
}

func TestHealthAsksTheAgent(t *testing.T) {
	s, err := telemetry.Serve(telemetry.ServerOptions{
		Address: "localhost:0",
		Metrics: prometheus.NewRegistry(),
		Alive:   func() error { return nil },
		Ready:   func() error { return errStarting },
		Logger:  slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Shutdown(context.Background())
	if status, out, _ := command(t, "health", "--address", s.Address()); status != exitOK || out != "alive\n" {
		t.Errorf("health: status %d, %q", status, out)
	}
	status, _, errOut := command(t, "health", "--ready", "--address", s.Address())
	if status != exitFailure || !strings.HasSuffix(errOut, "503 Service Unavailable: \\x1b[31mstarting\n") {
		t.Errorf("health --ready: status %d, %q", status, errOut)
	}
}

// errStarting has an escape sequence in it: what a server answers must not
// reach the terminal as it is.
var errStarting = errorText("\x1b[31mstarting")

type errorText string

func (e errorText) Error() string { return string(e) }

// TestExampleIsWholeAndValid checks config.example.yaml: it must pass, and
// show every key that there is.
func TestExampleIsWholeAndValid(t *testing.T) {
	const example = "../../config.example.yaml"
	if status, _, errOut := command(t, "validate", example); status != exitOK || errOut != "" {
		t.Errorf("status %d: %s", status, errOut)
	}
	text, err := os.ReadFile(example)
	if err != nil {
		t.Fatal(err)
	}
	for _, missing := range missingKeys(t, text) {
		t.Errorf("%s is not in %s", missing, example)
	}
}
