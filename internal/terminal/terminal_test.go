package terminal

import (
	"bytes"
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// openTerminal is the master side of a pseudo-terminal, which is one itself.
func openTerminal(t *testing.T) *os.File {
	f, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("no pseudo-terminals here: %v", err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func TestIs(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	if Is(w) || Is(&bytes.Buffer{}) {
		t.Error("a pipe or a buffer is taken for a terminal")
	}
	if !Is(openTerminal(t)) {
		t.Error("a pseudo-terminal is not taken for a terminal")
	}
}

func TestWantsColor(t *testing.T) {
	tty := openTerminal(t)
	for _, c := range []struct {
		term, noColor string
		want          bool
	}{
		{"xterm", "", true},
		{"xterm", "0", false},
		{"dumb", "", false},
		{"", "", true},
	} {
		t.Setenv("TERM", c.term)
		t.Setenv("NO_COLOR", c.noColor)
		if got := WantsColor(tty); got != c.want {
			t.Errorf("TERM=%q NO_COLOR=%q: %v, want %v", c.term, c.noColor, got, c.want)
		}
	}
	t.Setenv("TERM", "xterm")
	t.Setenv("NO_COLOR", "")
	if WantsColor(&bytes.Buffer{}) {
		t.Error("a buffer wants colours")
	}
}
