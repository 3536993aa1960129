package main

import (
	"cmp"
	"context"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/tailrace/tailrace/exporters/rabbitmq"
	"github.com/tailrace/tailrace/internal/doctor"
	"github.com/tailrace/tailrace/internal/tail"
	"github.com/tailrace/tailrace/internal/vfs"
	"github.com/tailrace/tailrace/pipeline"
	"github.com/tailrace/tailrace/pipeline/config"
	"github.com/tailrace/tailrace/pipeline/journal"
)

// log is a live log file, as two looks compare it. Container is empty for what
// the kubelet does not rotate.
type log struct{ path, container string }

// container is namespace/pod/container of the path identity of a container's
// log, "<namespace>_<pod>_<uid>/<container>/<restart>".
func container(identity string) string {
	parts := strings.Split(identity, "/")
	names := strings.Split(parts[0], "_")
	if len(parts) != 3 || len(names) != 3 {
		return ""
	}
	return names[0] + "/" + names[1] + "/" + parts[1]
}

// note remembers a live log for load.
func (e *examination) note(t *tail.Target) {
	if !t.Compressed && !t.OnlyKnown && !t.Superseded {
		e.live = append(e.live, log{t.Path(), container(t.PathIdentity)})
	}
}

// load compares two looks at the logs with what the kubelet keeps of them, and
// with what the journal holds.
func (e *examination) load(ctx context.Context) []doctor.Finding {
	if e.measure <= 0 {
		return nil
	}
	rates := e.rates(ctx)
	var l doctor.Load
	var writers []doctor.Writer
	for _, f := range e.live {
		l.Rate += rates[f.path]
		if f.container != "" {
			writers = append(writers, doctor.Writer{Name: f.container, Rate: rates[f.path], Behind: e.behind[f.path]})
		}
	}
	var all []doctor.Finding
	if len(writers) > 0 {
		all, l.Rotation = e.rotation(writers)
	}
	j := &e.cfg.Service.Journal
	if j.Promise() != "" {
		return all
	}
	l.Packed = packed(ctx, j.Directory)
	all = append(all, e.disk().Buffers(l))
	if l.Rate > 0 {
		all = append(all, e.queues(&l)...)
	}
	return all
}

// queues are what stands between the journal and other consumers.
func (e *examination) queues(l *doctor.Load) (all []doctor.Finding) {
	for _, p := range e.cfg.Service.Pipelines {
		for _, id := range p.Exporters {
			c := rabbitmq.DefaultConfig()
			// A mistake in it is another check's.
			if id.Type != "rabbitmq" || config.Decode(e.cfg.Exporters[id], &c) != nil {
				continue
			}
			all = append(all, l.Queue(id.String(), int64(c.MaxLengthBytes)))
		}
	}
	return all
}

// rotation also says what the least slack is.
func (e *examination) rotation(writers []doctor.Writer) ([]doctor.Finding, time.Duration) {
	r, err := doctor.ReadRotation(cmp.Or(e.root, "/"))
	if err != nil {
		return []doctor.Finding{doctor.Failed("rotation", err, "mend the kubelet's configuration, or let doctor read it")}, 0
	}
	least := time.Duration(0)
	for _, w := range writers {
		if s := r.Slack(w); w.Rate > 0 && (least == 0 || s < least) {
			least = s
		}
	}
	return r.Check(writers), least
}

// rates are how many bytes a second come to each log.
func (e *examination) rates(ctx context.Context) map[string]float64 {
	before, start := e.sizes(), time.Now()
	wait := time.NewTimer(e.measure)
	defer wait.Stop()
	select {
	case <-wait.C:
	case <-ctx.Done():
	}
	took := time.Since(start).Seconds()
	rates := make(map[string]float64, len(e.live))
	for path, is := range e.sizes() {
		was, known := before[path]
		if !known || was.inode != is.inode {
			// What was added to the file before it was rotated is not known.
			was.size = 0
		}
		rates[path] = float64(max(0, is.size-was.size)) / took
	}
	return rates
}

type extent struct {
	inode uint64
	size  int64
}

func (e *examination) sizes() map[string]extent {
	all := make(map[string]extent, len(e.live))
	for _, f := range e.live {
		st, err := os.Stat(f.path)
		if err != nil {
			continue
		}
		x := extent{size: st.Size()}
		if sys, ok := st.Sys().(*syscall.Stat_t); ok {
			x.inode = sys.Ino
		}
		all[f.path] = x
	}
	return all
}

// unread asks a running agent how far it is behind.
func (e *examination) unread(ctx context.Context) {
	r, err := new(statusCommand).ask(ctx, e.cfg)
	if err != nil {
		return
	}
	e.behind = make(map[string]int64, len(r.Files))
	for i := range r.Files {
		e.behind[r.Files[i].Path] = r.Files[i].Behind()
	}
}

// newest is how many segments are looked at for what a byte of logs takes.
const newest = 2

// packed is how many bytes the newest segments of the journal take for each
// byte of logs in them, 0 when there are none.
func packed(ctx context.Context, directory string) float64 {
	r := journal.NewReader(vfs.ReadOnly(vfs.OS{}), filepath.Join(directory, pipeline.LogsDir))
	segments, err := r.Segments()
	if err != nil || len(segments) == 0 {
		return 0
	}
	var stored, read float64
	for _, s := range segments[max(0, len(segments)-newest):] {
		// What cannot be read does not count.
		_, _ = r.Entries(ctx, s, 0, func(e *journal.Entry) error {
			stored += float64(e.PackedSize)
			read += float64(e.Counts.Bytes)
			return nil
		})
	}
	if read == 0 {
		return 0
	}
	return stored / read
}
