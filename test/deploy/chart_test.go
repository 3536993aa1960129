package deploy

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/tailrace/tailrace/internal/testkit"
)

const (
	chart     = "deploy/helm/tailrace"
	manifests = "deploy/manifests/tailrace.yaml"
	// kubernetes is what Helm takes the cluster for, since there is none.
	kubernetes = "1.34.1"
)

// examples are the folders with values that have a rendering under version
// control.
var examples = []string{"default", "nonroot", "monitoring", "metadata", "search"}

func valuesOf(example string) string { return chart + "/examples/" + example + "/values.yaml" }

func rendered(example string) string { return chart + "/examples/" + example + "/rendered.yaml" }

func render(t *testing.T, args ...string) string {
	t.Helper()
	return run(t, testkit.Tool(t, "helm"), append([]string{"template", "tailrace", chart, "--namespace", "tailrace", "--kube-version", kubernetes}, args...)...)
}

// TestChartRendersAsItsExamplesShow holds the renderings, and the plain
// manifests, to the chart.
func TestChartRendersAsItsExamplesShow(t *testing.T) {
	needsTools(t)
	for _, example := range examples {
		generated(t, rendered(example), []byte(render(t, "--values", valuesOf(example))))
	}
	plain := strings.ReplaceAll(render(t, "--values", valuesOf("default")), "    app.kubernetes.io/managed-by: Helm\n", "")
	generated(t, manifests, []byte("# Generated from deploy/helm by go test ./test/deploy -run Chart -update; do not edit.\n"+plain))
}

func TestChartIsLintedByHelm(t *testing.T) {
	t.Parallel()
	needsTools(t)
	args := []string{"lint", "--strict", "--kube-version", kubernetes, chart}
	for _, example := range examples {
		args = append(args, "--values", valuesOf(example))
	}
	run(t, testkit.Tool(t, "helm"), args...)
}

// TestChartRefusesValuesThatItDoesNotKnow shows that the schema is used.
func TestChartRefusesValuesThatItDoesNotKnow(t *testing.T) {
	t.Parallel()
	needsTools(t)
	for _, wrong := range []string{"tolerrations[0].operator=Exists", "metrics.port=0", "state.hostPath=lib", "state.hostPath=/", "image.digest=latest", "config.exporters=null",
		"config.processors.kubernetes=on", "config.processors.kubernetes.extract.labels=team", "config.service.routes[0]=payments"} {
		cmd := exec.Command(testkit.Tool(t, "helm"), "template", "tailrace", chart, "--kube-version", kubernetes, "--set", wrong)
		cmd.Dir = testkit.Root(t)
		if out, err := cmd.CombinedOutput(); err == nil {
			t.Errorf("%s is accepted", wrong)
		} else if key, _, _ := strings.Cut(wrong, "."); !strings.Contains(string(out), strings.TrimSuffix(key, "[0]")) || !strings.Contains(string(out), "schema") {
			t.Errorf("%s: no error of the schema names it: %s", wrong, out)
		}
	}
}

// TestManifestsAreOfTheKubernetesAPI checks everything that is applied, strictly
// and without a network, against the schemas that Kubernetes and the Prometheus
// operator publish.
func TestManifestsAreOfTheKubernetesAPI(t *testing.T) {
	t.Parallel()
	needsTools(t)
	files := []string{manifests, "deploy/manifests/namespace.yaml", "deploy/alerts/prometheusrule.yaml"}
	for _, example := range examples {
		files = append(files, rendered(example))
	}
	conform(t, append(files, overlay(t))...)
}

func conform(t *testing.T, files ...string) {
	t.Helper()
	schemas := strings.TrimSpace(run(t, "scripts/kube-schemas.sh"))
	args := []string{"-strict", "-summary", "-schema-location", schemas + "/{{.ResourceKind}}{{.KindSuffix}}.json"}
	t.Log(run(t, testkit.Tool(t, "kubeconform"), append(args, files...)...))
}

// overlay is a file with what the example of an overlay comes to.
func overlay(t *testing.T) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "overlay.yaml")
	if err := os.WriteFile(name, []byte(run(t, testkit.Tool(t, "kustomize"), "build", "deploy/kustomize/example")), 0o644); err != nil {
		t.Fatal(err)
	}
	return name
}

// TestWrongManifestsAreNoticed shows that the check before can fail.
func TestWrongManifestsAreNoticed(t *testing.T) {
	t.Parallel()
	needsTools(t)
	text := strings.Replace(string(file(t, rendered("default"))), "readOnlyRootFilesystem", "readOnlyRootFileSystem", 1)
	name := filepath.Join(t.TempDir(), "wrong.yaml")
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	schemas := strings.TrimSpace(run(t, "scripts/kube-schemas.sh"))
	out, err := exec.Command(testkit.Tool(t, "kubeconform"), "-strict", "-schema-location", schemas+"/{{.ResourceKind}}{{.KindSuffix}}.json", name).CombinedOutput()
	if err == nil || !strings.Contains(string(out), "readOnlyRootFileSystem") {
		t.Errorf("a misspelt field is not noticed: %v\n%s", err, out)
	}
}

// object is what the tests ask of a manifest.
type object struct {
	Kind     string
	Data     map[string]string
	Subjects []struct{ Kind string }
	Spec     struct {
		UpdateStrategy struct {
			RollingUpdate struct {
				MaxSurge       int `yaml:"maxSurge"`
				MaxUnavailable int `yaml:"maxUnavailable"`
			} `yaml:"rollingUpdate"`
		} `yaml:"updateStrategy"`
		Template struct{ Spec pod }
	}
}

// binds says whether a role is given to subjects of a kind.
func (o object) binds(kind string) bool {
	for _, s := range o.Subjects {
		if s.Kind == kind {
			return true
		}
	}
	return false
}

// containerRights are those of a container.
type containerRights struct {
	AllowPrivilegeEscalation bool `yaml:"allowPrivilegeEscalation"`
	ReadOnlyRootFilesystem   bool `yaml:"readOnlyRootFilesystem"`
	Capabilities             struct{ Drop, Add []string }
}

func (r containerRights) none() bool {
	return !r.AllowPrivilegeEscalation && r.ReadOnlyRootFilesystem && len(r.Capabilities.Add) == 0 && strings.Join(r.Capabilities.Drop, "") == "ALL"
}

type pod struct {
	HostNetwork     bool `yaml:"hostNetwork"`
	SecurityContext struct {
		RunAsNonRoot bool `yaml:"runAsNonRoot"`
	} `yaml:"securityContext"`
	AutomountServiceAccountToken bool `yaml:"automountServiceAccountToken"`
	Volumes                      []map[string]any
	InitContainers               []struct{ Command []string } `yaml:"initContainers"`
	Containers                   []struct {
		Args []string
		Env  []struct {
			Name, Value string
		}
		SecurityContext containerRights `yaml:"securityContext"`
		VolumeMounts    []struct {
			Name     string
			ReadOnly bool `yaml:"readOnly"`
		} `yaml:"volumeMounts"`
	}
}

// objects are those of a rendering of the chart.
func objects(t *testing.T, name string) map[string]object {
	t.Helper()
	all := decoded(t, name)
	if all["DaemonSet"].Kind == "" {
		t.Fatalf("%s has no DaemonSet", name)
	}
	return all
}

// decoded are the last objects of each kind.
func decoded(t *testing.T, name string) map[string]object {
	t.Helper()
	all := map[string]object{}
	for documents := yaml.NewDecoder(bytes.NewReader(file(t, name))); ; {
		var o object
		if err := documents.Decode(&o); err != nil {
			break
		}
		all[o.Kind] = o
	}
	return all
}

// TestPodsHaveNoMoreRightsThanTheyNeed reads the renderings.
func TestPodsHaveNoMoreRightsThanTheyNeed(t *testing.T) {
	for _, example := range examples {
		all := objects(t, rendered(example))
		p := all["DaemonSet"].Spec.Template.Spec
		c := p.Containers[0]
		if s := c.SecurityContext; !s.none() {
			t.Errorf("%s: %+v", example, s)
		}
		if p.HostNetwork {
			t.Errorf("%s: the network is the node's", example)
		}
		for _, m := range c.VolumeMounts {
			if !m.ReadOnly && m.Name != "state" {
				t.Errorf("%s: %s can be written", example, m.Name)
			}
		}
		bound := all["ClusterRoleBinding"].binds("ServiceAccount") || all["RoleBinding"].binds("ServiceAccount")
		if wanted := example == "metadata"; p.AutomountServiceAccountToken != wanted || bound != wanted {
			t.Errorf("%s: token %v, rights %v, wanted %v", example, p.AutomountServiceAccountToken, bound, wanted)
		}
		if u := all["DaemonSet"].Spec.UpdateStrategy.RollingUpdate; u.MaxSurge != 1 || u.MaxUnavailable != 0 {
			t.Errorf("%s: the old agent ends before the new one is there: %+v", example, u)
		}
	}
}

// TestNamespacesMayBeReadOnlyWhenSomethingIsTakenFromThem renders processors
// with and without: by default annotations of namespaces are followed.
func TestNamespacesMayBeReadOnlyWhenSomethingIsTakenFromThem(t *testing.T) {
	t.Parallel()
	needsTools(t)
	for _, c := range []struct {
		processor, routes string
		wanted            bool
	}{
		{`null`, `[]`, true},
		{`{}`, `[]`, true},
		{`{"annotations": null}`, `[]`, true},
		{`{"annotations": ["exclude"]}`, `[]`, true},
		{`{"annotations": []}`, `[]`, false},
		{`{"annotations": [], "extract": {"labels": [{"key": "a"}, {"key": "b", "from": "pod"}]}}`, `[]`, false},
		{`{"annotations": [], "extract": {"labels": [{"key": "a"}, {"key": "b", "from": "namespace"}]}}`, `[]`, true},
		{`{"annotations": [], "extract": {"annotations": [{"key": "a", "from": "namespace"}]}}`, `[]`, true},
		{`{"annotations": []}`, `[{"match": {"k8s.namespace.name": "a", "k8s.pod.label.b": "c"}, "class": "d"}]`, false},
		{`{"annotations": []}`, `[{"match": {"k8s.namespace.label.a": "b"}, "class": "c"}]`, true},
	} {
		text := render(t, "--show-only", "templates/rbac.yaml",
			"--set-json", `config.processors={"kubernetes/a": `+c.processor+`}`, "--set-json", "config.service.routes="+c.routes)
		if got := strings.Contains(text, "resources: [namespaces]"); got != c.wanted || !strings.Contains(text, "verbs: [list, watch]") {
			t.Errorf("%s, routes %s: namespaces are granted: %v, want %v\n%s", c.processor, c.routes, got, c.wanted, text)
		}
	}
}

// TestTheAgentTakesTheConfigurations validates the configuration in each
// rendering, with the environment that its pods have, and the overlay's.
func TestTheAgentTakesTheConfigurations(t *testing.T) {
	t.Parallel()
	needsTools(t)
	for _, name := range []string{rendered("default"), rendered("nonroot"), rendered("monitoring"), rendered("metadata"), manifests} {
		all := objects(t, name)
		config := filepath.Join(t.TempDir(), "tailrace.yaml")
		if err := os.WriteFile(config, []byte(all["ConfigMap"].Data["tailrace.yaml"]), 0o644); err != nil {
			t.Fatal(err)
		}
		var env []string
		for _, e := range all["DaemonSet"].Spec.Template.Spec.Containers[0].Env {
			env = append(env, e.Name+"="+e.Value)
		}
		runWith(t, env, testkit.Agent(t), "validate", config)
		if name == manifests {
			runWith(t, env, testkit.Agent(t), "validate", "deploy/kustomize/example/tailrace.yaml")
		}
	}
}
