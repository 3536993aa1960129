package deploy

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tailrace/tailrace/internal/testkit"
)

const (
	gatewayBase      = "deploy/gateway"
	gatewayManifests = "deploy/manifests/gateway.yaml"
)

// The gateway that is applied runs the example at the repository's root.
func TestGatewayBaseHasTheExampleAsItsConfiguration(t *testing.T) {
	generated(t, gatewayBase+"/gateway.yaml", file(t, "gateway.example.yaml"))
}

func TestGatewayManifestsAreWhatItsBaseComesTo(t *testing.T) {
	needsTools(t)
	built := run(t, testkit.Tool(t, "kustomize"), "build", gatewayBase)
	generated(t, gatewayManifests, []byte("# Generated from deploy/gateway by go test ./test/deploy -run Gateway -update; do not edit.\n"+built))
	conform(t, gatewayManifests)
}

// A gateway needs nothing of its node and no rights at the API server, and only
// its volume can be written.
func TestGatewayHasNoMoreRightsThanItNeeds(t *testing.T) {
	p := decoded(t, gatewayManifests)["StatefulSet"].Spec.Template.Spec
	if len(p.Containers) != 1 || !p.Containers[0].SecurityContext.none() || !p.SecurityContext.RunAsNonRoot || p.HostNetwork || p.AutomountServiceAccountToken {
		t.Errorf("%+v", p)
	}
	for _, m := range p.Containers[0].VolumeMounts {
		if m.ReadOnly == (m.Name == "state") {
			t.Errorf("%s can be written: %v", m.Name, !m.ReadOnly)
		}
	}
	for _, v := range p.Volumes {
		if v["hostPath"] != nil {
			t.Errorf("%v is of the node", v)
		}
	}
}

func TestGatewaysRunTheVersionThatNodesRun(t *testing.T) {
	const image = "image: ghcr.io/tailrace/tailrace:"
	version := func(name string) string {
		_, rest, _ := strings.Cut(string(file(t, name)), image)
		line, _, _ := strings.Cut(rest, "\n")
		return line
	}
	if node, gateway := version(manifests), version(gatewayManifests); node == "" || node != gateway {
		t.Errorf("nodes run %q, gateways %q", node, gateway)
	}
}

// The configuration is one that the agent takes, with the environment of the pod.
func TestTheAgentTakesTheGatewaysConfiguration(t *testing.T) {
	t.Parallel()
	needsTools(t)
	all := decoded(t, gatewayManifests)
	config := filepath.Join(t.TempDir(), "tailrace.yaml")
	if err := os.WriteFile(config, []byte(all["ConfigMap"].Data["tailrace.yaml"]), 0o644); err != nil {
		t.Fatal(err)
	}
	var env []string
	for _, e := range all["StatefulSet"].Spec.Template.Spec.Containers[0].Env {
		env = append(env, e.Name+"="+e.Value)
	}
	runWith(t, env, testkit.Agent(t), "validate", config)
}
