package kubernetes

import (
	"context"
	"math/rand/v2"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tailrace/tailrace/pipeline/event"
)

// refetchEvery is how old what is known of a namespace gets, and retryAfter how
// soon after a failure it is asked for again. A watch would be one of all
// namespaces, or one for each.
const (
	refetchEvery = 5 * time.Minute
	retryAfter   = 10 * time.Second
)

// metadataOnly has the API server leave out everything but an object's metadata
// (Kubernetes, "Metadata-only fetches").
const metadataOnly = protobuf + ";as=PartialObjectMetadata;g=meta.k8s.io;v=v1"

// fetchNamespaces keeps the namespaces that have pods here: new ones are asked
// for at once, all of them now and then.
func (s *Pods) fetchNamespaces(ctx context.Context) {
	fetched := make(map[string]time.Time)
	for ctx.Err() == nil {
		next := refetchEvery / 5
		for _, name := range s.namespacesHere() {
			if at, ok := fetched[name]; ok && time.Since(at) < refetchEvery {
				continue
			}
			if err := s.fetchNamespace(ctx, name); err != nil {
				next = retryAfter
				continue
			}
			// They are not all due at one time.
			fetched[name] = time.Now().Add(-rand.N(refetchEvery / 2))
		}
		s.await(ctx, next/2+rand.N(next/2))
	}
}

// await returns when there is a new namespace, or after a time.
func (s *Pods) await(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-s.found:
	case <-t.C:
	}
}

// namespacesHere are those with pods. What is known of others is dropped.
func (s *Pods) namespacesHere() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var here []string
	for _, p := range s.pods {
		if !slices.Contains(here, p.Namespace) {
			here = append(here, p.Namespace)
		}
	}
	for name := range s.namespaces {
		if !slices.Contains(here, name) {
			delete(s.namespaces, name)
		}
	}
	return here
}

// fetchNamespace asks the API server's cache for a namespace. One that is not
// there has nothing to add.
func (s *Pods) fetchNamespace(ctx context.Context, name string) error {
	ctx, cancel := context.WithTimeout(ctx, listWithin)
	defer cancel()
	m := new(metav1.PartialObjectMetadata)
	err := s.client.get("namespaces", &metav1.GetOptions{ResourceVersion: "0"}).Name(name).
		SetHeader("Accept", metadataOnly).Do(ctx).Into(m)
	if apierrors.IsNotFound(err) {
		err = nil
	}
	s.trouble.note(ctx, "get a namespace", err)
	if err == nil {
		s.setNamespace(name, s.describe.namespace(m))
	}
	return err
}

// setNamespace has the logs of a namespace described anew if it has changed.
func (s *Pods) setNamespace(name string, attrs []event.Attr) {
	s.mu.Lock()
	old, had := s.namespaces[name]
	s.namespaces[name] = attrs
	var changed []string
	for uid, p := range s.pods {
		if p.Namespace == name && !(had && slices.Equal(old, attrs)) {
			changed = append(changed, uid)
		}
	}
	s.mu.Unlock()
	for _, uid := range changed {
		s.files.Refresh(uid)
	}
	if len(changed) > 0 {
		notify(s.changed)
	}
}
