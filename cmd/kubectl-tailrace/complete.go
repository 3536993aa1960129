package main

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/spf13/cobra"
)

// completionLimit is how long a completion may take.
const completionLimit = 3 * time.Second

// completeNodes gives the nodes that have an agent.
func (c *cluster) completeNodes(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	client, err := c.client()
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), completionLimit)
	defer cancel()
	which := c.which
	which.Nodes = nil
	found, err := client.Find(ctx, which)
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	var names []string
	for _, a := range found.Agents {
		names = append(names, a.Node)
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

// completeContexts gives the contexts of the kubeconfig.
func (c *cluster) completeContexts(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	config, err := c.loader().RawConfig()
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	return slices.Sorted(maps.Keys(config.Contexts)), cobra.ShellCompDirectiveNoFileComp
}
