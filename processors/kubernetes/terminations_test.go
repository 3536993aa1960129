package kubernetes

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tailrace/tailrace/pipeline/event"
)

// ended is the state of a life that ended some seconds after created.
func ended(code int32, reason string, after time.Duration) corev1.ContainerState {
	return corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{
		ExitCode: code, Reason: reason, StartedAt: metav1.NewTime(created), FinishedAt: metav1.NewTime(created.Add(after)),
	}}
}

// podWith has one container, c, with a status.
func podWith(s corev1.ContainerStatus) *corev1.Pod {
	p := podOwnedBy("", "", "", nil)
	p.Spec.Containers = []corev1.Container{{Name: "c"}}
	s.Name = "c"
	p.Status.ContainerStatuses = []corev1.ContainerStatus{s}
	return p
}

// said are the terminations, in short.
func (s *Pods) said() (all []string) {
	for _, t := range s.Terminations() {
		all = append(all, fmt.Sprintf("%s/%d %s %d", t.Container, t.Restart, t.Reason, t.ExitCode))
	}
	return all
}

func TestEndsAreThoseOfAllKindsOfContainers(t *testing.T) {
	p := podWith(corev1.ContainerStatus{RestartCount: 3, LastTerminationState: ended(1, "Error", time.Second), State: ended(137, "OOMKilled", time.Minute)})
	p.Spec.InitContainers = []corev1.Container{{Name: "init"}}
	p.Status.InitContainerStatuses = []corev1.ContainerStatus{{Name: "init", State: ended(0, "Completed", time.Second)}}
	p.Spec.EphemeralContainers = []corev1.EphemeralContainer{{EphemeralContainerCommon: corev1.EphemeralContainerCommon{Name: "debug"}}}
	p.Status.EphemeralContainerStatuses = []corev1.ContainerStatus{
		{Name: "debug", State: ended(130, "Error", time.Second)},
		{Name: "not in the specification", State: ended(1, "Error", time.Second)},
	}
	s, _ := newPods(t, "", nil)
	s.learn(t, p)
	want := []string{"init/0 Completed 0", "c/2 Error 1", "c/3 OOMKilled 137", "debug/0 Error 130"}
	if diff := cmp.Diff(want, s.said()); diff != "" {
		t.Error(diff)
	}
}

func TestEndsAreKeptUntilThePodIsForgotten(t *testing.T) {
	file := filepath.Join(t.TempDir(), "pods.json")
	s, l := newPods(t, file, nil)
	running := corev1.ContainerStatus{State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}}
	s.learn(t, podWith(running))
	for restart := range int32(6) {
		running.RestartCount, running.LastTerminationState = restart+1, ended(restart, "Error", time.Second)
		s.learn(t, podWith(running))
		// The API server's cache may be behind what another one has said.
		s.learn(t, podWith(corev1.ContainerStatus{RestartCount: restart, State: ended(99, "Unknown", time.Second)}))
	}
	want := []string{"c/2 Error 2", "c/3 Error 3", "c/4 Error 4", "c/5 Error 5"}
	if diff := cmp.Diff(want, s.said()); diff != "" {
		t.Error(diff)
	}
	if len(l.refreshed) != 1 {
		t.Errorf("the logs were described anew for it: %v", l.refreshed)
	}
	last := podWith(corev1.ContainerStatus{RestartCount: 6, State: ended(143, "Error", time.Minute)})
	if err := (store{s}).Delete(last); err != nil {
		t.Fatal(err)
	}
	s.save()
	s, l = newPods(t, file, nil)
	want = append(want[1:], "c/6 Error 143")
	if diff := cmp.Diff(want, s.said()); diff != "" {
		t.Error(diff)
	}
	s.sweep(time.Now().Add(time.Hour))
	select {
	case <-s.Ended():
	default:
		t.Error("nobody is told that they are forgotten")
	}
	if got := s.said(); got != nil || l.refreshed != nil {
		t.Errorf("still known are %v", got)
	}
}

func TestNothingIsToldThatIsTurnedOff(t *testing.T) {
	s, _ := newPods(t, "", func(c *Config) { c.Terminations = false })
	s.learn(t, podWith(corev1.ContainerStatus{State: ended(1, "Error", time.Second)}))
	if got := s.said(); got != nil || s.TellsTerminations() {
		t.Error(got)
	}
}

func TestATerminationIsARecord(t *testing.T) {
	const at = 1_772_705_472
	long := strings.Repeat("x", 2*maxMessage)
	for _, tt := range []struct {
		end  end
		body string
		want string
	}{
		{
			end{Restart: 3, Reason: "OOMKilled", ExitCode: 137, Started: at - 5, Finished: at},
			"terminated: OOMKilled, exit code 137, restart 3",
			"ERROR 17 @1772705472.999999999 k8s.container.status.state=terminated k8s.container.status.reason=OOMKilled " +
				"k8s.container.status.started_at=2026-03-05T10:11:07Z k8s.container.status.finished_at=2026-03-05T10:11:12Z process.exit.code=137",
		}, {
			end{Reason: "Completed", Finished: at}, "terminated: Completed, exit code 0, restart 0",
			"INFO 9 @1772705472.999999999 k8s.container.status.state=terminated k8s.container.status.reason=Completed " +
				"k8s.container.status.finished_at=2026-03-05T10:11:12Z process.exit.code=0",
		}, {
			end{Signal: 9, Message: "no\nconfig"}, "terminated: exit code 0, signal 9, restart 0: no\nconfig",
			"ERROR 17 @0.000000000 k8s.container.status.state=terminated process.exit.code=0 k8s.container.status.signal=9",
		}, {
			endOf(1, &corev1.ContainerStateTerminated{ExitCode: 1, Message: " " + long}), "terminated: exit code 1, restart 1: " + long[:maxMessage],
			"ERROR 17 @0.000000000 k8s.container.status.state=terminated process.exit.code=1",
		},
	} {
		var b event.Batch
		term := Termination{"shop", "web-1", "uid", "app", tt.end}
		term.Append(&b, time.Unix(at+7, 0))
		r := &b.Records[0]
		if body := string(b.Bytes(r.Line)); body != "container app of pod shop/web-1 "+tt.body {
			t.Errorf("body %q", body)
		}
		got := fmt.Sprintf("%s %d @%d.%09d", r.SeverityText.Const, r.Severity, r.Time/1e9, r.Time%1e9)
		for _, f := range b.FieldsOf(r) {
			value := f.Value.Const + string(b.Bytes(f.Value.Span))
			if f.Value.Kind == event.KindInt {
				value = fmt.Sprint(f.Value.Num)
			}
			got += " " + f.Name + "=" + value
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Error(diff)
		}
		if r.Start != int64(tt.end.Restart) || r.End != r.Start+1 || r.Lines != 1 || r.Dataset != "kubernetes.terminations" {
			t.Errorf("%+v", r)
		}
	}
}
