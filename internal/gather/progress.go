package gather

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/tailrace/tailrace/internal/render"
)

// Progress shows on a terminal, below the lines, how far the nodes are.
type Progress struct {
	// Columns is how wide the terminal is.
	Columns int
	// UTC shows times in UTC.
	UTC bool

	w  io.Writer
	mu sync.Mutex
	// shown is the line that stands there.
	shown []byte
}

// NewProgress shows it on w.
func NewProgress(w io.Writer, columns int) *Progress { return &Progress{w: w, Columns: columns} }

// eraseLine goes to the line's beginning and empties it (ECMA-48, EL).
const eraseLine = "\r\x1b[K"

// refresh is how often it changes.
const refresh = 200 * time.Millisecond

// Watch is for Search.Watch.
func (p *Progress) Watch(states func() []State) (stop func()) {
	done := make(chan struct{})
	var showing sync.WaitGroup
	showing.Go(func() {
		tick := time.NewTicker(refresh)
		defer tick.Stop()
		for {
			select {
			case <-done:
				p.show("")
				return
			case <-tick.C:
				p.show(p.summary(states()))
			}
		}
	})
	return func() {
		close(done)
		showing.Wait()
	}
}

func (p *Progress) show(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if string(p.shown) == text {
		return
	}
	p.shown = append(p.shown[:0], text...)
	_, _ = io.WriteString(p.w, eraseLine+text)
}

// Over is a writer of whole lines to the same terminal.
func (p *Progress) Over(out io.Writer) io.Writer { return above{p, out} }

type above struct {
	p   *Progress
	out io.Writer
}

// Write implements io.Writer.
func (a above) Write(b []byte) (int, error) {
	a.p.mu.Lock()
	defer a.p.mu.Unlock()
	if len(a.p.shown) > 0 {
		_, _ = io.WriteString(a.p.w, eraseLine)
		a.p.shown = a.p.shown[:0]
	}
	return a.out.Write(b)
}

// summary is how many nodes are done, and what the others do, as many as there
// is room for.
func (p *Progress) summary(states []State) string {
	done, failed := 0, 0
	var others []string
	for _, s := range states {
		switch s.Phase {
		case Done:
			done++
		case Failed:
			failed++
		default:
			others = append(others, p.doing(s))
		}
	}
	line := fmt.Sprintf("%d of %d nodes done", done, len(states))
	if failed > 0 {
		line += fmt.Sprintf(", %d failed", failed)
	}
	for i, o := range others {
		more := fmt.Sprintf(" · and %d more", len(others)-i)
		if len([]rune(line+" · "+o+more)) > p.Columns {
			return cut(line+more, p.Columns)
		}
		line += " · " + o
	}
	return cut(line, p.Columns)
}

func cut(s string, columns int) string {
	if r := []rune(s); len(r) > columns {
		return string(r[:max(0, columns)])
	}
	return s
}

func (p *Progress) doing(s State) string {
	name, _, _ := strings.Cut(s.Node, ".")
	return string(render.Escape(nil, []byte(name))) + " " + p.phase(s)
}

func (p *Progress) phase(s State) string {
	switch s.Phase {
	case Queued:
		return "is to come"
	case Connecting:
		return "is asked"
	case Waiting:
		return "waits for other searches"
	case Following:
		return "is followed"
	}
	if s.At == 0 {
		return "searches"
	}
	zone := time.Local
	if p.UTC {
		zone = time.UTC
	}
	return "at " + time.Unix(0, s.At).In(zone).Format("01-02 15:04:05")
}
