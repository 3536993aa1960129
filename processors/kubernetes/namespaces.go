package kubernetes

import (
	"context"
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
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
		here := s.namespacesHere()
		// What is known of the others was dropped: if they come back, they are new.
		maps.DeleteFunc(fetched, func(name string, _ time.Time) bool { return !slices.Contains(here, name) })
		for _, name := range here {
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
	missing := apierrors.IsNotFound(err)
	if missing {
		err = nil
	}
	s.trouble.note(ctx, "get a namespace", err)
	switch {
	case missing, apierrors.IsForbidden(err):
		// Without the right to ask, no log waits for the answer.
		s.lackNamespace(name)
	case err == nil:
		s.setNamespace(name, s.describe.namespace(m))
	}
	return err
}

// lackNamespace takes a namespace for one that says nothing, unless something is
// known of it.
func (s *Pods) lackNamespace(name string) {
	s.mu.Lock()
	_, known := s.namespaces[name]
	s.mu.Unlock()
	if !known {
		s.setNamespace(name, new(namespace))
	}
}

// setNamespace has the logs of a namespace described anew if it has changed.
func (s *Pods) setNamespace(name string, n *namespace) {
	s.mu.Lock()
	old := s.namespaces[name]
	if old != nil && old.equals(n) {
		s.mu.Unlock()
		return
	}
	changed, excluded := s.replaceNamespace(name, n)
	s.mu.Unlock()
	var before []Problem
	if old != nil {
		before = named(old.Problems, name, "")
	}
	s.say(named(n.Problems, name, ""), before)
	for _, uid := range changed {
		s.files.Refresh(uid)
	}
	if len(changed) > 0 {
		notify(s.changed)
	}
	if excluded {
		s.files.Rescan()
	}
}

// replaceNamespace lists the pods of a namespace, and says whether any of their
// containers began or ended to be excluded.
func (s *Pods) replaceNamespace(name string, n *namespace) (uids []string, excluded bool) {
	before := make(map[string]map[string]bool)
	for uid, p := range s.pods {
		if p.Namespace == name {
			uids = append(uids, uid)
			before[uid] = s.exclusions(p)
		}
	}
	s.namespaces[name] = n
	for _, uid := range uids {
		excluded = s.lift(s.pods[uid], before[uid], time.Now()) || excluded
	}
	return uids, excluded
}
