// Package agents finds the agents of a cluster, and runs programs beside them,
// through the API server: whoever may run programs in the agents' pods may
// search the journals of their nodes.
package agents

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/client-go/rest"
)

// Client asks an API server.
type Client struct {
	config     *rest.Config
	rest       *rest.RESTClient
	parameters runtime.ParameterCodec
}

// NewClient makes a client. It connects to nothing yet.
func NewClient(config *rest.Config) (*Client, error) {
	types := newTypes()
	c := rest.CopyConfig(config)
	c.APIPath = "/api"
	c.GroupVersion = &corev1.SchemeGroupVersion
	c.NegotiatedSerializer = serializer.NewCodecFactory(types).WithoutConversion()
	c.WarningHandler = rest.NoWarnings{}
	r, err := rest.RESTClientFor(c)
	return &Client{c, r, runtime.NewParameterCodec(types)}, err
}

// newTypes are the objects that are asked for: a scheme of all of Kubernetes
// takes megabytes.
func newTypes() *runtime.Scheme {
	s := runtime.NewScheme()
	s.AddKnownTypes(corev1.SchemeGroupVersion, &corev1.Pod{}, &corev1.PodList{}, &corev1.Node{}, &corev1.NodeList{}, &corev1.PodExecOptions{})
	metav1.AddToGroupVersion(s, corev1.SchemeGroupVersion)
	return s
}

// page is how many objects are asked for at a time.
const page = 500

// pods are those of a namespace, or of all, that the options select.
func (c *Client) pods(ctx context.Context, namespace string, o metav1.ListOptions) (pods []corev1.Pod, err error) {
	o.Limit = page
	for {
		var list corev1.PodList
		r := c.rest.Get().Resource("pods").NamespaceIfScoped(namespace, namespace != "").VersionedParams(&o, c.parameters)
		if err := r.Do(ctx).Into(&list); err != nil {
			return nil, err
		}
		pods = append(pods, list.Items...)
		if o.Continue = list.Continue; o.Continue == "" {
			return pods, nil
		}
	}
}

// nodes are those of the cluster.
func (c *Client) nodes(ctx context.Context) (nodes []corev1.Node, err error) {
	o := metav1.ListOptions{Limit: page}
	for {
		var list corev1.NodeList
		if err := c.rest.Get().Resource("nodes").VersionedParams(&o, c.parameters).Do(ctx).Into(&list); err != nil {
			return nil, err
		}
		nodes = append(nodes, list.Items...)
		if o.Continue = list.Continue; o.Continue == "" {
			return nodes, nil
		}
	}
}

// NodesOf are the nodes on which a pod of this name is, in a namespace or, when
// that is empty, in any.
func (c *Client) NodesOf(ctx context.Context, namespace, pod string) (nodes []string, err error) {
	pods, err := c.pods(ctx, namespace, metav1.ListOptions{FieldSelector: fields.OneTermEqualSelector("metadata.name", pod).String()})
	if err != nil {
		return nil, fmt.Errorf("on which node pod %s is cannot be found out: %w", pod, err)
	}
	for i := range pods {
		if node := pods[i].Spec.NodeName; node != "" {
			nodes = append(nodes, node)
		}
	}
	return nodes, nil
}
