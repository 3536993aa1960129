package kubernetes

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// created is when the pods of the tests were made: 29,376,611 minutes since the
// Unix epoch.
var created = time.Date(2025, 11, 8, 10, 11, 12, 0, time.UTC)

func podOwnedBy(apiVersion, kind, name string, labels map[string]string) *corev1.Pod {
	p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{
		Namespace: "shop", Name: "pod-1", UID: "uid", Labels: labels, CreationTimestamp: metav1.NewTime(created),
	}}
	if kind != "" {
		yes := true
		p.OwnerReferences = []metav1.OwnerReference{
			{APIVersion: "v1", Kind: "ConfigMap", Name: "no controller"},
			{APIVersion: apiVersion, Kind: kind, Name: name, Controller: &yes},
		}
	}
	return p
}

// everything extracts all metadata.
func everything(change func(*Extract)) *describer {
	c := &Config{Extract: Extract{Metadata: known}, Terminations: true}
	if change != nil {
		change(&c.Extract)
	}
	return newDescriber(c, new(Options))
}

func listed(p *pod, container string, restart int) []string {
	var all []string
	for _, a := range p.attributes(container, restart) {
		all = append(all, a.Name+"="+a.Value)
	}
	slices.Sort(all)
	return all
}

func TestAPodsWorkloadIsKnownByNames(t *testing.T) {
	hash := map[string]string{"pod-template-hash": "6d4cf56db6"}
	cronJob := fmt.Sprintf("report-%d", created.Unix()/60)
	for _, tt := range []struct {
		name string
		pod  *corev1.Pod
		want string
	}{
		{"deployment", podOwnedBy("apps/v1", "ReplicaSet", "web-6d4cf56db6", hash),
			`k8s.deployment.name="web" k8s.replicaset.name="web-6d4cf56db6" service.name="web"`},
		{"replica set of nobody", podOwnedBy("apps/v1", "ReplicaSet", "web-6d4cf56db6", nil),
			`k8s.replicaset.name="web-6d4cf56db6" service.name="web-6d4cf56db6"`},
		{"replica set of somebody else", podOwnedBy("apps/v1", "ReplicaSet", "web-7", hash),
			`k8s.replicaset.name="web-7" service.name="web-7"`},
		{"stateful set", podOwnedBy("apps/v1", "StatefulSet", "db", nil), `k8s.statefulset.name="db" service.name="db"`},
		{"daemon set", podOwnedBy("apps/v1", "DaemonSet", "proxy", nil), `k8s.daemonset.name="proxy" service.name="proxy"`},
		{"cronjob", podOwnedBy("batch/v1", "Job", cronJob, nil),
			`k8s.cronjob.name="report" k8s.job.name="` + cronJob + `" service.name="report"`},
		{"cronjob of an old cluster", podOwnedBy("batch/v1", "Job", fmt.Sprint("report-", created.Unix()), nil),
			fmt.Sprintf(`k8s.cronjob.name="report" k8s.job.name="report-%d" service.name="report"`, created.Unix())},
		{"job", podOwnedBy("batch/v1", "Job", "import", nil), `k8s.job.name="import" service.name="import"`},
		{"job with a date", podOwnedBy("batch/v1", "Job", "import-20251108", nil), `k8s.job.name="import-20251108" service.name="import-20251108"`},
		{"somebody's own kind", podOwnedBy("example.com/v1", "ReplicaSet", "web-6d4cf56db6", hash), `service.name="pod-1"`},
		{"nobody", podOwnedBy("", "", "", nil), `service.name="pod-1"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := strings.Join(listed(everything(nil).pod(tt.pod), "c", 0), " "); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestAServiceIsWhatPeopleCallIt(t *testing.T) {
	p := podOwnedBy("apps/v1", "StatefulSet", "db", map[string]string{})
	p.Spec.Containers = []corev1.Container{{Name: "db", Image: "postgres:17"}}
	for _, step := range []struct {
		set  func()
		want string
	}{
		{func() {}, `service.name="db" service.version="17"`},
		{func() { p.Labels["app.kubernetes.io/name"] = "postgres" }, `service.name="postgres" service.version="17"`},
		{func() { p.Labels["app.kubernetes.io/instance"] = "orders-db" }, `service.name="orders-db" service.version="17"`},
		{func() { p.Labels["app.kubernetes.io/version"] = "17.2" }, `service.name="orders-db" service.version="17.2"`},
		{func() {
			p.Annotations = map[string]string{
				"resource.opentelemetry.io/service.name": "orders", "resource.opentelemetry.io/service.version": "3",
				"resource.opentelemetry.io/service.namespace": "sales", "resource.opentelemetry.io/service.instance.id": "a",
			}
		}, `service.instance.id="a" service.name="orders" service.namespace="sales" service.version="3"`},
	} {
		step.set()
		services := slices.DeleteFunc(listed(everything(nil).pod(p), "db", 0), func(a string) bool { return !strings.HasPrefix(a, "service.") })
		if got := strings.Join(services, " "); got != step.want {
			t.Errorf("got  %s\nwant %s", got, step.want)
		}
	}
}

func TestEveryKindOfContainerIsDescribed(t *testing.T) {
	p := podOwnedBy("", "", "", nil)
	p.Status.StartTime = &metav1.Time{Time: created}
	p.Status.PodIP = "10.1.2.3"
	p.Spec.InitContainers = []corev1.Container{{Name: "init", Image: "busybox"}}
	p.Spec.Containers = []corev1.Container{{Name: "web", Image: "registry:5000/shop/web:1.4@sha256:0123"}}
	p.Spec.EphemeralContainers = []corev1.EphemeralContainer{{
		EphemeralContainerCommon: corev1.EphemeralContainerCommon{Name: "debug", Image: "registry:5000/debug"},
	}}
	p.Status.ContainerStatuses = []corev1.ContainerStatus{{
		Name: "web", RestartCount: 2, ContainerID: "containerd://ccc",
		LastTerminationState: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ContainerID: "containerd://bbb"}},
	}}
	d := everything(nil)
	ofPod := []string{`k8s.pod.ip="10.1.2.3"`, `k8s.pod.start_time="2025-11-08T10:11:12Z"`, `service.name="pod-1"`}
	for _, tt := range []struct {
		container string
		restart   int
		want      []string
	}{
		{"init", 0, []string{`container.image.name="busybox"`}},
		{"debug", 0, []string{`container.image.name="registry:5000/debug"`}},
		{"web", 0, []string{`container.image.name="registry:5000/shop/web"`, `container.image.tags=["1.4"]`, `service.version="1.4"`}},
		{"web", 1, []string{`container.id="bbb"`, `container.image.name="registry:5000/shop/web"`, `container.image.tags=["1.4"]`, `service.version="1.4"`}},
		{"web", 2, []string{`container.id="ccc"`, `container.image.name="registry:5000/shop/web"`, `container.image.tags=["1.4"]`, `service.version="1.4"`}},
		{"unheard-of", 0, nil},
	} {
		want := append(slices.Clone(ofPod), tt.want...)
		slices.Sort(want)
		if diff := cmp.Diff(want, listed(d.pod(p), tt.container, tt.restart)); diff != "" {
			t.Errorf("%s %d: %s", tt.container, tt.restart, diff)
		}
	}
}

func TestOnlyWhatIsConfiguredIsKept(t *testing.T) {
	p := podOwnedBy("apps/v1", "ReplicaSet", "web-5", map[string]string{"tier": "front", "a/b": "c"})
	p.Annotations = map[string]string{"note.io/x": "1", "note.io/y": "2", "long": strings.Repeat("ä", maxValue)}
	for i := range 2 * maxFields {
		p.Annotations[fmt.Sprint("many-", i)] = "v"
	}
	d := newDescriber(&Config{Extract: Extract{
		Labels:      []Field{{Key: "a/b"}, {Key: "tier", TagName: "tier"}, {Key: "tier", From: fromNamespace}},
		Annotations: []Field{{KeyRegex: `note\.io/(.)`, TagName: "note.$1"}, {Key: "long"}},
	}}, new(Options))
	want := []string{
		`k8s.pod.annotation.long="` + strings.Repeat("ä", maxValue/2) + `"`, `k8s.pod.label.a/b="c"`, `note.x="1"`, `note.y="2"`, `tier="front"`,
	}
	if diff := cmp.Diff(want, listed(d.pod(p), "c", 0)); diff != "" {
		t.Error(diff)
	}
	greedy := newDescriber(&Config{Extract: Extract{Annotations: []Field{{KeyRegex: ".*"}}}}, new(Options))
	if got := listed(greedy.pod(p), "c", 0); len(got) != maxFields {
		t.Errorf("%d attributes are kept, want %d", len(got), maxFields)
	}
	ofNamespace := d.namespace(&metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"tier": "all"}}}).Attributes
	if len(ofNamespace) != 1 || ofNamespace[0].Name != "k8s.namespace.label.tier" {
		t.Errorf("of the namespace: %v", ofNamespace)
	}
}

func TestHostileAnnotationsStayText(t *testing.T) {
	p := podOwnedBy("", "", "", nil)
	p.Annotations = map[string]string{"a": "\x1b[31m\"}\n{../\xff\u2028", "resource.opentelemetry.io/service.name": strings.Repeat("\"", 4096)}
	d := everything(func(e *Extract) { e.Annotations = []Field{{Key: "a"}} })
	for _, a := range d.pod(p).attributes("c", 0) {
		var value string
		if err := json.Unmarshal([]byte(a.Value), &value); err != nil || len(value) > maxValue {
			t.Errorf("%s: %v, %d bytes", a.Name, err, len(value))
		}
		if strings.ContainsFunc(a.Value, unicode.IsControl) {
			t.Errorf("%s has control characters: %q", a.Name, a.Value)
		}
	}
}

func TestValidateNamesTheKey(t *testing.T) {
	for want, change := range map[string]func(*Config){
		`endpoint: "10.0.0.1" is no address`:               func(c *Config) { c.Endpoint = "10.0.0.1" },
		`wait_for_metadata_timeout: must be from 0`:        func(c *Config) { c.Wait = time.Hour },
		`extract.metadata: there is no "k8s.deployment"`:   func(c *Config) { c.Extract.Metadata = []string{"k8s.deployment"} },
		`extract.labels[0]: needs one of key and key`:      func(c *Config) { c.Extract.Labels = []Field{{Key: "a", KeyRegex: "b"}} },
		`extract.annotations[1]: from must be pod or name`: func(c *Config) { c.Extract.Annotations = []Field{{Key: "a"}, {Key: "a", From: "node"}} },
		`annotations: there is no tailrace.io/exlude`:      func(c *Config) { c.Annotations = []string{"exlude"} },
		`extract.labels[0]: key_regex: error parsing`:      func(c *Config) { c.Extract.Labels = []Field{{KeyRegex: "("}} },
	} {
		c := DefaultConfig()
		if err := c.Validate(); err != nil {
			t.Fatalf("the default: %v", err)
		}
		change(&c)
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}
