package kubernetes

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/tailrace/tailrace/internal/testkit"
	"github.com/tailrace/tailrace/internal/testkit/kube"
)

// page has the ClusterRole that people are told to give the agent.
const page = "docs/kubernetes.md"

// role is the block of the page that begins with the kind.
var role = regexp.MustCompile("(?s)```yaml\n(apiVersion: rbac[^`]*kind: ClusterRole\n.*?)```")

// rights are the rules of the documented role.
func rights(t testing.TB) []any {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(testkit.Root(t), page))
	if err != nil {
		t.Fatal(err)
	}
	block := role.FindSubmatch(text)
	if block == nil {
		t.Fatalf("%s has no ClusterRole", page)
	}
	var object struct{ Rules []any }
	if err := yaml.Unmarshal(block[1], &object); err != nil || len(object.Rules) == 0 {
		t.Fatalf("%s: %v, %d rules", page, err, len(object.Rules))
	}
	return object.Rules
}

// without are rules less one verb of one of them.
func without(rules []any, rule, verb int) (left []any, verbName string) {
	for i, r := range rules {
		r := r.(kube.JSON)
		verbs := r["verbs"].([]any)
		if i == rule {
			verbName = verbs[verb].(string)
			kept := append([]any{}, verbs[:verb]...)
			verbs = append(kept, verbs[verb+1:]...)
		}
		if len(verbs) > 0 {
			left = append(left, kube.JSON{"apiGroups": r["apiGroups"], "resources": r["resources"], "verbs": verbs})
		}
	}
	return left, verbName
}

// TestEveryRightIsNeeded takes each documented verb away: then the agent says
// which it lacks, and what it needs it for does not come.
func TestEveryRightIsNeeded(t *testing.T) {
	t.Parallel()
	n := newNode(t, "    extract: {labels: [{key: team, from: namespace}]}\n    wait_for_metadata_timeout: 0s\n")
	pod := run{namespace: "shop", pod: "web", container: "c"}
	pod.uid = n.cluster.Pod("shop", nodeName, kube.JSON{"name": "web"}, containerOf("c", "c"))
	rules := rights(t)
	for i, r := range rules {
		for j := range r.(kube.JSON)["verbs"].([]any) {
			left, verb := without(rules, i, j)
			step(t, verb, func(t *testing.T) {
				n.cluster.Allow(user, left...)
				n.start()
				defer n.agent.Kill()
				n.saying("cannot " + verb + " resource")
				n.figure("tailrace_processor_kubernetes_watching", 0)
			})
		}
	}
	step(t, "all", func(t *testing.T) {
		n.cluster.Allow(user, rules...)
		n.start()
		n.becomes(pod, "k8s.namespace.label.team", "storefront").has(t, attributes{"service.name": "web"})
		n.watching()
	})
}
