package agents

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// Selector are the labels that the chart and the manifests give to the agents'
// pods.
const Selector = "app.kubernetes.io/name=tailrace"

// Agent is a running agent.
type Agent struct {
	Node, Namespace, Pod, Container string
	// Program is the agent's own, Flags say which configuration it has.
	Program string
	Flags   []string
}

// Which says which agents are meant.
type Which struct {
	// Namespace is that of their pods; empty is any.
	Namespace string
	// Selector are their labels.
	Selector string
	// Nodes are those that are wanted; nil are all.
	Nodes []string
}

// Found are the agents of a cluster.
type Found struct {
	Agents []Agent
	// Missing are the nodes that ought to have an agent and have none that runs,
	// and why.
	Missing []Missing
	// Unknown says why nodes without an agent are not in Missing: as a rule, the
	// user may not list nodes.
	Unknown error
}

// Missing is a node without an agent.
type Missing struct{ Node, Why string }

// Find finds the agents, in the order of their nodes.
func (c *Client) Find(ctx context.Context, w Which) (*Found, error) {
	pods, err := c.pods(ctx, w.Namespace, metav1.ListOptions{LabelSelector: w.Selector})
	if err != nil {
		return nil, findError(w, err)
	}
	if len(pods) == 0 {
		return nil, fmt.Errorf("there are no pods with the labels %s in %s: --agent-namespace and --agent-selector say where and how to find the agents",
			w.Selector, namespaces(w.Namespace))
	}
	f := &Found{}
	f.choose(pods, w)
	nodes, err := c.nodes(ctx)
	if err != nil {
		f.Unknown = err
		nodes = named(w.Nodes)
	}
	f.miss(nodes, pods, w)
	slices.SortFunc(f.Missing, func(a, b Missing) int { return cmp.Compare(a.Node, b.Node) })
	return f, nil
}

func namespaces(one string) string {
	if one == "" {
		return "any namespace"
	}
	return "namespace " + one
}

// findError says which right is missing.
func findError(w Which, err error) error {
	if !apierrors.IsForbidden(err) {
		return fmt.Errorf("the agents cannot be found: %w", err)
	}
	return fmt.Errorf("the agents cannot be found: %w: the right that is missing is to list pods in %s; "+
		"with --agent-namespace, that of the agents' namespace is enough", err, namespaces(w.Namespace))
}

// choose takes one running agent of each node: while another is rolled out, two
// run, and the older one has the journal.
func (f *Found) choose(pods []corev1.Pod, w Which) {
	slices.SortFunc(pods, func(a, b corev1.Pod) int {
		return cmp.Or(cmp.Compare(a.Spec.NodeName, b.Spec.NodeName), a.CreationTimestamp.Compare(b.CreationTimestamp.Time), cmp.Compare(a.Name, b.Name))
	})
	last := ""
	for i := range pods {
		p := &pods[i]
		if p.Spec.NodeName == last || !w.wants(p.Spec.NodeName) || why(p) != "" {
			continue
		}
		last = p.Spec.NodeName
		f.Agents = append(f.Agents, agentIn(p))
	}
}

func (w *Which) wants(node string) bool {
	return node != "" && (w.Nodes == nil || slices.Contains(w.Nodes, node))
}

// why is why no program can be run beside the agent in a pod, empty when one can.
func why(p *corev1.Pod) string {
	if p.DeletionTimestamp != nil {
		return "is being deleted"
	}
	if p.Status.Phase != corev1.PodRunning {
		return "is " + string(p.Status.Phase)
	}
	for _, s := range p.Status.ContainerStatuses {
		if s.Name == container(p).Name && s.State.Running == nil {
			return "does not run" + waitingFor(s.State)
		}
	}
	return ""
}

func waitingFor(s corev1.ContainerState) string {
	if s.Waiting != nil && s.Waiting.Reason != "" {
		return " (" + s.Waiting.Reason + ")"
	}
	return ""
}

// container is the agent's own in its pod.
func container(p *corev1.Pod) *corev1.Container {
	for i := range p.Spec.Containers {
		if p.Spec.Containers[i].Name == "tailrace" {
			return &p.Spec.Containers[i]
		}
	}
	return &p.Spec.Containers[0]
}

func agentIn(p *corev1.Pod) Agent {
	c := container(p)
	a := Agent{Node: p.Spec.NodeName, Namespace: p.Namespace, Pod: p.Name, Container: c.Name, Program: "tailrace"}
	if len(c.Command) > 0 {
		a.Program = c.Command[0]
	}
	line := slices.Concat(c.Command, c.Args)
	for i, arg := range line {
		switch {
		case strings.HasPrefix(arg, "--config="):
			a.Flags = append(a.Flags, arg)
		case arg == "--config" && i+1 < len(line):
			a.Flags = append(a.Flags, "--config="+line[i+1])
		}
	}
	return a
}

// named are nodes of which only the name is known.
func named(names []string) (nodes []corev1.Node) {
	for _, name := range names {
		nodes = append(nodes, corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name}})
	}
	return nodes
}

// miss finds the nodes that have no agent: all that were asked for, and else
// those that a pod of the agents' kind may be on, by its node selector.
func (f *Found) miss(nodes []corev1.Node, pods []corev1.Pod, w Which) {
	for i := range nodes {
		n := &nodes[i]
		if !w.wants(n.Name) || f.has(n.Name) || w.Nodes == nil && !expected(n, pods) {
			continue
		}
		f.Missing = append(f.Missing, Missing{n.Name, reason(n.Name, pods)})
	}
	for _, name := range w.Nodes {
		if !slices.ContainsFunc(nodes, func(n corev1.Node) bool { return n.Name == name }) {
			f.Missing = append(f.Missing, Missing{name, "there is no node of this name"})
		}
	}
}

func (f *Found) has(node string) bool {
	return slices.ContainsFunc(f.Agents, func(a Agent) bool { return a.Node == node })
}

// expected says whether a pod like one of these may be on a node.
func expected(n *corev1.Node, pods []corev1.Pod) bool {
	return slices.ContainsFunc(pods, func(p corev1.Pod) bool {
		return labels.SelectorFromSet(p.Spec.NodeSelector).Matches(labels.Set(n.Labels))
	})
}

// reason says why no agent on a node can be asked.
func reason(node string, pods []corev1.Pod) string {
	for i := range pods {
		if p := &pods[i]; p.Spec.NodeName == node {
			return fmt.Sprintf("its agent's pod %s/%s %s", p.Namespace, p.Name, why(p))
		}
	}
	return "no agent's pod is on it"
}
