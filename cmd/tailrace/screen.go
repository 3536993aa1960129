package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/tailrace/tailrace/internal/terminal"
	"github.com/tailrace/tailrace/pipeline"
)

// screen shows the demo's lines, with a status line below them on a terminal
// and one on standard error now and then elsewhere.
type screen struct {
	out, errOut io.Writer
	terminal    bool

	mu     sync.Mutex
	status []byte
	// column is how many bytes of the open line were shown, hidden how many were
	// not.
	column, hidden int
}

func newScreen(out, errOut io.Writer) *screen {
	return &screen{out: out, errOut: errOut, terminal: terminal.Is(out)}
}

// color is the console exporter's setting for what it writes to the screen.
func (s *screen) color() string {
	if terminal.WantsColor(s.out) {
		return "always"
	}
	return "never"
}

// eraseLine goes to the line's beginning and empties it (ECMA-48, EL).
const eraseLine = "\r\x1b[K"

// Write shows lines above the status line. A terminal gets the beginning of very
// long ones, a pipe all.
func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.terminal {
		return s.out.Write(p)
	}
	b := make([]byte, 0, min(len(p), 64<<10)+len(s.status)+len(eraseLine))
	if len(s.status) > 0 {
		b = append(b, eraseLine...)
	}
	for line := range bytes.Lines(p) {
		b = s.shorten(b, line)
	}
	if _, err := s.out.Write(append(b, s.status...)); err != nil {
		return 0, err
	}
	return len(p), nil
}

// longLine is how many bytes of a line a terminal gets, up to the next blank, where
// neither a character nor a colour is cut.
const longLine = 600

// shorten appends a line, or the next part of one, as far as it is shown.
func (s *screen) shorten(b, line []byte) []byte {
	text, ended := bytes.CutSuffix(line, []byte("\n"))
	shown := len(text)
	if from := max(longLine-s.column, 0); s.hidden > 0 {
		shown = 0
	} else if n := bytes.IndexByte(text[min(from, len(text)):], ' '); n >= 0 {
		shown = from + n
	}
	b, s.column, s.hidden = append(b, text[:shown]...), s.column+shown, s.hidden+len(text)-shown
	if !ended {
		return b
	}
	if s.hidden > 0 {
		b = fmt.Appendf(b, "\x1b[0m … %s more", humanize.IBytes(uint64(s.hidden)))
	}
	s.column, s.hidden = 0, 0
	return append(b, '\n')
}

// clear takes the status line away.
func (s *screen) clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.terminal && len(s.status) > 0 {
		_, _ = io.WriteString(s.out, eraseLine)
	}
	s.status = nil
}

// How often the status line changes, on a terminal and elsewhere.
const (
	terminalRefresh = 500 * time.Millisecond
	pipeRefresh     = 5 * time.Second
)

// follow keeps the status line up to date until ctx ends.
func (s *screen) follow(ctx context.Context, agent *pipeline.Agent) {
	every := pipeRefresh
	if s.terminal {
		every = terminalRefresh
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	var before uint64
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			now := agent.Snapshot()
			s.show(statusLine(float64(now.Lines-before)/every.Seconds(), now))
			before = now.Lines
		}
	}
}

func statusLine(rate float64, now pipeline.Snapshot) string {
	return fmt.Sprintf("%.0f lines/s · %s lines in the journal · lag %.1f s · memory %s",
		rate, humanize.Comma(int64(now.Lines)), now.Lag.Seconds(), humanize.IBytes(residentMemory()))
}

func (s *screen) show(line string) {
	if !s.terminal {
		fmt.Fprintln(s.errOut, line)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.status = append(s.status[:0], "\x1b[7m "+line+" \x1b[0m"...)
	_, _ = io.WriteString(s.out, eraseLine+string(s.status))
}

// residentMemory is what this process takes of the machine's memory, in bytes
// (proc_pid_statm(5), field 2); 0 when it is not known.
func residentMemory() uint64 {
	b, err := os.ReadFile("/proc/self/statm")
	if fields := bytes.Fields(b); err == nil && len(fields) > 1 {
		pages, _ := strconv.ParseUint(string(fields[1]), 10, 64)
		return pages * uint64(os.Getpagesize())
	}
	return 0
}
