package status

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
)

// OfNode is the report of one node among many.
type OfNode struct {
	Node string `json:"node"`
	// Report is nil when there is none; Error says why.
	Report *Report `json:"status,omitempty"`
	Error  string  `json:"error,omitempty"`
}

// PrintNodes shows reports of many nodes to a person, one on a line.
func PrintNodes(out io.Writer, nodes []OfNode) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "NODE\tVERSION\tFILES\tBEHIND\tJOURNAL\tPENDING\tOLDEST\tDEAD\tLOST\tSTATE")
	for i := range nodes {
		if r := nodes[i].Report; r != nil {
			fmt.Fprintf(w, "%s\t%s\n", safe(nodes[i].Node), r.row())
			continue
		}
		fmt.Fprintf(w, "%s\t-\t-\t-\t-\t-\t-\t-\t-\tno answer: %s\n", safe(nodes[i].Node), safe(nodes[i].Error))
	}
	return w.Flush()
}

// row is what matters of a node: how far reading and delivery are behind, and
// what is wrong.
func (r *Report) row() string {
	var behind int64
	var lost uint64
	for i := range r.Files {
		behind += r.Files[i].Behind()
		lost += r.Files[i].Lost
	}
	var pending, dead uint64
	var oldest time.Time
	for i := range r.Exporters {
		e := &r.Exporters[i]
		pending, dead = max(pending, e.PendingLines), dead+e.Dead
		if !e.Oldest.IsZero() && (oldest.IsZero() || e.Oldest.Before(oldest)) {
			oldest = e.Oldest
		}
	}
	s := screen{Report: r}
	return fmt.Sprintf("%s\t%d\t%s\t%s\t%d lines\t%s\t%d\t%s\t%s", orDash(safe(r.Version)), len(r.Files), size(behind), size(r.Journal.Bytes),
		pending, s.ago(oldest), dead, size(int64(lost)), safe(r.wrong()))
}

// wrong says in short what is the matter with an agent.
func (r *Report) wrong() string {
	var wrong []string
	if !r.Live {
		wrong = append(wrong, "its agent does not answer: "+r.Why)
	}
	if r.Journal.Trouble != "" {
		wrong = append(wrong, "the journal cannot be written: "+r.Journal.Trouble)
	}
	if r.Journal.Full {
		wrong = append(wrong, "the journal is full")
	}
	if r.Journal.Damaged > 0 {
		wrong = append(wrong, fmt.Sprintf("%d frames are damaged", r.Journal.Damaged))
	}
	for i := range r.Exporters {
		if e := &r.Exporters[i]; e.Held != "" {
			wrong = append(wrong, e.Name+": "+e.Held)
		}
	}
	wrong = append(wrong, r.Problems...)
	if len(wrong) == 0 {
		return "ok"
	}
	return strings.Join(wrong, "; ")
}
