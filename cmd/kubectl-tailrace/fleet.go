package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/dustin/go-humanize/english"
	"golang.org/x/term"

	"github.com/tailrace/tailrace/internal/agents"
	"github.com/tailrace/tailrace/internal/gather"
	"github.com/tailrace/tailrace/internal/render"
	"github.com/tailrace/tailrace/internal/terminal"
)

// attach shows progress if standard error is a terminal.
func (f *fleet) attach() {
	if !terminal.Is(f.errOut) || os.Getenv("TERM") == "dumb" {
		return
	}
	columns, _, err := term.GetSize(int(f.errOut.(*os.File).Fd()))
	if err != nil {
		return
	}
	f.progress = gather.NewProgress(f.errOut, columns)
	f.errOut = f.progress.Over(f.errOut)
	if terminal.Is(f.out) {
		f.out = f.progress.Over(f.out)
	}
}

// asked is one search of all agents.
type asked struct {
	command string
	args    []string
	sink    gather.Sink
	// follow tells of failures at once.
	follow bool
}

// search asks all agents and says what they say beside lines. The error is
// errTold when not all have answered to the end.
func (f *fleet) search(a asked) (gather.Outcome, error) {
	s := gather.Search{Nodes: f.nodes(a.command, a.args), Sink: a.sink, Concurrency: f.concurrency, Silence: f.timeout}
	if f.progress != nil {
		s.Watch = f.progress.Watch
	}
	if a.follow {
		f.tellMissing()
		s.Failed = func(failure gather.Failure) { f.tell(failure.Node, f.explain(failure)) }
	}
	o, err := s.Run(f.cmd.Context())
	switch {
	case errors.Is(err, context.Canceled) && a.follow:
		err = nil
	case errors.Is(err, context.Canceled):
		err = errors.New("interrupted: the result is incomplete")
	}
	if !a.follow {
		f.tellMissing()
		f.tellFailures(o.Failures)
	}
	f.tellNotes(o)
	if err == nil && len(o.Failures)+len(f.Missing)+len(o.Damage) > 0 {
		err = errTold
	}
	return o, err
}

func (f *fleet) tell(node, message string) { render.Report(f.errOut, node+": "+message) }

func (f *fleet) explain(failure gather.Failure) string {
	text := failure.Err.Error()
	for _, a := range f.Agents {
		if a.Node == failure.Node {
			text = agents.Explain(a, failure.Err)
		}
	}
	switch {
	case errors.Is(failure.Err, gather.ErrSilent):
		text += ": --timeout waits longer"
	case failure.Heard:
		text += "; what it found before is shown"
	}
	return text
}

// tellFailures says each reason once.
func (f *fleet) tellFailures(failures []gather.Failure) {
	var reasons []string
	nodes := map[string][]string{}
	for _, failure := range failures {
		text := f.explain(failure)
		if nodes[text] == nil {
			reasons = append(reasons, text)
		}
		nodes[text] = append(nodes[text], failure.Node)
	}
	for _, text := range reasons {
		f.tell(names(nodes[text]), text)
	}
	if len(failures) > 0 {
		render.Report(f.errOut, fmt.Sprintf("%d of %s did not answer to the end: the result is incomplete",
			len(failures), english.Plural(len(f.Agents), "node", "")))
	}
}

// namesShown is how many nodes a message names.
const namesShown = 8

func names(nodes []string) string {
	if rest := len(nodes) - namesShown; rest > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(nodes[:namesShown], ", "), rest)
	}
	return strings.Join(nodes, ", ")
}

func (f *fleet) tellMissing() {
	for _, m := range f.Missing {
		f.tell(m.Node, m.Why+": its logs were not searched")
	}
	if f.Unknown != nil {
		render.Report(f.errOut, fmt.Sprintf("note: whether every node has an agent is not known: %v", f.Unknown))
	}
}

func (f *fleet) tellNotes(o gather.Outcome) {
	for _, d := range o.Damage {
		f.tell(d.Node, d.Text)
	}
	if o.Late > 0 {
		render.Report(f.errOut, fmt.Sprintf("note: %d lines came after later ones of their node: too many waited there for their turn; a narrower search keeps the order", o.Late))
	}
	if len(o.Gone) > 0 {
		render.Report(f.errOut, fmt.Sprintf("note: journals deleted their oldest segments while they were being searched; their lines are missing here: %s", names(o.Gone)))
	}
}
