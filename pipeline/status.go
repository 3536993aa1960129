package pipeline

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/tailrace/tailrace/internal/checkpoint"
	"github.com/tailrace/tailrace/internal/status"
	"github.com/tailrace/tailrace/internal/tail"
	"github.com/tailrace/tailrace/pipeline/event"
	"github.com/tailrace/tailrace/pipeline/journal"
	"github.com/tailrace/tailrace/processors/parse"
)

// serveStatus answers with the Report as JSON.
func (a *Agent) serveStatus(w http.ResponseWriter, _ *http.Request) {
	r := a.Report()
	sendReport(w, &r, a.log)
}

// sendReport answers with a report.
func sendReport(w http.ResponseWriter, r *status.Report, log *slog.Logger) {
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(r); err != nil {
		log.Debug("the status was not sent", "error", err)
	}
}

// Report is what the agent knows of its files and exporters.
func (a *Agent) Report() status.Report {
	r := status.Report{Time: time.Now(), Live: true, Node: a.node, Version: a.opts.Version, Journal: a.reportJournal()}
	r.Owner, r.Config = OwnerOf(&a.owner, r.Time), a.reportReloads()
	for _, s := range a.shippers {
		r.Exporters = append(r.Exporters, a.reportExporter(s))
	}
	r.Queues, r.Files = a.reportQueues(), a.reportFiles()
	r.Annotations = a.reportAnnotations()
	return r
}

// reportAnnotations are the annotations that are not followed.
func (a *Agent) reportAnnotations() []status.Annotation {
	if a.metadata == nil {
		return nil
	}
	var all []status.Annotation
	for _, p := range a.metadata.Problems() {
		all = append(all, status.Annotation{Namespace: p.Namespace, Pod: p.Pod, Key: p.Key, Why: p.Why})
	}
	return all
}

func (a *Agent) reportJournal() status.Journal {
	st := a.journal.Stats()
	j := status.Journal{
		Directory: a.cfg.Service.Journal.Directory, InMemory: a.inMemory(),
		First: st.First, Last: st.Durable,
		Bytes: st.Bytes, Damaged: uint64(st.Recovery.Damaged), Full: st.Full,
		Oldest: timeOf(st.Oldest), Newest: timeOf(st.Newest),
	}
	if st.Trouble != nil {
		j.Trouble, j.Cure = st.Trouble.Error(), journal.Cure(st.Trouble)
	}
	return j
}

// timeOf is the time of ns since the Unix epoch, the zero time for 0.
func timeOf(ns int64) time.Time {
	if ns == 0 {
		return time.Time{}
	}
	return time.Unix(0, ns)
}

func (a *Agent) reportExporter(s *shipper) status.Exporter {
	c, l, ledger := s.cursor.Stats(), s.loop.Stats(), a.ledger(s)
	e := status.Exporter{
		Name: s.name, Position: c.Position,
		PendingFrames: uint64(c.Pending.Frames), PendingLines: ledger.Pending, PendingBytes: c.Pending.Bytes,
		Oldest:    timeOf(c.Oldest),
		Delivered: ledger.Delivered, Dead: ledger.Dead, Parked: ledger.Parked,
		Lost: ledger.Lost - c.Skipped.Lines, Skipped: c.Skipped.Lines, Excluded: ledger.Excluded,
	}
	e.Cure = l.Trouble.Cure
	if e.Failing = l.Trouble.Reason; l.Trouble.Holding {
		e.Held, e.Failing = l.Trouble.Reason, ""
	}
	return e
}

// reportFiles joins what the engine sees of the files with what the journal
// holds of them and what the parsers make of their containers.
func (a *Agent) reportFiles() []status.File {
	known := map[event.SourceID]checkpoint.Entry{}
	for _, e := range a.checkpoint.All() {
		known[e.ID] = e
	}
	containers := map[string]parse.Container{}
	for _, p := range a.parsers {
		for _, c := range p.Containers() {
			containers[c.Name] = c
		}
	}
	var all []status.File
	for _, f := range a.engine.Files() {
		all = append(all, reportFile(f, known[f.ID], containers))
	}
	return all
}

func reportFile(f tail.FileStatus, e checkpoint.Entry, containers map[string]parse.Container) status.File {
	c := containers[f.ContainerKey]
	out := status.File{
		Path: f.Path, State: f.State.String(), Reason: f.Reason,
		Namespace: f.Namespace, Pod: f.Pod, Container: f.Container,
		Identity: f.Identity.Path, Generation: f.Identity.Generation,
		// What is read and not yet durable is not in the journal.
		Offset: e.Offset, Size: f.Size, Resting: f.Resting,
		LastFrame: timeOf(e.LastSeen),
		Format:    formatOf(c), Quarantined: c.Quarantined,
		Lines: e.Counts.Lines, InDocs: e.Counts.DocLines, Dropped: e.Counts.DroppedLines, Lost: e.Counts.LostBytes,
	}
	if f.ID != (event.SourceID{}) {
		out.ID = f.ID.String()
	}
	return out
}

// formatOf is the format of a container's lines, of each stream when they
// differ.
func formatOf(c parse.Container) string {
	var formats []string
	for _, f := range c.Formats {
		if f != "" && !slices.Contains(formats, f) {
			formats = append(formats, f)
		}
	}
	return strings.Join(formats, ", ")
}
