package main

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tailrace/tailrace/internal/render"
	"github.com/tailrace/tailrace/internal/tail/cri"
	"github.com/tailrace/tailrace/internal/tail/dockerjson"
	"github.com/tailrace/tailrace/pipeline"
	"github.com/tailrace/tailrace/pipeline/config"
	"github.com/tailrace/tailrace/pipeline/encode"
	"github.com/tailrace/tailrace/pipeline/event"
	"github.com/tailrace/tailrace/pipeline/frame"
	"github.com/tailrace/tailrace/processors/parse"
	"github.com/tailrace/tailrace/processors/redact"
)

func newParseCommand() *cobra.Command {
	var x explainer
	var output, zone string
	cmd := &cobra.Command{
		Use:     "parse [FILE…]",
		GroupID: groupSearch,
		Short:   "Show how lines are understood, and the documents made of them",
		Long: `Parse reads lines from files or standard input and shows, for each: the format
that explains it, every format tried before and the column of its first
mismatch (in the redacted line), what was redacted or not believed, and the document that Elasticsearch
would get. Each line is looked at by itself, as the first of a container. Lines
as a container runtime writes them (time, stream and tag, or Docker's JSON) are
taken apart first.

With --log-format lines are read by the layout that is given in the server's own
words (nginx's log_format, Apache's LogFormat, Envoy's text_format, HAProxy's
log-format), and the first byte that does not fit is pointed at. The same text
goes into the key log_format of a files receiver.

With --config the formats that service.formats defines can be named too, and
lines that do not fit are pointed at in the same way. Times that name no zone
are read as service.timezone or --timezone say, and redacted is what the
pipeline's processor redact says; without --config it is credentials.`,
		Example: `  echo '{"level":"info","msg":"hi"}' | tailrace parse
  tailrace parse --format nginx access.log
  tailrace parse --config config.yaml --format shop shop.log
  tailrace parse --config config.yaml app.log | grep 'redacted by rule'
  tailrace parse --log-format '$remote_addr [$time_local] "$request" $status rt=$request_time' access.log
  head /var/log/pods/shop_*/*/0.log | tailrace parse -o json | jq .attributes`,
	}
	cmd.Flags().StringVar(&x.format, "format", parse.FormatAuto, "the lines' `FORMAT`, or auto to recognise it")
	cmd.Flags().StringVar(&x.layout, "log-format", "", "the access log's `LAYOUT` as the server's configuration has it")
	cmd.Flags().StringVar(&zone, "timezone", "", "`ZONE` of times that name none, such as Europe/Berlin")
	uris := configFlag(cmd)
	cmd.Flags().StringVarP(&output, "output", "o", "text", "text, or json for the documents alone")
	cmd.RunE = func(cmd *cobra.Command, files []string) error {
		if err := x.configure(*uris, zone); err != nil {
			return troubleError{err}
		}
		if cmd.Flags().Changed("log-format") && strings.TrimSpace(x.layout) == "" {
			return troubleError{errors.New("--log-format: it is empty: paste the server's own format, such as '$remote_addr [$time_local] \"$request\"', in single quotes, in which the shell leaves $ alone")}
		}
		if err := parse.CheckLayout(x.format, x.layout); err != nil {
			return troubleError{fmt.Errorf("--log-format: %w", err)}
		}
		if output != "text" && output != "json" {
			return troubleError{fmt.Errorf("--output: %q is neither text nor json", output)}
		}
		x.out, x.documentsOnly, x.now = bufio.NewWriter(cmd.OutOrStdout()), output == "json", time.Now
		return errors.Join(x.run(cmd.InOrStdin(), files), x.out.Flush())
	}
	return cmd
}

// configure takes from a configuration what lines are read and redacted by.
// Without one, no format is defined and credentials are redacted.
func (x *explainer) configure(uris []string, zone string) error {
	cfg := new(config.Config)
	var err error
	if len(uris) > 0 {
		if cfg, err = loadConfig(uris); err != nil {
			return err
		}
	}
	service := cfg.Service
	service.Timezone = cmp.Or(zone, service.Timezone)
	if x.zone, err = service.Location(); err != nil {
		return fmt.Errorf("--timezone: %w", err)
	}
	if x.custom, err = parse.Compile(service.Formats); err != nil {
		return fmt.Errorf("service.formats.%w", err)
	}
	if err = parse.CheckFormat(x.format, slices.Collect(maps.Keys(x.custom))...); err != nil {
		return fmt.Errorf("--format: %w", err)
	}
	var processors []config.ID
	for _, p := range service.Pipelines {
		processors = p.Processors
	}
	x.redactor, err = pipeline.NewRedactor(cfg, processors, nil)
	return err
}

// maxParseLine is the longest line that parse takes: the agent cuts there too.
const maxParseLine = 1 << 20

// explainer shows line after line what the parser makes of it.
type explainer struct {
	out           *bufio.Writer
	format        string
	layout        string
	documentsOnly bool
	now           func() time.Time
	// zone and custom are those of the parser.
	zone   *time.Location
	custom parse.Custom

	cri      cri.Parser
	docker   dockerjson.Parser
	lines    int
	redactor *redact.Processor
	encoder  *encode.Encoder
	builder  *frame.Builder
}

// run reads the files, or in when there are none.
func (x *explainer) run(in io.Reader, files []string) error {
	x.encoder, x.builder = encode.New(encode.Options{}), frame.NewBuilder(1)
	if len(files) == 0 {
		return x.read("standard input", in)
	}
	for _, name := range files {
		f, err := os.Open(name)
		if err != nil {
			return err
		}
		err = x.read(name, f)
		if err = errors.Join(err, f.Close()); err != nil {
			return err
		}
	}
	return nil
}

func (x *explainer) read(name string, in io.Reader) error {
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, maxParseLine)
	lines.Split(splitLines)
	for lines.Scan() {
		if err := x.line(lines.Bytes()); err != nil {
			return err
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("%s: line %d: %w", name, x.lines+1, err)
	}
	return nil
}

// splitLines is bufio.ScanLines without taking a carriage return off.
func splitLines(data []byte, atEOF bool) (int, []byte, error) {
	if i := bytes.IndexByte(data, '\n'); i >= 0 {
		return i + 1, data[:i], nil
	}
	if atEOF && len(data) > 0 {
		return len(data), data, nil
	}
	return 0, nil, nil
}

// line explains one line.
func (x *explainer) line(text []byte) error {
	x.lines++
	src := &event.Source{Container: "parse", Settings: event.Settings{Format: x.format, LogFormat: x.layout}}
	b := x.batch(src, text)
	taken := x.redactor.Explain(b, 0)
	x.redactor.Close(src)
	p := parse.New(parse.Options{Location: x.zone, Custom: x.custom})
	p.Open(src)
	e := p.Explain(b, 0)
	document, err := x.document(b)
	if err != nil {
		return err
	}
	if x.documentsOnly {
		_, err = x.out.Write(append(document, '\n'))
		return err
	}
	for _, t := range taken {
		e.Notes = append(e.Notes, fmt.Sprintf("redacted by rule %s at column %d", t.Rule, t.Column))
	}
	return x.print(b, &e, document)
}

// batch holds the one line as the tailer would hand it over. A line with a
// runtime's time counts as read at that time, so that what is shown does not
// depend on when it is shown.
func (x *explainer) batch(src *event.Source, text []byte) *event.Batch {
	b := new(event.Batch)
	b.Reset(src)
	r := event.Record{Raw: b.Append(text), Lines: 1, End: int64(len(text)) + 1, Observed: x.now().UnixNano()}
	r.Line = r.Raw
	x.unwrap(b, text, &r)
	b.Records = append(b.Records, r)
	return b
}

// unwrap takes off what a container runtime wrote around the line. An
// application may log an object with Docker's keys but for the stream.
func (x *explainer) unwrap(b *event.Batch, text []byte, r *event.Record) {
	var l cri.Line
	if x.cri.Parse(text, &l) {
		r.Time, r.Observed, r.Stream = l.Time, l.Time, l.Stream
		r.Line = event.Span{Off: r.Raw.Off + uint32(l.Content), Len: r.Raw.Len - uint32(l.Content)}
		return
	}
	var d dockerjson.Line
	if x.docker.Parse(text, &d) && d.Stream != event.StreamNone {
		r.Time, r.Observed, r.Stream = d.Time, d.Time, d.Stream
		r.Line = b.Append(dockerjson.AppendContent(nil, text[d.Content:d.ContentEnd]))
	}
}

// document is what the encoder makes of the line.
func (x *explainer) document(b *event.Batch) ([]byte, error) {
	x.encoder.Open(b.Source)
	x.encoder.Encode(b, x.builder)
	x.encoder.Close(b.Source)
	sealed := x.builder.Seal(frame.Meta{})
	defer sealed.Release()
	plain, err := frame.Inflate(nil, sealed.Payload, &sealed.Meta)
	if err != nil {
		return nil, err
	}
	for _, d := range frame.Documents(plain) {
		return d.Source, nil
	}
	return nil, errors.New("the line left no document")
}

// givenFormat is the format of lines with a layout of their own.
const givenFormat = "log_format"

// printTried shows the formats that did not match, those together that failed
// at the same byte for the same reason.
func (x *explainer) printTried(b *event.Batch, tried []parse.Mismatch) {
	head := "  not "
	for i, t := range tried {
		fmt.Fprint(x.out, head, t.Format)
		head = ", "
		if i+1 == len(tried) || !sameMismatch(t, tried[i+1]) {
			fmt.Fprintf(x.out, ": column %d: %s\n", t.Column, t.Reason)
			head = "  not "
		}
		given := i == 0 && (t.Format == givenFormat || x.custom[x.format] != nil && t.Wanted != "")
		if given || x.layout != "" && t.Column > 1 {
			printCaret(x.out, b.Bytes(b.Records[0].Line), t)
		}
	}
}

func sameMismatch(a, b parse.Mismatch) bool { return a.Column == b.Column && a.Reason == b.Reason }

// print shows all that is known about the line.
func (x *explainer) print(b *event.Batch, e *parse.Explanation, document []byte) error {
	fmt.Fprintf(x.out, "line %d: %s\n", x.lines, e.Format)
	if b.Records[0].Stream != event.StreamNone {
		fmt.Fprintf(x.out, "  written by a container runtime, from %s\n", b.Records[0].Stream)
	}
	if e.Reason != "" {
		fmt.Fprintf(x.out, "  stays text: %s\n", e.Reason)
	}
	x.printTried(b, e.Tried)
	for _, n := range e.Notes {
		fmt.Fprintf(x.out, "  note: %s\n", render.Escape(nil, []byte(n)))
	}
	var indented bytes.Buffer
	if err := json.Indent(&indented, document, "  ", "  "); err != nil {
		return fmt.Errorf("the document of line %d is not JSON, please report this: %w", x.lines, err)
	}
	for l := range bytes.Lines(indented.Bytes()) {
		l = bytes.TrimSuffix(l, []byte("\n"))
		if _, err := fmt.Fprintf(x.out, "  %s\n", render.Escape(nil, bytes.TrimPrefix(l, []byte("  ")))); err != nil {
			return err
		}
	}
	return nil
}
