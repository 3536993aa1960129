package kubernetes

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tailrace/tailrace/pipeline/event"
)

// end is how one of a container's lives ended (Kubernetes API,
// ContainerStateTerminated). Times are seconds since the Unix epoch, 0 when not
// known.
type end struct {
	Restart           int
	Reason            string `json:",omitempty"`
	Message           string `json:",omitempty"`
	ExitCode, Signal  int32
	Started, Finished int64
}

const (
	// maxEnds bounds the ends that are kept of a container: the two that a
	// status has, and those before them that were not told of yet.
	maxEnds = 4
	// maxMessage is how long a message may be, in bytes: what the kubelet reads
	// of a termination log (MaxContainerTerminationMessageLength).
	maxMessage = 4096
)

// takeEnds notes those that a status tells of.
func (p *pod) takeEnds(s *corev1.PodStatus) {
	for _, statuses := range [][]corev1.ContainerStatus{s.InitContainerStatuses, s.ContainerStatuses, s.EphemeralContainerStatuses} {
		for i := range statuses {
			if c := p.container(statuses[i].Name); c != nil {
				c.Ends = endsOf(&statuses[i])
			}
		}
	}
}

func (p *pod) container(name string) *container {
	i := slices.IndexFunc(p.Containers, func(c container) bool { return c.Name == name })
	if i < 0 {
		return nil
	}
	return &p.Containers[i]
}

func endsOf(s *corev1.ContainerStatus) (all []end) {
	if t := s.LastTerminationState.Terminated; t != nil && s.RestartCount > 0 {
		all = append(all, endOf(int(s.RestartCount)-1, t))
	}
	if t := s.State.Terminated; t != nil {
		all = append(all, endOf(int(s.RestartCount), t))
	}
	return all
}

func endOf(restart int, t *corev1.ContainerStateTerminated) end {
	return end{
		Restart: restart, Reason: cut(t.Reason, maxValue), Message: cut(strings.TrimSpace(t.Message), maxMessage),
		ExitCode: t.ExitCode, Signal: t.Signal, Started: second(t.StartedAt), Finished: second(t.FinishedAt),
	}
}

// second is a time as the API has it. The zero time and the Unix epoch both say
// that the kubelet does not know it.
func second(t metav1.Time) int64 { return max(0, t.Unix()) }

// keepEnds takes over the ends that an older status told of, and says whether
// there are others now.
func (p *pod) keepEnds(old *pod) (more bool) {
	for i := range p.Containers {
		c, before := &p.Containers[i], []end(nil)
		if old != nil {
			if o := old.container(c.Name); o != nil {
				before = o.Ends
			}
		}
		if slices.Equal(before, c.Ends) {
			continue
		}
		merged := mergeEnds(before, c.Ends)
		more = more || !slices.Equal(before, merged)
		c.Ends = merged
	}
	return more
}

// mergeEnds has one end for each life, the newest ones. What was said first of a
// life stays.
func mergeEnds(before, now []end) []end {
	all := slices.Clone(before)
	for _, e := range now {
		if !slices.ContainsFunc(before, func(o end) bool { return o.Restart == e.Restart }) {
			all = append(all, e)
		}
	}
	slices.SortStableFunc(all, func(a, b end) int { return cmp.Compare(a.Restart, b.Restart) })
	return all[max(0, len(all)-maxEnds):]
}

// Termination is the end of one of a container's lives.
type Termination struct {
	Namespace, Pod, PodUID, Container string
	end
}

// Ended is told when there are other Terminations.
func (s *Pods) Ended() <-chan struct{} { return s.ended }

// TellsTerminations says whether there can be any.
func (s *Pods) TellsTerminations() bool { return s.describe.terminations }

// Terminations are those that the API server has told of pods that are known,
// of each container in the order of its lives.
func (s *Pods) Terminations() (all []Termination) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.pods {
		for i := range p.Containers {
			for _, e := range p.Containers[i].Ends {
				all = append(all, Termination{p.Namespace, p.Name, p.UID, p.Containers[i].Name, e})
			}
		}
	}
	return all
}

// Of is the path of the container in the kubelet's tree of logs.
func (t *Termination) Of() string {
	return t.Namespace + "_" + t.Pod + "_" + t.PodUID + "/" + t.Container
}

const (
	// TerminationEvent is the name of the event that a Termination is.
	TerminationEvent = "k8s.container.terminated"
	// terminations is the dataset.
	terminations = "kubernetes.terminations"
)

// The attributes of a termination. The first three are in the semantic
// conventions ("Process", "Kubernetes"), which have none for the others.
const (
	exitCode       = "process.exit.code"
	statusState    = "k8s.container.status.state"
	statusReason   = "k8s.container.status.reason"
	statusSignal   = "k8s.container.status.signal"
	statusStarted  = "k8s.container.status.started_at"
	statusFinished = "k8s.container.status.finished_at"
)

// Severities of the OpenTelemetry logs data model.
const severityInfo, severityError = 9, 17

// Append makes a record of t, in whole. Its place in its source is the number of
// the life. The API has whole seconds: the record is put at the end of the one
// in which the life ended, behind the last lines of it.
func (t *Termination) Append(b *event.Batch, observed time.Time) {
	text := t.text()
	raw := b.Append(fmt.Appendf(nil, "%s %s %s", text, stamp(t.Started), stamp(t.Finished)))
	b.Records = append(b.Records, event.Record{
		Raw: raw, Line: event.Span{Off: raw.Off, Len: uint32(len(text))},
		Start: int64(t.Restart), End: int64(t.Restart) + 1, Lines: 1, Observed: observed.UnixNano(),
		Severity: severityInfo, SeverityText: event.Const("INFO"), Dataset: terminations,
	})
	r := &b.Records[len(b.Records)-1]
	if t.Finished != 0 {
		r.Time = (t.Finished+1)*int64(time.Second) - 1
	}
	if t.ExitCode != 0 || t.Signal != 0 {
		r.Severity, r.SeverityText = severityError, event.Const("ERROR")
	}
	t.addFields(b, r)
}

func (t *Termination) addFields(b *event.Batch, r *event.Record) {
	b.AddField(r, event.Field{Name: statusState, Value: event.Const("terminated")})
	for _, f := range [][2]string{{statusReason, t.Reason}, {statusStarted, stamp(t.Started)}, {statusFinished, stamp(t.Finished)}} {
		if f[1] != "" {
			b.AddField(r, event.Field{Name: f[0], Value: event.Text(b.Append([]byte(f[1])))})
		}
	}
	b.AddField(r, event.Field{Name: exitCode, Value: event.Int(int64(t.ExitCode))})
	if t.Signal != 0 {
		b.AddField(r, event.Field{Name: statusSignal, Value: event.Int(int64(t.Signal))})
	}
}

// text is the body.
func (t *Termination) text() string {
	s := fmt.Sprintf("container %s of pod %s/%s terminated: ", t.Container, t.Namespace, t.Pod)
	if t.Reason != "" {
		s += t.Reason + ", "
	}
	s += fmt.Sprintf("exit code %d", t.ExitCode)
	if t.Signal != 0 {
		s += fmt.Sprintf(", signal %d", t.Signal)
	}
	s += fmt.Sprintf(", restart %d", t.Restart)
	if t.Message != "" {
		s += ": " + t.Message
	}
	return s
}

// stamp is "" for a time that is not known.
func stamp(at int64) string {
	if at == 0 {
		return ""
	}
	return time.Unix(at, 0).UTC().Format(time.RFC3339)
}
