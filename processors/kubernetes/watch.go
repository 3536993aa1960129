package kubernetes

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"
)

// startWithin spreads the first requests of agents that start together.
const startWithin = time.Second

// listWithin bounds a request that is answered at once.
const listWithin = 30 * time.Second

// watch follows the pods of the node until ctx ends. The reflector begins with a
// list of what the API server has in its cache (resourceVersion 0, which costs
// etcd nothing), goes on by a watch that ends after five to ten minutes, lists
// anew when the server has forgotten where the watch was, and backs off from
// 0.8 to 30 s, at random, while nothing succeeds.
func (s *Pods) watch(ctx context.Context) {
	if !sleep(ctx, rand.N(startWithin)) {
		return
	}
	// It says on the default logger what the trouble says better.
	ctx = logr.NewContext(ctx, logr.Discard())
	r := cache.NewReflectorWithOptions(s.source(), &corev1.Pod{}, store{s}, cache.ReflectorOptions{Name: "pods of this node"})
	r.RunWithContext(ctx)
}

// sleep reports false when ctx ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// source is where the reflector gets pods from. Each success and failure is
// noted, but for the end of an ordinary watch.
func (s *Pods) source() *cache.ListWatch {
	node := fields.OneTermEqualSelector("spec.nodeName", s.opts.Node).String()
	return &cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
			ctx, cancel := context.WithTimeout(ctx, listWithin)
			defer cancel()
			o.FieldSelector = node
			list := new(corev1.PodList)
			err := s.client.get("pods", &o).Do(ctx).Into(list)
			s.trouble.note(ctx, "list pods", err)
			return list, err
		},
		WatchFuncWithContext: func(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
			o.FieldSelector, o.Watch = node, true
			w, err := s.client.get("pods", &o).Watch(ctx)
			s.trouble.note(ctx, watching, err)
			return w, err
		},
	}
}

// store takes what the reflector sees. It keeps no object of the API.
type store struct{ pods *Pods }

// Add takes a pod that is new.
func (s store) Add(object any) error { return s.Update(object) }

// Update takes a pod as it is now.
func (s store) Update(object any) error {
	if p, ok := object.(*corev1.Pod); ok {
		s.pods.set(s.pods.describe.pod(p))
	}
	return nil
}

// Delete takes a pod as it was last: with the ends of its containers.
func (s store) Delete(object any) error {
	if p, ok := object.(*corev1.Pod); ok {
		s.pods.set(s.pods.describe.pod(p))
		s.pods.gone(uidOf(p), time.Now())
	}
	return nil
}

// Replace takes all pods that there are.
func (s store) Replace(objects []any, _ string) error {
	there := make(map[string]bool, len(objects))
	for _, o := range objects {
		if p, ok := o.(*corev1.Pod); ok {
			there[uidOf(p)] = true
			s.pods.set(s.pods.describe.pod(p))
		}
	}
	for _, uid := range s.pods.uids() {
		if !there[uid] {
			s.pods.gone(uid, time.Now())
		}
	}
	return nil
}

// Resync has nothing to do: nothing is told twice.
func (s store) Resync() error { return nil }

func (s *Pods) uids() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]string, 0, len(s.pods))
	for uid := range s.pods {
		all = append(all, uid)
	}
	return all
}
