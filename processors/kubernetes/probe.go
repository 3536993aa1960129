package kubernetes

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
)

// Probe asks for one pod of a node, as the processor does, and returns how many
// there were.
func Probe(ctx context.Context, c *Config, node string) (pods int, err error) {
	client, err := newClient(c, "tailrace-doctor")
	if err != nil {
		return 0, err
	}
	var list corev1.PodList
	err = client.get("pods", &metav1.ListOptions{
		FieldSelector: fields.OneTermEqualSelector("spec.nodeName", node).String(), Limit: 1,
	}).Do(ctx).Into(&list)
	return len(list.Items), err
}

// CureOf says what to change when the API server refuses, empty for anything
// else.
func CureOf(err error) string {
	switch {
	case apierrors.IsUnauthorized(err):
		return "give the agent a token that the API server accepts: automountServiceAccountToken, or token_file"
	case apierrors.IsForbidden(err):
		return "give the agent's service account the right to list and watch pods: docs/kubernetes.md has the ClusterRole"
	}
	return ""
}
