package kubernetes

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tailrace/tailrace/pipeline/event"
)

// owner is an object that a pod belongs to.
type owner struct{ attribute, name string }

// ownersOf are the workloads of a pod, the outermost last, as far as the names
// of its owners tell: asking the API server for them would take rights on all
// of them and a request for each.
func ownersOf(p *corev1.Pod) []owner {
	ref := metav1.GetControllerOfNoCopy(p)
	if ref == nil {
		return nil
	}
	group, _, _ := strings.Cut(ref.APIVersion, "/")
	switch group + "/" + ref.Kind {
	case "apps/ReplicaSet":
		return append([]owner{{replicaSetName, ref.Name}}, deploymentOf(p, ref.Name)...)
	case "apps/StatefulSet":
		return []owner{{statefulSetName, ref.Name}}
	case "apps/DaemonSet":
		return []owner{{daemonSetName, ref.Name}}
	case "batch/Job":
		return append([]owner{{jobName, ref.Name}}, cronJobOf(p, ref.Name)...)
	}
	return nil
}

// deploymentOf is the deployment whose replica set has a name: that of the
// deployment, a hyphen, and a hash that the deployment controller also puts on
// the pods as a label. A replica set that somebody else made has no such label.
func deploymentOf(p *corev1.Pod, replicaSet string) []owner {
	hash := p.Labels["pod-template-hash"]
	name, ok := strings.CutSuffix(replicaSet, "-"+hash)
	if !ok || hash == "" || name == "" {
		return nil
	}
	return []owner{{deploymentName, name}}
}

// scheduled is how the cronjob controller names jobs: the cronjob's name and
// when the job was due, in minutes since the Unix epoch; up to Kubernetes 1.20
// in seconds.
var scheduled = regexp.MustCompile(`^(.+)-(\d{8}|\d{10})$`)

// late is how long after it was due a job's pod may have been created. A number
// that means another time is part of a job's own name, such as a date.
const late = 31 * 24 * time.Hour

func cronJobOf(p *corev1.Pod, job string) []owner {
	m := scheduled.FindStringSubmatch(job)
	if m == nil {
		return nil
	}
	// The pattern leaves nothing that is no number.
	n, _ := strconv.ParseInt(m[2], 10, 64)
	if len(m[2]) == 8 {
		n *= 60
	}
	if d := p.CreationTimestamp.Sub(time.Unix(n, 0)); d < -late || d > late {
		return nil
	}
	return []owner{{cronJobName, m[1]}}
}

// workload is the name of an owner by its attribute, "" if there is none.
func workload(owners []owner, attribute string) string {
	for _, o := range owners {
		if o.attribute == attribute {
			return o.name
		}
	}
	return ""
}

// first appends an attribute with the first text that is not empty.
func first(attrs []event.Attr, name string, values ...string) []event.Attr {
	for _, v := range values {
		if v != "" {
			return append(attrs, text(name, v))
		}
	}
	return attrs
}
