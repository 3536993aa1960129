package kubernetes

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/tailrace/tailrace/internal/testkit"
	"github.com/tailrace/tailrace/internal/testkit/kube"
)

// withMetadata is a rendering of the chart with everything that the agent asks
// the API for.
const withMetadata = "deploy/helm/tailrace/examples/metadata/rendered.yaml"

// TestTheChartGrantsWhatIsDocumented compares the rules.
func TestTheChartGrantsWhatIsDocumented(t *testing.T) {
	t.Parallel()
	for _, o := range documents(t, withMetadata) {
		if o["kind"] == "ClusterRole" {
			if !reflect.DeepEqual(o["rules"], any(rights(t))) {
				t.Errorf("%s grants %v, %s says %v", withMetadata, o["rules"], page, rights(t))
			}
			return
		}
	}
	t.Errorf("%s has no ClusterRole", withMetadata)
}

// TestTheAPIServerTakesWhatIsApplied has it admit each object strictly, without
// making it (server-side dry run). The Prometheus operator's are left out:
// the server does not know them.
func TestTheAPIServerTakesWhatIsApplied(t *testing.T) {
	t.Parallel()
	c := kube.Start(t)
	c.Namespace("tailrace", nil)
	renderings, err := filepath.Glob(filepath.Join(testkit.Root(t), "deploy/helm/tailrace/examples/*/rendered.yaml"))
	if err != nil || len(renderings) == 0 {
		t.Fatalf("there are no renderings: %v", err)
	}
	asked := map[string]bool{}
	for _, name := range append(renderings, "deploy/manifests/tailrace.yaml", overlay(t)) {
		for _, o := range documents(t, name) {
			if strings.HasPrefix(o["apiVersion"].(string), "monitoring.coreos.com/") {
				continue
			}
			asked[o["kind"].(string)] = true
			status, answer := dryRun(t, c, o)
			// The namespace that the others need is there; the server says so of
			// one that it has validated.
			there := o["kind"] == "Namespace" && status == http.StatusConflict
			if status != http.StatusCreated && !there {
				t.Errorf("%s: %v: %d %s", name, o["kind"], status, answer)
			}
		}
	}
	if !asked["DaemonSet"] || !asked["ClusterRole"] {
		t.Errorf("only %v were asked for", asked)
	}
	wrong := kube.JSON{"apiVersion": "v1", "kind": "ConfigMap", "metadata": kube.JSON{"name": "x", "namespace": "tailrace"}, "dta": kube.JSON{}}
	if status, answer := dryRun(t, c, wrong); status != http.StatusBadRequest || !strings.Contains(answer, `unknown field \"dta\"`) {
		t.Errorf("a field that there is not: %d %s", status, answer)
	}
}

// overlay is a file with what the example of an overlay comes to.
func overlay(t *testing.T) string {
	t.Helper()
	out, status := testkit.Output(t, testkit.Tool(t, "kustomize"), "build", filepath.Join(testkit.Root(t), "deploy/kustomize/example"))
	if status != 0 {
		t.Fatalf("kustomize ended with %d: %s", status, out)
	}
	name := filepath.Join(t.TempDir(), "overlay.yaml")
	if err := os.WriteFile(name, []byte(out), 0o644); err != nil {
		t.Fatal(err)
	}
	return name
}

func dryRun(t *testing.T, c *kube.Cluster, o kube.JSON) (int, string) {
	t.Helper()
	body, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	return c.Do(http.MethodPost, collection(o)+"?dryRun=All&fieldValidation=Strict", string(body))
}

// collection is the path to make an object at (Kubernetes, "API Concepts").
func collection(o kube.JSON) string {
	path := "/apis/" + o["apiVersion"].(string) + "/"
	if o["apiVersion"] == "v1" {
		path = "/api/v1/"
	}
	if namespace, ok := o["metadata"].(kube.JSON)["namespace"].(string); ok {
		path += "namespaces/" + namespace + "/"
	}
	resource := strings.ToLower(o["kind"].(string)) + "s"
	resource = strings.NewReplacer("policys", "policies", "classs", "classes").Replace(resource)
	return path + resource
}

// documents are the objects in a file of the repository.
func documents(t *testing.T, name string) (all []kube.JSON) {
	t.Helper()
	if !filepath.IsAbs(name) {
		name = filepath.Join(testkit.Root(t), filepath.FromSlash(name))
	}
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for d := yaml.NewDecoder(bytes.NewReader(text)); ; {
		var o kube.JSON
		switch err := d.Decode(&o); {
		case errors.Is(err, io.EOF):
			return all
		case err != nil:
			t.Fatalf("%s: %v", name, err)
		case o != nil:
			all = append(all, o)
		}
	}
}
