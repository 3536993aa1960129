package oracle

import (
	"fmt"
	"strings"
	"sync"
	"time"
)

// Behaviour is how the sink treats a request.
type Behaviour string

// The behaviours. But for Short and Cut, what is refused is not stored.
const (
	// Fine stores and answers.
	Fine Behaviour = "ok"
	// Busy is a 429 for the request, Unavailable a 503, BadGateway a 502.
	Busy        Behaviour = "429"
	Unavailable Behaviour = "503"
	BadGateway  Behaviour = "502"
	// Reset closes the connection without reading the request.
	Reset Behaviour = "reset"
	// Cut stores everything and closes the connection without an answer.
	Cut Behaviour = "cut"
	// Stall answers only when the phase is over.
	Stall Behaviour = "stall"
	// Partly answers some items with 429 and stores the others.
	Partly Behaviour = "partly"
	// Short stores everything and leaves the last item out of the answer.
	Short Behaviour = "short"
	// HTML is a 200 with a page in place of an answer.
	HTML Behaviour = "html"
	// Firewall is a 403 with a page, for requests that have a script tag in
	// them; others are stored.
	Firewall Behaviour = "firewall"
)

var behaviours = map[Behaviour]bool{Fine: true, Busy: true, Unavailable: true, BadGateway: true,
	Reset: true, Cut: true, Stall: true, Partly: true, Short: true, HTML: true, Firewall: true}

// phase is a behaviour for a time.
type phase struct {
	do   Behaviour
	last time.Duration
}

// Script is a cycle of phases. It may be replaced while it runs.
type Script struct {
	mu     sync.Mutex
	phases []phase
	cycle  time.Duration
	began  time.Time
}

// Set begins a script: "ok" for ever, or a cycle such as "ok:2s,503:500ms".
func (s *Script) Set(text string) error {
	var phases []phase
	var cycle time.Duration
	for part := range strings.SplitSeq(text, ",") {
		name, lasts, timed := strings.Cut(part, ":")
		p := phase{do: Behaviour(name), last: time.Hour}
		if !behaviours[p.do] {
			return fmt.Errorf("the sink has no behaviour %q", name)
		}
		if timed {
			var err error
			if p.last, err = time.ParseDuration(lasts); err != nil {
				return err
			}
		}
		phases = append(phases, p)
		cycle += p.last
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.phases, s.cycle, s.began = phases, cycle, time.Now()
	return nil
}

// Now is the behaviour of the moment, and how long it will last.
func (s *Script) Now() (Behaviour, time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := time.Since(s.began) % s.cycle
	for _, p := range s.phases {
		if at < p.last {
			return p.do, p.last - at
		}
		at -= p.last
	}
	return Fine, 0
}
