package agents

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/util/httpstream"
	"k8s.io/client-go/tools/remotecommand"
	"k8s.io/client-go/util/exec"
)

// Exec runs a command of the agent's program in its container, with the agent's
// configuration, until it ends or ctx does; then the connection is closed, and with it the program's
// standard input. in may be nil.
func (c *Client) Exec(ctx context.Context, a Agent, command string, args []string, in io.Reader, out, errOut io.Writer) error {
	url := c.rest.Post().Resource("pods").Namespace(a.Namespace).Name(a.Pod).SubResource("exec").
		VersionedParams(&corev1.PodExecOptions{
			Container: a.Container, Command: slices.Concat([]string{a.Program, command}, a.Flags, args),
			Stdin: in != nil, Stdout: true, Stderr: true,
		}, c.parameters).URL()
	// As kubectl does: a server, or a proxy before it, may not know WebSockets
	// for this, and the right to get pods/exec, which they need besides that to
	// create it, may not be given.
	sockets, err := remotecommand.NewWebSocketExecutor(c.config, "GET", url.String())
	if err != nil {
		return err
	}
	spdy, err := remotecommand.NewSPDYExecutor(c.config, "POST", url)
	if err != nil {
		return err
	}
	either, err := remotecommand.NewFallbackExecutor(sockets, spdy, func(err error) bool {
		return httpstream.IsUpgradeFailure(err) || httpstream.IsHTTPSProxyError(err)
	})
	if err != nil {
		return err
	}
	return either.StreamWithContext(ctx, remotecommand.StreamOptions{Stdin: in, Stdout: out, Stderr: errOut})
}

// Explain says what an error of Exec means for the one who asked, and what to
// change.
func Explain(a Agent, err error) string {
	text := err.Error()
	var status exec.CodeExitError
	switch {
	case apierrors.IsForbidden(err), strings.Contains(text, "forbidden"):
		return fmt.Sprintf("you may not run a search in the agents' pods: %s: the right that is missing is to create pods/exec in namespace %s", text, a.Namespace)
	case errors.As(err, &status) && strings.Contains(text, "unknown flag: --stream"):
		return fmt.Sprintf("its agent (pod %s/%s) is too old to be asked from afar: upgrade it", a.Namespace, a.Pod)
	}
	for _, unreached := range []string{"error dialing backend: ", "error sending request: "} {
		if _, reason, ok := strings.Cut(text, unreached); ok {
			return "the API server does not reach its kubelet: " + withoutRequest(reason)
		}
	}
	return text
}

// withoutRequest is what became of a request, without its address, which has the
// whole command line in it: Post "https://…": reason.
func withoutRequest(text string) string {
	if at := strings.LastIndex(text, "\": "); at >= 0 {
		return text[at+len("\": "):]
	}
	return text
}
