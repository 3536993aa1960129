package cluster

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/tailrace/tailrace/internal/testkit"
	"github.com/tailrace/tailrace/internal/testkit/kube"
)

const (
	// page has the roles that people are told to make.
	page = "docs/kubectl.md"
	// withRoles is a rendering of the chart that makes them.
	withRoles = "deploy/helm/tailrace/examples/search/rendered.yaml"
)

// roles are the objects of a YAML text that are roles or bind them, by kind.
func roles(t testing.TB, text []byte) map[string]kube.JSON {
	t.Helper()
	found := map[string]kube.JSON{}
	for d := yaml.NewDecoder(bytes.NewReader(text)); ; {
		var o kube.JSON
		if err := d.Decode(&o); errors.Is(err, io.EOF) {
			return found
		} else if err != nil {
			t.Fatal(err)
		}
		if kind, _ := o["kind"].(string); strings.Contains(kind, "Role") {
			found[kind] = o
		}
	}
}

func read(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(testkit.Root(t), name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// documented are the roles of the page.
func documented(t testing.TB) map[string]kube.JSON {
	t.Helper()
	_, block, _ := bytes.Cut(read(t, page), []byte("```yaml\n"))
	block, _, _ = bytes.Cut(block, []byte("```"))
	found := roles(t, block)
	if found["ClusterRole"] == nil || found["Role"] == nil {
		t.Fatalf("%s has no ClusterRole, or no Role", page)
	}
	return found
}

// everyRight are the rules of both.
func everyRight(t testing.TB) (rules []any) {
	t.Helper()
	for _, role := range documented(t) {
		rules = append(rules, role["rules"].([]any)...)
	}
	return rules
}

// TestTheChartsSearchRoleIsTheDocumentedOne compares the rules.
func TestTheChartsSearchRoleIsTheDocumentedOne(t *testing.T) {
	chart := roles(t, read(t, withRoles))
	for kind, role := range documented(t) {
		if !reflect.DeepEqual(chart[kind]["rules"], role["rules"]) {
			t.Errorf("%s: the %s's rules are %v, in %s %v", withRoles, kind, chart[kind]["rules"], page, role["rules"])
		}
	}
}

// takesTheChartsRoles makes the roles and bindings of the chart, in the agents'
// namespace, for a user who has no other rights.
func takesTheChartsRoles(t *testing.T, f *fleet) {
	f.add("chart", documents(entry{pod: "web-0", text: "line 0"}))
	subject := []any{kube.JSON{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": responder}}
	for kind, o := range roles(t, read(t, withRoles)) {
		path := "/apis/rbac.authorization.k8s.io/v1/"
		if !strings.HasPrefix(kind, "Cluster") {
			o["metadata"].(kube.JSON)["namespace"] = agentsNamespace
			path += "namespaces/" + agentsNamespace + "/"
		}
		if o["subjects"] != nil {
			o["subjects"] = subject
		}
		f.Must("POST", path+strings.ToLower(kind)+"s", o)
	}
	f.config = f.Kubeconfig(responder)
	var a answer
	testkit.Eventually(t, "the server knows of the roles", func() (bool, string) {
		a = f.ask("grep", "", "--since", "all", "-o", "raw")
		return a.status == 0, a.String()
	})
	if a.out != "line 0\n" || a.err != "" {
		t.Error(a)
	}
}
