package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// command runs one command line in this process, with a kubeconfig of two
// contexts.
func command(t *testing.T, args ...string) (status int, out, errOut string) {
	t.Helper()
	config := filepath.Join(t.TempDir(), "config")
	const text = `{apiVersion: v1, kind: Config, clusters: [{name: c, cluster: {server: "https://127.0.0.1:1"}}], users: [{name: u, user: {}}],
  contexts: [{name: prod, context: {cluster: c, user: u}}, {name: test, context: {cluster: c, user: u}}], current-context: prod}`
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("KUBECONFIG", config)
	var o, e bytes.Buffer
	status = execute(t.Context(), args, &o, &e)
	return status, o.String(), e.String()
}

// TestWrongCommandLinesReachNoCluster: what is wrong is said at once.
func TestWrongCommandLinesReachNoCluster(t *testing.T) {
	for line, want := range map[string]string{
		"no-such-command":                `unknown command "no-such-command"`,
		"grep":                           "accepts 1 arg(s), received 0; see 'kubectl tailrace grep --help'",
		"grep (":                         "pattern",
		"grep x --since tomorrow":        `--since: time "tomorrow"`,
		"grep x -o yaml":                 `output format "yaml"`,
		"grep x --color blue":            `color "blue"`,
		"grep x --context none":          `context "none" does not exist`,
		"grep x --timeout 1ms":           "--timeout 1ms: want at least 1s",
		"grep x --max-concurrency 0":     "--max-concurrency 0: want at least 1",
		"logs a b":                       "accepts at most 1 arg(s)",
		"logs a --tail -3":               "--tail -3",
		"logs -n [":                      "is not a name or a shell pattern",
		"logs -f -p":                     "[follow previous]",
		"trace":                          "requires at least 1 arg(s)",
		"status -o yaml":                 `output format "yaml"`,
		"grep x":                         "the agents cannot be found: ",
		"grep x --context test --node n": "the agents cannot be found: ",
	} {
		status, out, errOut := command(t, strings.Fields(line)...)
		if status != exitTrouble || out != "" || !strings.HasPrefix(errOut, "tailrace: ") || !strings.Contains(errOut, want) {
			t.Errorf("%s: status %d, %q, want %q", line, status, errOut, want)
		}
	}
}

// TestWithoutAKubeconfigItIsSaidHowToNameOne leaves out client-go's advice, a
// variable that kubectl does not document.
func TestWithoutAKubeconfigItIsSaidHowToNameOne(t *testing.T) {
	t.Setenv("KUBECONFIG", filepath.Join(t.TempDir(), "none"))
	var out, errOut bytes.Buffer
	status := execute(t.Context(), []string{"grep", "x"}, &out, &errOut)
	if said := errOut.String(); status != exitTrouble || out.Len() > 0 || !strings.Contains(said, "--kubeconfig or KUBECONFIG") || strings.Contains(said, "KUBERNETES_MASTER") {
		t.Errorf("status %d, %q %q", status, &out, said)
	}
}

func TestEveryCommandIsExplained(t *testing.T) {
	for _, c := range newRootCommand(new(bool)).Commands() {
		if c.Short == "" || c.Example == "" {
			t.Errorf("%s has no short description, or no example", c.CommandPath())
		}
		if status, out, _ := command(t, c.Name(), "--help"); status != exitFound || !strings.Contains(out, "kubectl tailrace "+c.Name()) {
			t.Errorf("%s --help: status %d, %s", c.Name(), status, out)
		}
	}
}

func TestContextsAreCompleted(t *testing.T) {
	status, out, errOut := command(t, cobra.ShellCompRequestCmd, "grep", "--context", "")
	if status != exitFound || !strings.HasPrefix(out, "prod\ntest\n") {
		t.Errorf("status %d, %q %q", status, out, errOut)
	}
}
