package status

import (
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/tailrace/tailrace/internal/render"
)

// Look says how a report is shown.
type Look struct {
	// UTC shows times in UTC.
	UTC bool
	// Detail shows each file with everything that is known of it, not one on
	// a line.
	Detail bool
}

// Print shows a report to a person.
func (r *Report) Print(out io.Writer, look Look) error {
	s := screen{Report: r, Look: look, w: tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)}
	s.agent()
	s.journal()
	s.exporters()
	s.queues()
	if look.Detail {
		s.details()
	} else {
		s.table()
	}
	return s.w.Flush()
}

type screen struct {
	*Report
	Look
	w *tabwriter.Writer
}

func (s *screen) agent() {
	if s.Live {
		fmt.Fprintf(s.w, "agent: running on node %s, version %s\n", safe(s.Node), safe(s.Version))
		s.configuration()
		s.resting()
		return
	}
	fmt.Fprintf(s.w, "agent: %s; what follows is what is durable on disk\n", safe(s.Why))
}

// configuration says that the agent could not use the one in its files.
func (s *screen) configuration() {
	if c := &s.Config; c.Error != "" {
		fmt.Fprintf(s.w, "configuration: NOT RELOADED at %s, the agent goes on with the one of %s: %s\n", s.clock(c.Failed), s.clock(c.Loaded), safe(c.Error))
	}
}

// resting says that files rotate through the descriptors, when they do.
func (s *screen) resting() {
	resting := 0
	for i := range s.Files {
		if s.Files[i].Resting {
			resting++
		}
	}
	if resting > 0 {
		fmt.Fprintf(s.w, "files: %d, of which %d rest without a descriptor until they grow or there is room (ulimit -n)\n", len(s.Files), resting)
	}
}

func (s *screen) journal() {
	j := &s.Journal
	where := safe(j.Directory)
	if j.InMemory {
		where = "in memory"
	}
	fmt.Fprintf(s.w, "journal: %s, %s", where, size(j.Bytes))
	if j.Last > 0 {
		fmt.Fprintf(s.w, ", frames up to %d", j.Last)
	}
	if !j.Newest.IsZero() {
		fmt.Fprintf(s.w, ", the last one of %s", s.clock(j.Newest))
	}
	if j.Damaged > 0 {
		fmt.Fprintf(s.w, ", %d frames damaged (tailrace journal verify)", j.Damaged)
	}
	if j.Full {
		fmt.Fprint(s.w, ", FULL: reading waits")
	}
	fmt.Fprintln(s.w)
	if j.Trouble != "" {
		fmt.Fprintf(s.w, "the journal cannot be written, reading waits: %s; %s\n", safe(j.Trouble), safe(j.Cure))
	}
	s.owner()
	for _, p := range s.Problems {
		fmt.Fprintf(s.w, "problem: %s\n", safe(p))
	}
	s.annotations()
	fmt.Fprintln(s.w)
}

// annotations says which are not followed.
func (s *screen) annotations() {
	for i := range s.Annotations {
		a := &s.Annotations[i]
		of := "namespace " + a.Namespace
		if a.Pod != "" {
			of = "pod " + a.Namespace + "/" + a.Pod
		}
		fmt.Fprintf(s.w, "annotation %s of %s is not followed: %s\n", safe(a.Key), safe(of), safe(a.Why))
	}
}

func (s *screen) owner() {
	o := &s.Owner
	if !o.Copied.IsZero() {
		fmt.Fprintf(s.w, "the state directory is a copy, or was restored from one (noticed %s): what log files held then may have been delivered before\n", s.clock(o.Copied))
	}
	if !o.Moved.IsZero() {
		fmt.Fprintf(s.w, "the state directory was node %s's (noticed %s): frames from before are delivered as that node's\n", safe(o.Before), s.clock(o.Moved))
	}
}

func (s *screen) exporters() {
	if len(s.Exporters) == 0 {
		fmt.Fprint(s.w, "no exporter has a position in this journal\n\n")
		return
	}
	fmt.Fprintln(s.w, "EXPORTER\tDONE TO\tPENDING\tOLDEST\tDELIVERED\tDEAD\tPARKED\tLOST\tSKIPPED\tSTATE")
	for i := range s.Exporters {
		e := &s.Exporters[i]
		fmt.Fprintf(s.w, "%s\tframe %d\t%d lines, %s\t%s\t%d\t%d\t%d\t%d\t%d\t%s\n", safe(e.Name), e.Position,
			e.PendingLines, size(e.PendingBytes), s.ago(e.Oldest), e.Delivered, e.Dead, e.Parked, e.Lost, e.Skipped, safe(e.state()))
	}
	fmt.Fprintln(s.w)
}

func (e *Exporter) state() string {
	cure := ""
	if e.Cure != "" {
		cure = "; " + e.Cure
	}
	switch {
	case e.Held != "":
		return "held: " + e.Held + cure
	case e.Failing != "":
		return "tries again: " + e.Failing + cure
	case e.PendingFrames > 0:
		return "behind"
	}
	return "up to date"
}

func (s *screen) table() {
	if len(s.Files) == 0 {
		if len(s.Queues) == 0 {
			fmt.Fprintln(s.w, "no file is known")
		}
		return
	}
	fmt.Fprintln(s.w, "FILE\tSTATE\tREAD\tBEHIND\tFORMAT\tLAST FRAME")
	for i := range s.Files {
		f := &s.Files[i]
		fmt.Fprintf(s.w, "%s\t%s\t%s\t%s\t%s\t%s\n", safe(f.Path), safe(f.state()), size(f.Offset), size(f.Behind()), safe(orDash(f.Format)), s.ago(f.LastFrame))
	}
}

func (f *File) state() string {
	state := f.State
	if f.Resting {
		state += ", resting"
	}
	if f.Quarantined {
		state += ", parser quarantined"
	}
	if f.Reason != "" {
		state += ": " + f.Reason
	}
	return state
}

func (s *screen) details() {
	if len(s.Files) == 0 {
		fmt.Fprintln(s.w, "no file is known that fits: check the spelling, and the include and exclude rules of the receivers")
	}
	for i := range s.Files {
		if i > 0 {
			fmt.Fprintln(s.w)
		}
		s.detail(&s.Files[i])
	}
}

func (s *screen) detail(f *File) {
	fmt.Fprintf(s.w, "%s\n", safe(f.Path))
	s.row("state", f.state())
	if f.Identity != "" {
		s.row("identity", fmt.Sprintf("%s, generation %d, id %s", f.Identity, f.Generation, f.ID))
	}
	if f.Identity != "" || f.Size > 0 {
		s.row("read", f.progress())
	}
	if f.Lines > 0 || f.Lost > 0 {
		s.row("lines", fmt.Sprintf("%d read, %d in documents, %d dropped by rules; %d bytes lost", f.Lines, f.InDocs, f.Dropped, f.Lost))
	}
	if f.Format != "" {
		s.row("format", f.Format)
	}
	if !f.LastFrame.IsZero() {
		last := s.clock(f.LastFrame)
		if f.LastFrameSeq > 0 {
			last = fmt.Sprintf("%d, %s", f.LastFrameSeq, last)
		}
		s.row("last frame", last)
	}
}

func (s *screen) row(name, value string) { fmt.Fprintf(s.w, "    %s\t%s\n", name, safe(value)) }

func (f *File) progress() string {
	if f.Size < 0 {
		return fmt.Sprintf("%d bytes; the file is gone", f.Offset)
	}
	return fmt.Sprintf("%d of %d bytes, %d behind", f.Offset, f.Size, f.Behind())
}

// safe is text without anything that a terminal obeys.
func safe(s string) string { return string(render.Escape(nil, []byte(s))) }

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

func size(n int64) string { return humanize.IBytes(uint64(max(n, 0))) }

func (s *screen) clock(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	if s.UTC {
		return t.UTC().Format("2006-01-02 15:04:05Z")
	}
	return t.Local().Format("2006-01-02 15:04:05")
}

// ago is how long before the report t was.
func (s *screen) ago(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return max(0, s.Time.Sub(t)).Round(time.Second).String() + " ago"
}
