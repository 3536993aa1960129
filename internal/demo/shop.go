// Package demo is a small shop that writes its logs as containers on a
// Kubernetes node do: two gateways and four services, each with a log format
// of its own, one with stack traces, and one trace id through every request.
package demo

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	mathrand "math/rand/v2"
	"path/filepath"
	"sync"
	"time"
)

// Namespace is the Kubernetes namespace that the shop says it runs in.
const Namespace = "shop"

// DefaultRate is in requests per second, of one to four lines each.
const DefaultRate = 40

// bytesPerRate is the default of RotateAt for each request per second. The
// kubelet's own default of 10 MiB would show no rotation in a demo.
const bytesPerRate = 2 << 10

// maxInFlight bounds the requests that wait when the disk is slow.
const maxInFlight = 512

// Shop writes the logs of one run of the demo shop.
type Shop struct {
	// Dir stands for /var/log/pods.
	Dir string
	// Rate is in requests per second; 0 means DefaultRate.
	Rate float64
	// RotateAt is the size at which a log is rotated; 0 means that the
	// busiest logs are rotated about every 12 s.
	RotateAt int64

	mu      sync.Mutex
	logs    []*containerLog
	served  uint64
	traceID string
}

// Stats are what a Shop has written.
type Stats struct {
	// Requests were answered; all their lines are written.
	Requests uint64
	// Lines were written in all: each piece of a split line counts.
	Lines uint64
	// Files are the lines by log directory, "<ns>_<pod>_<uid>/<container>".
	Files map[string]FileStats
	// TraceID is that of the latest order, which passed through most services;
	// before the first order that of the first request.
	TraceID string
}

// FileStats are what was written for one container.
type FileStats struct {
	Lines     uint64
	Rotations int
}

// Stats may be called while the shop runs and after.
func (s *Shop) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := Stats{Requests: s.served, TraceID: s.traceID, Files: make(map[string]FileStats, len(s.logs))}
	for _, l := range s.logs {
		f := l.stats()
		st.Files[l.name] = f
		st.Lines += f.Lines
	}
	return st
}

// Run opens the shop and serves requests until ctx ends; requests that are
// being served then are finished, so that every trace is whole. An error is
// one of the file system's.
func (s *Shop) Run(ctx context.Context) (err error) {
	st, err := s.open()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	st.fail = cancel
	s.pace(ctx, func() {
		s.done(st.serve(ctx))
	})
	if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) && !errors.Is(cause, context.DeadlineExceeded) {
		return cause
	}
	return nil
}

// pace starts Rate requests per second, the first at once, and returns when
// all have ended.
func (s *Shop) pace(ctx context.Context, request func()) {
	var running sync.WaitGroup
	defer running.Wait()
	slots := make(chan struct{}, maxInFlight)
	begin := time.Now()
	tick := time.NewTicker(max(time.Millisecond, time.Duration(float64(time.Second)/s.Rate)))
	defer tick.Stop()
	for started := 0; ctx.Err() == nil; {
		for due := 1 + int(time.Since(begin).Seconds()*s.Rate); started < due; started++ {
			slots <- struct{}{}
			running.Go(func() {
				request()
				<-slots
			})
		}
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
}

func (s *Shop) done(r request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.served++
	if r.kind == placeOrder || s.traceID == "" {
		s.traceID = r.traceID
	}
}

// open makes the pods' directories.
func (s *Shop) open() (*staff, error) {
	if s.Rate <= 0 {
		s.Rate = DefaultRate
	}
	if s.RotateAt == 0 {
		s.RotateAt = int64(s.Rate * bytesPerRate)
	}
	gateway := s.pod("gateway-6c9f7d5b8-x2k8p")
	st := &staff{
		nginx:     s.container(gateway, "nginx"),
		edge:      s.container(gateway, "edge"),
		cart:      s.container(s.pod("cart-7d4b9c6f5-q7w2z"), "cart"),
		checkout:  s.container(s.pod("checkout-5b8d6f9c4-m3n9t"), "checkout"),
		inventory: s.container(s.pod("inventory-0"), "inventory"),
		payments:  s.container(s.pod("payments-84c5d7b9f-h6j4r"), "payments"),
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range s.logs {
		if err := l.open(); err != nil {
			return nil, err
		}
	}
	return st, nil
}

func (s *Shop) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	for _, l := range s.logs {
		errs = append(errs, l.close())
	}
	return errors.Join(errs...)
}

// pod is a pod's directory as the kubelet names it, with a new uid.
func (s *Shop) pod(name string) string {
	return Namespace + "_" + name + "_" + uuid()
}

func (s *Shop) container(pod, name string) *containerLog {
	dir := filepath.Join(pod, name)
	l := &containerLog{name: dir, dir: filepath.Join(s.Dir, dir), rotateAt: s.RotateAt}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.logs = append(s.logs, l)
	return l
}

// uuid is a random UUID, version 4 (RFC 9562, 5.4).
func uuid() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails, as its documentation says
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	h := hex.EncodeToString(b[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// hexID is n random bytes, never all zero, as trace and span ids are.
func hexID(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	b[0] |= 1
	return hex.EncodeToString(b)
}

// between is a random duration from lo to hi milliseconds.
func between(lo, hi int) time.Duration {
	return time.Duration(lo*1000+mathrand.IntN((hi-lo)*1000+1)) * time.Microsecond
}
