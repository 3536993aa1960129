package kubernetes

import (
	"errors"
	"fmt"
	"net"
	"os"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/transport"
)

// protobuf takes the API server and the agent less than JSON.
const protobuf = runtime.ContentTypeProtobuf

// client asks an API server.
type client struct {
	rest *rest.RESTClient
	// parameters writes the options of a request.
	parameters runtime.ParameterCodec
}

// newClient makes a client for the group of pods and namespaces. It connects
// to nothing yet.
func newClient(c *Config, userAgent string) (*client, error) {
	address, err := c.address()
	if err != nil {
		return nil, err
	}
	types := newTypes()
	r, err := rest.RESTClientFor(&rest.Config{
		Host: address, APIPath: "/api", UserAgent: userAgent,
		WrapTransport: showing(c.TokenFile), TLSClientConfig: rest.TLSClientConfig{CAFile: c.CAFile},
		ContentConfig: rest.ContentConfig{
			GroupVersion: &corev1.SchemeGroupVersion, NegotiatedSerializer: serializer.NewCodecFactory(types).WithoutConversion(),
			ContentType: protobuf, AcceptContentTypes: protobuf + ",application/json",
		},
		WarningHandler: rest.NoWarnings{},
	})
	return &client{r, runtime.NewParameterCodec(types)}, err
}

// showing has requests show the token of a file. It is read again after a
// minute, and after the API server has refused it: it may have been rotated
// (rest.Config.BearerTokenFile does only the former).
func showing(tokenFile string) transport.WrapperFunc {
	if tokenFile == "" {
		return nil
	}
	return transport.ResettableTokenSourceWrapTransport(transport.NewCachedFileTokenSource(tokenFile))
}

// newTypes are the objects that the agent reads, and nothing else: a scheme of
// all of Kubernetes takes megabytes.
func newTypes() *runtime.Scheme {
	s := runtime.NewScheme()
	s.AddKnownTypes(corev1.SchemeGroupVersion, &corev1.Pod{}, &corev1.PodList{})
	metav1.AddToGroupVersion(s, corev1.SchemeGroupVersion)
	utilruntime.Must(metav1.AddMetaToScheme(s))
	return s
}

// get begins a request for a resource.
func (c *client) get(resource string, options runtime.Object) *rest.Request {
	return c.rest.Get().Resource(resource).VersionedParams(options, c.parameters)
}

// address is the API server's. The files are looked at now, since without them
// there is nothing to wait for.
func (c *Config) address() (string, error) {
	for _, file := range []string{c.TokenFile, c.CAFile} {
		if _, err := os.Stat(file); err != nil && file != "" {
			return "", fmt.Errorf("cannot read the credentials for the API server: %w; run in a pod with a service account "+
				"(automountServiceAccountToken), or set token_file and ca_file", err)
		}
	}
	if c.Endpoint != "" {
		return c.Endpoint, nil
	}
	host, port := os.Getenv("KUBERNETES_SERVICE_HOST"), os.Getenv("KUBERNETES_SERVICE_PORT")
	if host == "" || port == "" {
		return "", errors.New("where the API server is is not known, since this is no pod: set endpoint")
	}
	return "https://" + net.JoinHostPort(host, port), nil
}
