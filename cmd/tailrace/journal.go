package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"github.com/tailrace/tailrace/internal/render"
	"github.com/tailrace/tailrace/internal/search"
	"github.com/tailrace/tailrace/internal/searchflags"
	"github.com/tailrace/tailrace/pipeline/journal"
)

func newJournalCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "journal",
		GroupID: groupSearch,
		Short:   "Look at the journal's files: ls, verify, cat",
		Long: `The journal is a directory of ordinary .ndjson.gz files: zcat, zgrep and jq read
them too. These commands read the metadata in them as well. They take no lock
and write nothing, and work beside a running agent.`,
		Example: `  tailrace journal ls
  tailrace journal verify && echo whole
  tailrace journal cat --frame 17 | jq .`,
	}
	cmd.AddCommand(newJournalListCommand(), newJournalVerifyCommand(), newJournalCatCommand())
	return cmd
}

// openSegments opens the journal and finds the segments that are named, or all.
func (f *journalFlags) openSegments(names []string) (*journal.Reader, []journal.Segment, error) {
	r, err := f.open()
	if err != nil {
		return nil, nil, err
	}
	all, err := r.Segments()
	if err != nil || len(names) == 0 {
		return r, all, err
	}
	var some []journal.Segment
	for _, name := range names {
		i := slices.IndexFunc(all, func(s journal.Segment) bool { return s.Name == name })
		if i < 0 {
			return nil, nil, fmt.Errorf("the journal has no segment %q: \"tailrace journal ls\" lists them", name)
		}
		some = append(some, all[i])
	}
	return r, some, nil
}

func newJournalListCommand() *cobra.Command {
	var flags journalFlags
	var utc bool
	var output string
	cmd := &cobra.Command{
		Use:     "ls",
		Short:   "List the segments with what is in them",
		Args:    cobra.NoArgs,
		Example: `  tailrace journal ls --journal /var/lib/tailrace`,
	}
	cmd.Flags().BoolVar(&utc, "utc", false, "show times in UTC")
	cmd.Flags().StringVarP(&output, "output", "o", "text", "text or json")
	flags.add(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		search.StepBack()
		r, segments, err := flags.openSegments(nil)
		if err != nil {
			return err
		}
		all, err := inventory(cmd.Context(), r, segments)
		if err != nil {
			return err
		}
		switch output {
		case "json":
			return printInventoryJSON(cmd.OutOrStdout(), all)
		case "text":
			return printInventory(cmd.OutOrStdout(), all, utc)
		}
		return fmt.Errorf("output format %q: want text or json", output)
	}
	return cmd
}

func inventory(ctx context.Context, r *journal.Reader, segments []journal.Segment) ([]search.Inventory, error) {
	var all []search.Inventory
	for _, s := range segments {
		i, err := search.TakeInventory(ctx, r, s)
		if err != nil {
			return nil, err
		}
		all = append(all, i)
	}
	return all, nil
}

// segmentLine is a segment as ls -o json prints it.
type segmentLine struct {
	Name    string    `json:"name"`
	First   uint64    `json:"first_frame"`
	Last    uint64    `json:"last_frame"`
	Frames  uint64    `json:"frames"`
	Lines   uint64    `json:"lines"`
	Docs    uint64    `json:"docs"`
	Size    int64     `json:"bytes"`
	MinTime time.Time `json:"min_time"`
	MaxTime time.Time `json:"max_time"`
	Sealed  bool      `json:"sealed"`
	Damaged uint32    `json:"damaged_frames"`
}

func printInventoryJSON(w io.Writer, all []search.Inventory) error {
	e := json.NewEncoder(w)
	for _, i := range all {
		line := segmentLine{
			Name: i.Name, First: i.First, Last: i.Last, Frames: i.Frames, Lines: i.Lines, Docs: i.Docs, Size: i.Size,
			MinTime: time.Unix(0, i.MinTime).UTC(), MaxTime: time.Unix(0, i.MaxTime).UTC(), Sealed: i.Sealed, Damaged: i.Damaged,
		}
		if err := e.Encode(&line); err != nil {
			return err
		}
	}
	return nil
}

func printInventory(out io.Writer, all []search.Inventory, utc bool) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "SEGMENT\tFRAMES\tLINES\tDOCUMENTS\tSIZE\tFIRST\tLAST\tSTATE")
	var size uint64
	for _, i := range all {
		size += uint64(i.Size)
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%s\t%s\t%s\t%s\n", i.Name, i.Frames, i.Lines, i.Docs,
			humanize.IBytes(uint64(i.Size)), clockOrDash(i.MinTime, utc), clockOrDash(i.MaxTime, utc), segmentState(i.Segment))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "%d segments, %s\n", len(all), humanize.IBytes(size))
	return err
}

func clockOrDash(ns int64, utc bool) string {
	if ns == 0 {
		return "-"
	}
	return searchflags.Clock(ns, utc)
}

func segmentState(s journal.Segment) string {
	state := "open"
	if s.Sealed {
		state = "sealed"
	}
	if s.Damaged > 0 {
		state += fmt.Sprintf(", %d frames damaged", s.Damaged)
	}
	return state
}

func newJournalVerifyCommand() *cobra.Command {
	var flags journalFlags
	cmd := &cobra.Command{
		Use:   "verify [SEGMENT…]",
		Short: "Read every byte and compare it with its checksums; the status is 1 when a frame is bad",
		Example: `  tailrace journal verify
  tailrace journal verify 00000000000000000001.ndjson.gz`,
	}
	flags.add(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		search.StepBack()
		r, segments, err := flags.openSegments(args)
		if err != nil {
			return err
		}
		return verify(cmd, r, segments)
	}
	return cmd
}

func verify(cmd *cobra.Command, r *journal.Reader, segments []journal.Segment) error {
	var v search.Verification
	for _, s := range segments {
		err := v.Verify(cmd.Context(), r, s, func(err error) {
			render.Report(cmd.ErrOrStderr(), fmt.Sprintf("%s: %v", s.Name, err))
		})
		if err != nil {
			return err
		}
	}
	what := fmt.Sprintf("%d segments, %d frames, %d documents", v.Segments, v.Frames, v.Docs)
	if v.Bad > 0 {
		return fmt.Errorf("%s: %d frames are bad. The agent goes on without them; lines in them that an exporter had not delivered count as lost for it", what, v.Bad)
	}
	_, err := fmt.Fprintf(cmd.OutOrStdout(), "%s: no damage\n", what)
	return err
}

func newJournalCatCommand() *cobra.Command {
	var flags journalFlags
	var frames string
	var meta bool
	cmd := &cobra.Command{
		Use:   "cat [SEGMENT…]",
		Short: "Print documents as they are stored, in the order of the journal",
		Example: `  tailrace journal cat | jq -r .body.text
  tailrace journal cat --frame 17-20
  tailrace journal cat --meta --frame 17    the frame's metadata: sources, offsets, counts`,
	}
	cmd.Flags().StringVar(&frames, "frame", "", "only the frame of this number, or of these: 17-20")
	cmd.Flags().BoolVar(&meta, "meta", false, "print the metadata of frames as JSON, not their documents")
	flags.add(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		search.StepBack()
		first, last, err := parseFrames(frames)
		if err != nil {
			return err
		}
		r, segments, err := flags.openSegments(args)
		if err != nil {
			return err
		}
		c := catter{reader: r, first: first, last: last, out: bufio.NewWriter(cmd.OutOrStdout())}
		return errors.Join(c.run(cmd.Context(), segments, meta), c.out.Flush())
	}
	return cmd
}

// parseFrames reads a number or a range of numbers; nothing is all of them.
func parseFrames(s string) (first, last uint64, err error) {
	if s == "" {
		return 0, math.MaxUint64, nil
	}
	from, to, ranged := strings.Cut(s, "-")
	if !ranged {
		to = from
	}
	first, err1 := strconv.ParseUint(from, 10, 64)
	last, err2 := strconv.ParseUint(to, 10, 64)
	if err1 != nil || err2 != nil || first > last {
		return 0, 0, fmt.Errorf("--frame %q: want a number (17) or a range (17-20)", s)
	}
	return first, last, nil
}

// catter prints frames.
type catter struct {
	reader      *journal.Reader
	first, last uint64
	out         *bufio.Writer
}

func (c *catter) run(ctx context.Context, segments []journal.Segment, meta bool) error {
	for _, s := range segments {
		print := c.documents
		if meta {
			print = c.metadata
		}
		if err := print(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

func (c *catter) documents(ctx context.Context, s journal.Segment) error {
	return search.Cat(ctx, c.reader, s, c.first, c.last, func(_ uint64, doc []byte) error {
		c.out.Write(doc)
		// The writer keeps its first error.
		return c.out.WriteByte('\n')
	})
}

func (c *catter) metadata(ctx context.Context, s journal.Segment) error {
	e := json.NewEncoder(c.out)
	_, err := c.reader.Entries(ctx, s, 0, func(entry *journal.Entry) error {
		if entry.Seq < c.first || entry.Seq > c.last {
			return nil
		}
		m, err := c.reader.Meta(s, entry)
		if err != nil {
			return fmt.Errorf("frame %d in %s: %w", entry.Seq, s.Name, err)
		}
		return e.Encode(describeFrame(m))
	})
	return err
}
