package control

import (
	"context"
	"errors"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type sum struct{ A, B int }

// serve answers sums in dir; a negative one is an error.
func serve(t *testing.T, dir string) *Server {
	t.Helper()
	mux := http.NewServeMux()
	mux.Handle("POST /sum", Handler(func(_ context.Context, q sum) (int, error) {
		if q.A+q.B < 0 {
			return 0, errors.New("too small")
		}
		return q.A + q.B, nil
	}))
	s, err := Serve(dir, mux)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestAgentIsAsked(t *testing.T) {
	// A path that is too long for a socket of its own.
	dir := filepath.Join(t.TempDir(), strings.Repeat("long", 40))
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	s := serve(t, dir)
	var n int
	if err := Ask(t.Context(), dir, "/sum", sum{1, 2}, &n); err != nil || n != 3 {
		t.Errorf("%d, %v; want 3", n, err)
	}
	if err := Ask(t.Context(), dir, "/sum", sum{1, -2}, &n); err == nil || !strings.Contains(err.Error(), "too small") {
		t.Errorf("%v, want the agent's reason", err)
	}
	if err := Ask(t.Context(), dir, "/product", sum{}, &n); err == nil || !strings.Contains(err.Error(), "404") {
		t.Errorf("a question of another version: %v", err)
	}
	info, err := os.Stat(filepath.Join(dir, socketName))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the socket is %v, %v; want it for its owner only", info.Mode(), err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestNobodyListens(t *testing.T) {
	dir := t.TempDir()
	if err := Ask(t.Context(), dir, "/sum", sum{}, nil); !errors.Is(err, ErrNoAgent) {
		t.Errorf("without a socket: %v", err)
	}
	leave(t, dir)
	if err := Ask(t.Context(), dir, "/sum", sum{}, nil); !errors.Is(err, ErrNoAgent) {
		t.Errorf("with the socket of one that was killed: %v", err)
	}
	if err := Ask(t.Context(), filepath.Join(dir, "none"), "/sum", sum{}, nil); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("without a directory: %v", err)
	}
}

// leave leaves a socket behind, as kill -9 does.
func leave(t *testing.T, dir string) {
	t.Helper()
	s := serve(t, dir)
	s.path = filepath.Join(dir, "nothing")
	if err := s.Close(); !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
}

func TestSocketThatWasLeftBehindIsReplaced(t *testing.T) {
	dir := t.TempDir()
	leave(t, dir)
	s := serve(t, dir)
	var n int
	if err := Ask(t.Context(), dir, "/sum", sum{2, 2}, &n); err != nil || n != 4 {
		t.Errorf("%d, %v; want 4", n, err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}
