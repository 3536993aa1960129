// Package kubelet is the part of a kubelet by which the API server runs programs
// in containers, for tests: it speaks the protocol (SPDY/3.1 with
// v4.channel.k8s.io, as containerd and CRI-O do), and runs what the test says.
package kubelet

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/httpstream"
	"k8s.io/apimachinery/pkg/util/httpstream/spdy"
	"k8s.io/apimachinery/pkg/util/remotecommand"

	"github.com/tailrace/tailrace/internal/testkit"
	"github.com/tailrace/tailrace/internal/testkit/kube"
)

// Exec is a program that is to run in a container. Its context ends when the
// connection does, and so does Stdin.
type Exec struct {
	Context        context.Context
	Pod            string
	Command        []string
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	// Cut ends the connection as the death of a kubelet would.
	Cut func()
}

// Kubelet is that of a node.
type Kubelet struct {
	// Node is its name.
	Node string

	server *http.Server
	mu     sync.Mutex
	run    func(*Exec) (status int)
}

// Start makes a node of the cluster, with labels, and its kubelet, which has run
// run programs.
func Start(t testing.TB, c *kube.Cluster, node string, labels kube.JSON, run func(*Exec) (status int)) *Kubelet {
	t.Helper()
	k := &Kubelet{Node: node, run: run}
	l, err := net.Listen("tcp", testkit.Loopback()+":0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().(*net.TCPAddr)
	k.server = &http.Server{Handler: http.HandlerFunc(k.serve), TLSConfig: c.Certificate(node, address.IP), ReadHeaderTimeout: time.Minute}
	go func() { _ = k.server.ServeTLS(l, "", "") }()
	t.Cleanup(func() { k.server.Close() })
	c.Must("POST", "/api/v1/nodes", kube.JSON{
		"metadata": kube.JSON{"name": node, "labels": labels},
		"status": kube.JSON{
			"addresses":       []any{kube.JSON{"type": "InternalIP", "address": address.IP.String()}},
			"daemonEndpoints": kube.JSON{"kubeletEndpoint": kube.JSON{"Port": address.Port}},
		},
	})
	return k
}

// Run has it run programs in another way from here on.
func (k *Kubelet) Run(run func(*Exec) (status int)) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.run = run
}

// Stop refuses connections from here on.
func (k *Kubelet) Stop() { k.server.Close() }

// serve answers /exec/NAMESPACE/POD/CONTAINER?command=…
func (k *Kubelet) serve(w http.ResponseWriter, r *http.Request) {
	parts := strings.Split(r.URL.Path, "/")
	if len(parts) != 5 || parts[1] != "exec" {
		http.NotFound(w, r)
		return
	}
	if _, err := httpstream.Handshake(r, w, []string{remotecommand.StreamProtocolV4Name}); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s := session{incoming: make(chan httpstream.Stream, 8)}
	conn := spdy.NewResponseUpgrader().UpgradeResponse(w, r, func(stream httpstream.Stream, _ <-chan struct{}) error {
		s.incoming <- stream
		return nil
	})
	if conn == nil {
		return
	}
	defer conn.Close()
	if err := s.accept(r, conn.CloseChan()); err != nil {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		select {
		case <-conn.CloseChan():
			cancel()
		case <-ctx.Done():
		}
	}()
	k.mu.Lock()
	run := k.run
	k.mu.Unlock()
	status := run(&Exec{
		Context: ctx, Pod: parts[3], Command: r.URL.Query()["command"],
		Stdin: s.stdin, Stdout: s.stdout, Stderr: s.stderr, Cut: func() { conn.Close() },
	})
	s.end(status)
}

// session are the streams of a program.
type session struct {
	incoming                    chan httpstream.Stream
	stdin                       io.Reader
	stdout, stderr, errorStream io.WriteCloser
}

// accept waits for the streams that the request announces.
func (s *session) accept(r *http.Request, gone <-chan bool) error {
	want := 1
	for _, param := range []string{corev1.ExecStdinParam, corev1.ExecStdoutParam, corev1.ExecStderrParam} {
		if r.URL.Query().Get(param) == "1" {
			want++
		}
	}
	s.stdin = strings.NewReader("")
	for range want {
		select {
		case stream := <-s.incoming:
			switch stream.Headers().Get(corev1.StreamType) {
			case corev1.StreamTypeStdin:
				s.stdin = stream
			case corev1.StreamTypeStdout:
				s.stdout = stream
			case corev1.StreamTypeStderr:
				s.stderr = stream
			case corev1.StreamTypeError:
				s.errorStream = stream
			}
		case <-gone:
			return io.ErrUnexpectedEOF
		case <-time.After(time.Minute):
			return fmt.Errorf("not all of %d streams came", want)
		}
	}
	return nil
}

// end reports the exit status as v4.channel.k8s.io has it.
func (s *session) end(status int) {
	answer := metav1.Status{Status: metav1.StatusSuccess}
	if status != 0 {
		answer = metav1.Status{
			Status: metav1.StatusFailure, Reason: remotecommand.NonZeroExitCodeReason,
			Message: fmt.Sprintf("command terminated with non-zero exit code: exit status %d", status),
			Details: &metav1.StatusDetails{Causes: []metav1.StatusCause{{Type: remotecommand.ExitCodeCauseType, Message: strconv.Itoa(status)}}},
		}
	}
	text, err := json.Marshal(answer)
	if err == nil {
		_, _ = s.errorStream.Write(text)
	}
	for _, stream := range []io.WriteCloser{s.stdout, s.stderr, s.errorStream} {
		if stream != nil {
			_ = stream.Close()
		}
	}
}
