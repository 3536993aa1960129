package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/tailrace/tailrace/internal/agents"
	"github.com/tailrace/tailrace/internal/gather"
	"github.com/tailrace/tailrace/internal/search"
	"github.com/tailrace/tailrace/internal/status"
)

// statusCommand is one run of status.
type statusCommand struct {
	*cluster
	scope  search.Scope
	output string
	utc    bool
	// theirs are the flags that nodes get.
	theirs *pflag.FlagSet
}

func newStatusCommand(c *cluster) *cobra.Command {
	s := &statusCommand{cluster: c, theirs: pflag.NewFlagSet("status", pflag.ContinueOnError)}
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show how far reading and delivery are on all nodes",
		Long: `Status shows a line for each node: how many files its agent knows, how many bytes
of them it has not read, what is not delivered and since when, what was lost, and
what is wrong. With -n, --pod or -c it shows everything about the files of those
containers, on the nodes that have such files.

The status is 0 when all nodes have answered, 2 when there was trouble, and with
-n, --pod or -c, 1 when no node knows such a file.`,
		Args: cobra.NoArgs,
		Example: `  kubectl tailrace status
  kubectl tailrace status -n shop --pod cart
  kubectl tailrace status -o json | jq 'select(.status.exporters[].held)'`,
		RunE: func(cmd *cobra.Command, _ []string) error { return s.run(cmd) },
	}
	s.theirs.StringVarP(&s.scope.Namespace, "namespace", "n", "", "only files of this namespace")
	s.theirs.StringVar(&s.scope.Pod, "pod", "", "only files of this pod, or of the pods of the workload of this name")
	s.theirs.StringVarP(&s.scope.Container, "container", "c", "", "only files of this container")
	cmd.Flags().AddFlagSet(s.theirs)
	cmd.Flags().StringVarP(&s.output, "output", "o", "text", "text, or json: an object for each node")
	cmd.Flags().BoolVar(&s.utc, "utc", false, "show times in UTC")
	return cmd
}

func (s *statusCommand) run(cmd *cobra.Command) error {
	if s.output != "text" && s.output != "json" {
		return fmt.Errorf("output format %q: want text or json", s.output)
	}
	if err := s.scope.Check(); err != nil {
		return err
	}
	f, err := s.find(cmd, s.scope.Namespace, s.scope.Pod)
	if err != nil {
		return err
	}
	nodes := f.statuses(commandLine(s.theirs))
	if err := cmd.Context().Err(); err != nil {
		return errors.New("interrupted")
	}
	for _, m := range f.Missing {
		nodes = append(nodes, status.OfNode{Node: m.Node, Error: m.Why})
	}
	if err := s.print(f, nodes); err != nil {
		return err
	}
	return s.verdict(nodes)
}

// verdict is how the command ends.
func (s *statusCommand) verdict(nodes []status.OfNode) error {
	files := 0
	for i := range nodes {
		if nodes[i].Report == nil {
			return errTold
		}
		files += len(nodes[i].Report.Files)
	}
	if s.narrow() && files == 0 {
		return errNone
	}
	return nil
}

// narrow says that some files only are asked for.
func (s *statusCommand) narrow() bool { return s.scope.Namespace+s.scope.Pod+s.scope.Container != "" }

func (s *statusCommand) print(f *fleet, nodes []status.OfNode) error {
	switch {
	case s.output == "json":
		e := json.NewEncoder(f.out)
		for i := range nodes {
			if err := e.Encode(&nodes[i]); err != nil {
				return err
			}
		}
		return nil
	case s.narrow():
		return s.printDetail(f, nodes)
	}
	return status.PrintNodes(f.out, nodes)
}

func (s *statusCommand) printDetail(f *fleet, nodes []status.OfNode) error {
	for i := range nodes {
		r := nodes[i].Report
		if r == nil {
			f.tell(nodes[i].Node, nodes[i].Error)
			continue
		}
		if len(r.Files) == 0 {
			continue
		}
		if _, err := fmt.Fprintf(f.out, "== %s\n", nodes[i].Node); err != nil {
			return err
		}
		if err := r.Print(f.out, status.Look{UTC: s.utc, Detail: true}); err != nil {
			return err
		}
	}
	return nil
}

// statuses asks all agents.
func (f *fleet) statuses(args []string) []status.OfNode {
	nodes := make([]status.OfNode, len(f.Agents))
	seats := make(chan struct{}, f.concurrency)
	var asking sync.WaitGroup
	for i, a := range f.Agents {
		asking.Go(func() {
			seats <- struct{}{}
			defer func() { <-seats }()
			nodes[i].Node = a.Node
			var err error
			if nodes[i].Report, err = f.status(a, args); err != nil {
				nodes[i].Error = agents.Explain(a, err)
			}
		})
	}
	asking.Wait()
	return nodes
}

// maxReport bounds what is read of an answer: some hundred bytes for each of the
// 100,000 files that an agent may know.
const maxReport = 64 << 20

func (f *fleet) status(a agents.Agent, args []string) (*status.Report, error) {
	ctx, cancel := context.WithTimeout(f.cmd.Context(), f.timeout)
	defer cancel()
	var said gather.Tail
	answer := bounded{most: maxReport}
	ended := make(chan error, 1)
	// What Exec waits for may not end with ctx.
	go func() {
		ended <- f.client.Exec(ctx, a, "status", append([]string{"--output=json"}, args...), nil, &answer, &said)
	}()
	select {
	case err := <-ended:
		if err != nil {
			return nil, &gather.RemoteError{Err: err, Said: said.String()}
		}
	case <-ctx.Done():
		return nil, fmt.Errorf("%w for %s: --timeout waits longer", gather.ErrSilent, f.timeout)
	}
	r := &status.Report{}
	if err := json.Unmarshal(answer.Bytes(), r); err != nil {
		return nil, fmt.Errorf("its answer is not a status: %w", err)
	}
	return r, nil
}

// bounded keeps what is written to it, up to a limit.
type bounded struct {
	bytes.Buffer
	most int
}

func (b *bounded) Write(p []byte) (int, error) {
	if b.Len()+len(p) > b.most {
		return 0, fmt.Errorf("the answer is longer than %d bytes", b.most)
	}
	return b.Buffer.Write(p)
}
