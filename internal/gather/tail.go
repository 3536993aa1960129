package gather

import (
	"bytes"
	"strings"
	"sync"
)

// Tail keeps the end of what is written to it.
type Tail struct {
	mu sync.Mutex
	b  []byte
}

// maxTail bounds what is kept.
const maxTail = 2 << 10

// Write implements io.Writer.
func (t *Tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.b = append(t.b, p...)
	if extra := len(t.b) - maxTail; extra > 0 {
		t.b = append(t.b[:0], t.b[extra:]...)
	}
	return len(p), nil
}

func (t *Tail) empty() bool { return t.String() == "" }

// String is the text without the program's name in front of its lines.
func (t *Tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	var lines []string
	for l := range bytes.Lines(t.b) {
		if l = bytes.TrimPrefix(bytes.TrimSpace(l), []byte("tailrace: ")); len(l) > 0 {
			lines = append(lines, string(l))
		}
	}
	return strings.Join(lines, "; ")
}
