package kubernetes

import (
	"maps"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tailrace/tailrace/pipeline/event"
)

// pod is what is kept of a pod: its attributes as they go into documents.
type pod struct {
	// UID is the one in the names of its log directories.
	UID, Namespace, Name string
	Attributes           []event.Attr
	Containers           []container
	// Wishes are what its annotations want, Problems what is wrong with them.
	Wishes   wishes
	Problems []Problem `json:",omitempty"`
	// Labels are those of Options.Labels.
	Labels map[string]string `json:",omitempty"`
	// Lifted is when containers were excluded last, ns since the Unix epoch.
	Lifted map[string]int64 `json:",omitempty"`
	// Gone says that the API server does not have it any more.
	Gone bool
	// gone is since when.
	gone time.Time
}

// container is a container's own part.
type container struct {
	Name       string
	Attributes []event.Attr
	// IDs are those of its runs that are known.
	IDs []run `json:",omitempty"`
	// Ends are those of its lives that its status told of, the oldest first.
	Ends []end `json:",omitempty"`
}

// run is one of a container's lives.
type run struct {
	Restart int
	ID      string
}

// equals compares what goes into documents.
func (p *pod) equals(q *pod) bool {
	return p.Namespace == q.Namespace && slices.Equal(p.Attributes, q.Attributes) &&
		p.Wishes.equals(&q.Wishes) && slices.Equal(p.Problems, q.Problems) && maps.Equal(p.Labels, q.Labels) && maps.Equal(p.Lifted, q.Lifted) &&
		slices.EqualFunc(p.Containers, q.Containers, func(a, b container) bool {
			return a.Name == b.Name && slices.Equal(a.Attributes, b.Attributes) && slices.Equal(a.IDs, b.IDs)
		})
}

// describer makes pods of what the API server says, by a configuration.
type describer struct {
	metadata                  []string
	podLabels, podAnnotations []field
	// terminations says whether the ends of containers are told of.
	terminations                          bool
	namespaceLabels, namespaceAnnotations []field
	// keys are the annotations that are followed, check and labels those of
	// Options.
	keys   []string
	check  func(event.Settings) error
	labels Labels
}

func newDescriber(c *Config, o *Options) *describer {
	e := &c.Extract
	return &describer{
		metadata: e.Metadata, terminations: c.Terminations, keys: c.Annotations, check: o.Check, labels: o.Labels,
		podLabels: compile(e.Labels, fromPod, "label"), podAnnotations: compile(e.Annotations, fromPod, "annotation"),
		namespaceLabels:      compile(e.Labels, fromNamespace, "label"),
		namespaceAnnotations: compile(e.Annotations, fromNamespace, "annotation"),
	}
}

// wantsNamespaces says whether anything is taken from namespaces.
func (d *describer) wantsNamespaces() bool {
	return len(d.namespaceLabels)+len(d.namespaceAnnotations)+len(d.keys)+len(d.labels.OfNamespaces) > 0
}

// namespace is what is kept of a namespace.
type namespace struct {
	Attributes []event.Attr `json:",omitempty"`
	Wishes     wishes
	Problems   []Problem         `json:",omitempty"`
	Labels     map[string]string `json:",omitempty"`
}

func (n *namespace) equals(o *namespace) bool {
	return slices.Equal(n.Attributes, o.Attributes) && n.Wishes.equals(&o.Wishes) && slices.Equal(n.Problems, o.Problems) &&
		maps.Equal(n.Labels, o.Labels)
}

func (d *describer) namespace(m *metav1.PartialObjectMetadata) *namespace {
	r := reader{keys: d.keys, check: d.check, of: " of namespace " + m.Name}
	r.read(m.Annotations)
	return &namespace{
		Attributes: pick(pick(nil, d.namespaceLabels, m.Labels), d.namespaceAnnotations, m.Annotations),
		Wishes:     r.wishes, Problems: r.problems, Labels: keepLabels(d.labels.OfNamespaces, m.Labels),
	}
}

// mirror is the annotation of a static pod's object in the API that has the uid
// by which the kubelet knows the pod and names its logs.
const mirror = "kubernetes.io/config.mirror"

// uidOf is the uid in the names of a pod's log directories.
func uidOf(p *corev1.Pod) string {
	if uid := p.Annotations[mirror]; uid != "" {
		return uid
	}
	return string(p.UID)
}

func (d *describer) pod(p *corev1.Pod) *pod {
	out := &pod{UID: uidOf(p), Namespace: p.Namespace, Name: p.Name, Labels: keepLabels(d.labels.OfPods, p.Labels)}
	owners := ownersOf(p)
	attrs := d.service(p, owners)
	for _, o := range owners {
		attrs = append(attrs, text(o.attribute, o.name))
	}
	if t := p.Status.StartTime; t != nil {
		attrs = append(attrs, text(podStartTime, t.UTC().Format(time.RFC3339)))
	}
	attrs = first(attrs, podIP, p.Status.PodIP)
	attrs = d.wanted(attrs)
	out.Attributes = slices.Clip(pick(pick(attrs, d.podLabels, p.Labels), d.podAnnotations, p.Annotations))
	d.containers(p, out)
	d.annotated(p, out)
	if d.terminations {
		out.takeEnds(&p.Status)
	}
	return out
}

// annotated reads what the pod's annotations say of its containers.
func (d *describer) annotated(p *corev1.Pod, out *pod) {
	r := reader{keys: d.keys, check: d.check, containers: make([]string, 0, len(out.Containers))}
	for i := range out.Containers {
		r.containers = append(r.containers, out.Containers[i].Name)
	}
	r.read(p.Annotations)
	out.Wishes, out.Problems = r.wishes, r.problems
}

// wanted leaves out what is not configured.
func (d *describer) wanted(attrs []event.Attr) []event.Attr {
	return slices.DeleteFunc(attrs, func(a event.Attr) bool { return !slices.Contains(d.metadata, a.Name) })
}

// said is an annotation by which people set an attribute of the resource
// (semantic conventions, "Specify resource attributes using Kubernetes
// annotations").
func said(p *corev1.Pod, attribute string) string {
	return p.Annotations["resource.opentelemetry.io/"+attribute]
}

// service is the service that a pod is a part of (semantic conventions, "Service
// attributes" of Kubernetes).
func (d *describer) service(p *corev1.Pod, owners []owner) []event.Attr {
	attrs := first(nil, serviceName, said(p, serviceName),
		p.Labels["app.kubernetes.io/instance"], p.Labels["app.kubernetes.io/name"],
		workload(owners, deploymentName), workload(owners, replicaSetName), workload(owners, statefulSetName),
		workload(owners, daemonSetName), workload(owners, cronJobName), workload(owners, jobName), p.Name)
	attrs = first(attrs, serviceNamespace, said(p, serviceNamespace))
	attrs = first(attrs, serviceVersion, said(p, serviceVersion), p.Labels["app.kubernetes.io/version"])
	return first(attrs, serviceInstanceID, said(p, serviceInstanceID))
}

// containers describes all of a pod's: init, ordinary and ephemeral ones.
func (d *describer) containers(p *corev1.Pod, out *pod) {
	versioned := slices.ContainsFunc(out.Attributes, func(a event.Attr) bool { return a.Name == serviceVersion })
	add := func(name, image string) {
		repository, tag := splitImage(image)
		attrs := first(nil, imageName, repository)
		if tag != "" {
			attrs = append(attrs, event.Attr{Name: imageTags, Value: "[" + quote(cut(tag, maxValue)) + "]"})
		}
		if !versioned {
			attrs = first(attrs, serviceVersion, tag)
		}
		out.Containers = append(out.Containers, container{
			Name: name, Attributes: slices.Clip(d.wanted(attrs)), IDs: d.runs(p, name),
		})
	}
	for i := range p.Spec.InitContainers {
		add(p.Spec.InitContainers[i].Name, p.Spec.InitContainers[i].Image)
	}
	for i := range p.Spec.Containers {
		add(p.Spec.Containers[i].Name, p.Spec.Containers[i].Image)
	}
	for i := range p.Spec.EphemeralContainers {
		add(p.Spec.EphemeralContainers[i].Name, p.Spec.EphemeralContainers[i].Image)
	}
}

// splitImage parts an image's name as a pod's specification has it, such as
// registry:5000/shop/cart:1.2@sha256:…, into repository and tag.
func splitImage(image string) (repository, tag string) {
	image, _, _ = strings.Cut(image, "@")
	if i := strings.LastIndexByte(image, ':'); i > strings.LastIndexByte(image, '/') {
		return image[:i], image[i+1:]
	}
	return image, ""
}

// runs are the ids of a container's present and last life, if they are wanted.
func (d *describer) runs(p *corev1.Pod, name string) []run {
	if !slices.Contains(d.metadata, containerID) {
		return nil
	}
	var all []run
	for _, statuses := range [][]corev1.ContainerStatus{
		p.Status.InitContainerStatuses, p.Status.ContainerStatuses, p.Status.EphemeralContainerStatuses,
	} {
		for i := range statuses {
			if s := &statuses[i]; s.Name == name {
				all = addRun(all, int(s.RestartCount), s.ContainerID)
				if t := s.LastTerminationState.Terminated; t != nil {
					all = addRun(all, int(s.RestartCount)-1, t.ContainerID)
				}
			}
		}
	}
	return all
}

// addRun leaves out the runtime's name, which Kubernetes puts before an id as
// in containerd://….
func addRun(all []run, restart int, id string) []run {
	_, id, found := strings.Cut(id, "://")
	if !found || id == "" {
		return all
	}
	return append(all, run{restart, id})
}

// attributes are those of a container's log.
func (p *pod) attributes(name string, restart int) []event.Attr {
	attrs := slices.Clone(p.Attributes)
	for i := range p.Containers {
		c := &p.Containers[i]
		if c.Name != name {
			continue
		}
		attrs = append(attrs, c.Attributes...)
		for _, r := range c.IDs {
			if r.Restart == restart {
				attrs = append(attrs, text(containerID, r.ID))
			}
		}
	}
	return attrs
}
