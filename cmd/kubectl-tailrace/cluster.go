package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/tailrace/tailrace/internal/agents"
	"github.com/tailrace/tailrace/internal/gather"
)

// cluster is the one that is asked.
type cluster struct {
	kubeconfig  string
	overrides   clientcmd.ConfigOverrides
	which       agents.Which
	everywhere  bool
	concurrency int
	timeout     time.Duration
}

// What is asked for when nobody says.
const (
	defaultConcurrency = 64
	defaultTimeout     = 30 * time.Second
)

// findLimit is how long finding the agents may take.
const findLimit = time.Minute

func (c *cluster) addFlags(root *cobra.Command) {
	f := root.PersistentFlags()
	f.StringVar(&c.kubeconfig, "kubeconfig", "", "path to the kubeconfig `FILE` to use")
	f.StringVar(&c.overrides.CurrentContext, "context", "", "name of the kubeconfig context to use")
	f.StringVar(&c.overrides.Context.Cluster, "cluster", "", "name of the kubeconfig cluster to use")
	f.StringVar(&c.overrides.Context.AuthInfo, "user", "", "name of the kubeconfig user to use")
	f.StringVar(&c.overrides.AuthInfo.Impersonate, "as", "", "user to impersonate")
	f.StringArrayVar(&c.overrides.AuthInfo.ImpersonateGroups, "as-group", nil, "group to impersonate")
	f.StringVar(&c.which.Namespace, "agent-namespace", "", "namespace of the agents' pods (default: any)")
	f.StringVar(&c.which.Selector, "agent-selector", agents.Selector, "labels of the agents' pods")
	f.StringSliceVar(&c.which.Nodes, "node", nil, "only these nodes")
	f.BoolVar(&c.everywhere, "all-nodes", false, "all nodes, also where a pod is named that is on one of them")
	f.IntVar(&c.concurrency, "max-concurrency", defaultConcurrency, "how many nodes search at a time")
	f.DurationVar(&c.timeout, "timeout", defaultTimeout, "give a node up when nothing is heard of it for so long")
	_ = root.MarkPersistentFlagFilename("kubeconfig")
	_ = root.RegisterFlagCompletionFunc("node", c.completeNodes)
	_ = root.RegisterFlagCompletionFunc("context", c.completeContexts)
}

func (c *cluster) loader() clientcmd.ClientConfig {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = c.kubeconfig
	return clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, &c.overrides)
}

func (c *cluster) client() (*agents.Client, error) {
	config, err := c.loader().ClientConfig()
	if clientcmd.IsEmptyConfig(err) {
		return nil, errors.New("which cluster is meant is not known: there is no kubeconfig, or an empty one: name one by --kubeconfig or KUBECONFIG, as with kubectl, which otherwise reads ~/.kube/config")
	}
	if err != nil {
		return nil, fmt.Errorf("which cluster is meant is not known: %w: --kubeconfig and --context say so, as with kubectl", err)
	}
	config.UserAgent = "kubectl-tailrace/" + version + " " + rest.DefaultKubernetesUserAgent()
	return agents.NewClient(config)
}

// check says what is wrong with the flags.
func (c *cluster) check() error {
	switch {
	case c.timeout < time.Second:
		return fmt.Errorf("--timeout %s: want at least 1s", c.timeout)
	case c.concurrency < 1:
		return fmt.Errorf("--max-concurrency %d: want at least 1", c.concurrency)
	}
	return nil
}

// fleet are the agents that are asked.
type fleet struct {
	*cluster
	*agents.Found
	client *agents.Client
	cmd    *cobra.Command
	// Progress is shown on a terminal only, and is nil elsewhere.
	progress *gather.Progress
	// out and errOut are where lines and messages go, above the progress.
	out, errOut io.Writer
}

// find finds the agents, those of one pod's nodes if it is named and there is
// such a pod.
func (c *cluster) find(cmd *cobra.Command, namespace, pod string) (*fleet, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	client, err := c.client()
	if err != nil {
		return nil, err
	}
	which := c.which
	if pod != "" && which.Nodes == nil && !c.everywhere && !isPattern(namespace) && !isPattern(pod) {
		// Where that is not known, all nodes are asked.
		which.Nodes, _ = client.NodesOf(cmd.Context(), namespace, pod)
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), findLimit)
	defer cancel()
	found, err := client.Find(ctx, which)
	if err != nil {
		return nil, err
	}
	f := &fleet{cluster: c, Found: found, client: client, cmd: cmd, out: cmd.OutOrStdout(), errOut: cmd.ErrOrStderr()}
	f.attach()
	return f, nil
}

func isPattern(name string) bool { return strings.ContainsAny(name, `*?[\`) }

// commandLine is what nodes are asked: the flags of theirs that were given, and
// arguments.
func commandLine(flags *pflag.FlagSet, args ...string) (line []string) {
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Changed {
			line = append(line, "--"+f.Name+"="+f.Value.String())
		}
	})
	return slices.Concat(line, []string{"--"}, args)
}

// nodes are the searches of a command with the arguments.
func (f *fleet) nodes(command string, args []string) (nodes []gather.Node) {
	args = append([]string{"--stream"}, args...)
	for _, a := range f.Agents {
		nodes = append(nodes, gather.Node{Name: a.Node, Run: func(ctx context.Context, in io.Reader, out, errOut io.Writer) error {
			return f.client.Exec(ctx, a, command, args, in, out, errOut)
		}})
	}
	return nodes
}
