package kubernetes

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tailrace/tailrace/internal/testkit"
	"github.com/tailrace/tailrace/internal/testkit/kube"
)

const (
	chart = "deploy/helm/tailrace"
	// installer is who runs Helm.
	installer, installerToken = "installer", "installer-token"
)

// release is the chart in a cluster, as Helm sees it.
type release struct {
	*testing.T
	cluster *kube.Cluster
	helm    string
	env     []string
}

func newRelease(t *testing.T) *release {
	t.Helper()
	r := &release{T: t, cluster: kube.Start(t, installer), helm: testkit.Tool(t, "helm")}
	r.cluster.Allow(installer, kube.JSON{"apiGroups": []any{"*"}, "resources": []any{"*"}, "verbs": []any{"*"}})
	r.env = os.Environ()
	for _, home := range []string{"HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME"} {
		r.env = append(r.env, home+"="+t.TempDir())
	}
	return r
}

// run runs Helm in the repository and returns what it says.
func (r *release) run(args ...string) (string, error) {
	r.Helper()
	cmd := exec.Command(r.helm, append(args, "--namespace", "tailrace",
		"--kube-apiserver", r.cluster.URL, "--kube-ca-file", r.cluster.CAFile, "--kube-token", installerToken)...)
	cmd.Dir, cmd.Env = testkit.Root(r), r.env
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// must is run for what has to succeed.
func (r *release) must(args ...string) string {
	r.Helper()
	out, err := r.run(args...)
	if err != nil {
		r.Fatalf("helm %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

// values are those of an example.
func values(example string) string { return filepath.Join(chart, "examples", example, "values.yaml") }

// daemonSet is the one that the server has stored, nil if there is none.
func (r *release) daemonSet() kube.JSON {
	return r.stored("/apis/apps/v1/namespaces/tailrace/daemonsets/tailrace")
}

func (r *release) stored(path string) kube.JSON {
	r.Helper()
	status, answer := r.cluster.Do(http.MethodGet, path, "")
	if status == http.StatusNotFound {
		return nil
	}
	object := kube.JSON{}
	if err := json.Unmarshal([]byte(answer), &object); err != nil || status != http.StatusOK {
		r.Fatalf("%s: %d %s", path, status, answer)
	}
	return object
}

// generation counts the changes of the DaemonSet, 0 if there is none.
func (r *release) generation() int {
	r.Helper()
	set := r.daemonSet()
	if set == nil {
		return 0
	}
	return int(set["metadata"].(kube.JSON)["generation"].(float64))
}

// agentsMay waits until the server lets the service account of the agents list
// pods, or until it does not.
func (r *release) agentsMay(allowed bool) {
	r.Helper()
	review := kube.JSON{"spec": kube.JSON{
		"user": "system:serviceaccount:tailrace:tailrace", "groups": []any{"system:serviceaccounts"},
		"resourceAttributes": kube.JSON{"verb": "list", "resource": "pods"},
	}}
	testkit.Eventually(r, fmt.Sprintf("the agents may list pods: %t", allowed), func() (bool, string) {
		answer := r.cluster.Must(http.MethodPost, "/apis/authorization.k8s.io/v1/subjectaccessreviews", review)
		return answer["status"].(kube.JSON)["allowed"] == allowed, ""
	})
}

// TestHelmInstallsUpgradesRollsBackAndUninstalls runs Helm against a real API
// server: first dry, then in earnest, with what a release goes through.
func TestHelmInstallsUpgradesRollsBackAndUninstalls(t *testing.T) {
	t.Parallel()
	r := newRelease(t)
	metadata := []string{"tailrace", chart, "--values", values("metadata")}

	step(t, "a dry run has the server take every example, and stores nothing", func(t *testing.T) {
		r.cluster.Namespace("tailrace", nil)
		for _, example := range []string{"default", "metadata", "nonroot"} {
			out := r.must("install", "tailrace", chart, "--dry-run=server", "--values", values(example))
			if !strings.Contains(out, "kind: DaemonSet") || r.generation() != 0 {
				t.Errorf("%s: generation %d\n%s", example, r.generation(), out)
			}
		}
	})

	step(t, "installed, the agents have no right and no token", func(t *testing.T) {
		out := r.must("install", "tailrace", chart)
		if !strings.Contains(out, "STATUS: deployed") || r.generation() != 1 {
			t.Fatalf("generation %d\n%s", r.generation(), out)
		}
		r.agentsMay(false)
	})

	step(t, "a dry upgrade changes nothing, and a value that there is not is refused", func(t *testing.T) {
		r.must(append([]string{"upgrade", "--dry-run=server"}, metadata...)...)
		if out, err := r.run(append([]string{"upgrade", "--set", "tolerrations=x"}, metadata...)...); err == nil || !strings.Contains(out, "tolerrations") {
			t.Errorf("a wrong value: %v\n%s", err, out)
		}
		if r.generation() != 1 {
			t.Errorf("generation %d", r.generation())
		}
	})

	step(t, "upgraded to metadata, they may ask for pods", func(t *testing.T) {
		r.must(append([]string{"upgrade"}, metadata...)...)
		if r.generation() != 2 {
			t.Errorf("generation %d", r.generation())
		}
		r.agentsMay(true)
		if again := r.must(append([]string{"upgrade"}, metadata...)...); r.generation() != 2 {
			t.Errorf("an upgrade to the same rolls out: generation %d\n%s", r.generation(), again)
		}
	})

	step(t, "rolled back, they may not", func(t *testing.T) {
		r.must("rollback", "tailrace", "1")
		if r.generation() != 3 {
			t.Errorf("generation %d", r.generation())
		}
		r.agentsMay(false)
	})

	step(t, "uninstalled, nothing is left", func(t *testing.T) {
		r.must(append([]string{"upgrade"}, metadata...)...)
		r.must("uninstall", "tailrace")
		for _, o := range documents(t, withMetadata) {
			path := collection(o) + "/" + o["metadata"].(kube.JSON)["name"].(string)
			if r.stored(path) != nil {
				t.Errorf("%s is left", path)
			}
		}
	})
}
