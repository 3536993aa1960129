package pipeline

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/tailrace/tailrace/internal/tail"
	"github.com/tailrace/tailrace/internal/telemetry"
	"github.com/tailrace/tailrace/internal/vfs"
	"github.com/tailrace/tailrace/pipeline/config"
	"github.com/tailrace/tailrace/pipeline/event"
	"github.com/tailrace/tailrace/processors/kubernetes"
)

// MetadataDir is where what the Kubernetes API has said of pods is kept.
const MetadataDir = "kubernetes"

// openMetadata makes what all lanes' instances of the processor kubernetes
// share, if the pipeline has one.
func (a *Agent) openMetadata(context.Context) error {
	for _, id := range a.conf.Processors {
		if id.Type != kubernetesType {
			continue
		}
		if a.metadata != nil {
			return fmt.Errorf("processor %s: another one of its type is in the pipeline: put what both extract into one", id)
		}
		var err error
		if a.metadata, err = a.newMetadata(a.cfg.Processors[id]); err != nil {
			return fmt.Errorf("processor %s: %w", id, err)
		}
	}
	return nil
}

const kubernetesType = "kubernetes"

func (a *Agent) newMetadata(section config.Section) (*kubernetes.Pods, error) {
	o := kubernetes.Options{
		Node: a.node, FS: vfs.OS{}, UserAgent: "tailrace/" + a.opts.Version, Logger: a.log, Check: a.checkSettings,
		Labels: routedLabels(a.cfg.Service.Routes),
	}
	if a.cfg.Service.Node == "" && os.Getenv("NODE_NAME") == "" {
		a.log.Warn("what this node is called in Kubernetes is not said, so it is taken for the host's name; if it is another one, no pod gets metadata",
			"node", a.node, "cure", "set NODE_NAME from spec.nodeName in the pod, or service.node")
	}
	// Without the lock the directory is somebody else's, or cannot be written.
	if a.hold.lock != nil {
		o.File = filepath.Join(a.cfg.Service.Journal.Directory, MetadataDir, "pods.json")
	}
	return build(section, kubernetes.DefaultConfig(), func(c kubernetes.Config) (*kubernetes.Pods, error) {
		return kubernetes.New(c, o)
	})
}

// followMetadata keeps what is known of pods up to date until ctx ends.
func (a *Agent) followMetadata(ctx context.Context) {
	if a.metadata != nil {
		a.metadata.Run(ctx, a.engine)
	}
}

// openTerminations makes the lane that tells of the ends of containers.
func (a *Agent) openTerminations() error {
	if a.metadata == nil || !a.metadata.TellsTerminations() || len(a.podLogs) == 0 {
		return nil
	}
	r := &terminations{
		ends: a.metadata, positions: a.checkpoint, source: a.logOf, node: a.node,
		lost: a.checkpoint.Lost(), behind: a.positionsBehind(), start: a.started,
	}
	l, err := a.laneOver(r.begin(), "the lane of terminations")
	if err != nil {
		return err
	}
	r.onOpen, r.onClose = l.openSource, l.closeSource
	a.terminations, a.lanes = r, append(a.lanes, l)
	return nil
}

// logOf describes the log of a life that has ended. Nothing is told of a life
// whose log is not read: it is excluded, or of before where reading begins.
func (a *Agent) logOf(t *kubernetes.Termination) (src event.Source, when verdict) {
	log := tail.Target{PathIdentity: t.Of() + "/" + strconv.Itoa(t.Restart)}
	for _, r := range a.podLogs {
		if r.Excludes(t.Namespace, t.Pod, t.Container) != "" || !a.isRead(r.Start(), &log, t) {
			continue
		}
		if src = r.Describe(&log); !a.metadata.Ready(&src) {
			return src, later
		}
		src = a.withSettings(r).Describe(&log)
		src.Class, src.EventName = cmp.Or(src.Class, tail.DefaultClass), kubernetes.TerminationEvent
		if rule, until := a.metadata.Excluded(log.PathIdentity); rule != "" || t.Finished*int64(time.Second) < until {
			return src, never
		}
		return src, now
	}
	return src, never
}

// isRead says whether a life has ended behind where reading begins, or its
// container is known to have been read or told of before.
func (a *Agent) isRead(begin tail.Start, log *tail.Target, t *kubernetes.Termination) bool {
	since := begin.Since
	if begin.End {
		since = a.started
	}
	return since.IsZero() || t.Finished >= since.Unix() || a.knows(log.PathIdentity) || a.knows(event.TerminationsOf(t.Of()))
}

func (a *Agent) knows(pathIdentity string) bool { return len(a.checkpoint.Find(pathIdentity)) > 0 }

// newMetadataProcessor is a lane's instance.
func (a *Agent) newMetadataProcessor() (Processor, error) {
	if a.metadata == nil {
		return nil, errors.New("what is known of pods was not opened")
	}
	return a.metadata.Processor(), nil
}

func (a *Agent) collectMetadata(e telemetry.Emit) {
	if a.metadata == nil {
		return
	}
	f := a.metadata.Figures()
	e.Value(metadataPods, float64(f.Pods), "present")
	e.Value(metadataPods, float64(f.Gone), "gone")
	e.Value(metadataPods, float64(f.Unknown), "unknown")
	e.Value(metadataMissed, float64(f.Missed))
	e.Value(metadataWaited, f.Waited.Seconds())
	e.Value(metadataFailures, float64(f.Failures))
	e.Value(badAnnotations, float64(f.BadAnnotations))
	e.Value(metadataWatching, number(f.Watching))
	if a.terminations != nil {
		e.Value(terminationsTold, float64(a.terminations.count.Load()))
	}
}
