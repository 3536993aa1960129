// Package control lets a command on the node ask the running agent to do
// something: HTTP over a Unix socket in the agent's directory, which only the
// agent's user and root may use. Questions and answers are JSON; an answer of
// another status than 200 is a text that says what is wrong.
package control

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

const (
	// socketName is the socket's in the agent's directory.
	socketName = "control.sock"
	// maxBody bounds questions and answers in bytes.
	maxBody = 1 << 20
)

// ErrNoAgent says that no agent listens in a directory.
var ErrNoAgent = errors.New("no agent is running on this directory")

// Server answers questions. The owner of the directory's lock has one.
type Server struct {
	http   *http.Server
	folder *os.File
	path   string
	// served is closed when nobody listens any more.
	served chan struct{}
}

// Serve listens in dir until Close. A socket that an agent has left behind is
// replaced.
func Serve(dir string, h http.Handler) (*Server, error) {
	folder, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	s := &Server{folder: folder, path: filepath.Join(dir, socketName), served: make(chan struct{})}
	l, err := s.listen()
	if err != nil {
		folder.Close()
		return nil, fmt.Errorf("%s: %w", s.path, err)
	}
	s.http = &http.Server{Handler: http.MaxBytesHandler(h, maxBody), ReadHeaderTimeout: 10 * time.Second}
	go func() {
		defer close(s.served)
		_ = s.http.Serve(l)
	}()
	return s, nil
}

// listen gives the socket its name when nobody else may use it any more.
func (s *Server) listen() (net.Listener, error) {
	fresh := socketName + ".new"
	path := filepath.Join(filepath.Dir(s.path), fresh)
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	l, err := net.Listen("unix", short(s.folder, fresh))
	if err != nil {
		return nil, err
	}
	// Its name changes, so it is removed by Close.
	l.(*net.UnixListener).SetUnlinkOnClose(false)
	err = os.Chmod(path, 0o600)
	if err == nil {
		err = os.Rename(path, s.path)
	}
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

// short is a path of few characters for a name in an open directory: a
// socket's path has at most 107 (unix(7)).
func short(folder *os.File, name string) string {
	return fmt.Sprintf("/proc/self/fd/%d/%s", folder.Fd(), name)
}

// Close lets questions that are being answered end, and removes the socket.
func (s *Server) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	err := s.http.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		err = s.http.Close()
	}
	<-s.served
	return errors.Join(err, os.Remove(s.path), s.folder.Close())
}

// Ask sends a question to the agent that owns dir and reads its answer.
func Ask(ctx context.Context, dir, path string, question, answer any) error {
	folder, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer folder.Close()
	body, err := json.Marshal(question)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://agent"+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	client := http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", short(folder, socketName))
		},
	}}
	resp, err := client.Do(req)
	if err != nil {
		return reason(dir, err)
	}
	defer resp.Body.Close()
	return read(resp, answer)
}

// reason says what a failure to connect means.
func reason(dir string, err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("%w (%s)", ErrNoAgent, dir)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("the agent in %s may not be asked by this user: run the command as the agent's user or as root", dir)
	}
	return err
}

func read(resp *http.Response, answer any) error {
	b, err := io.ReadAll(io.LimitReader(resp.Body, maxBody))
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("the agent answers: %s", strings.TrimSpace(string(b)))
	}
	return json.Unmarshal(b, answer)
}

// Handler answers with what fn makes of the question.
func Handler[Q, A any](fn func(context.Context, Q) (A, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var q Q
		if err := json.NewDecoder(r.Body).Decode(&q); err != nil {
			http.Error(w, "the question is not understood: "+err.Error(), http.StatusBadRequest)
			return
		}
		a, err := fn(r.Context(), q)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(a)
	})
}
