package elasticsearch

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tailrace/tailrace/internal/testkit/elastic"
	"github.com/tailrace/tailrace/pipeline/shipping"
)

// someAddresses are addresses a, b, c and so on, whose waits are not jittered.
func someAddresses(n int) *addresses {
	p := &addresses{log: slog.New(slog.DiscardHandler), jitter: func(d time.Duration) time.Duration { return d }}
	for i := range n {
		p.all = append(p.all, &address{name: string(rune('a' + i))})
	}
	return p
}

// choices are the names of the next n choices.
func choices(p *addresses, now time.Time, n int) string {
	var s strings.Builder
	for range n {
		s.WriteString(p.choose(now).name)
	}
	return s.String()
}

// TestAddressesTakeTurns: those that work, one after the other.
func TestAddressesTakeTurns(t *testing.T) {
	p, start := someAddresses(3), time.Unix(1e9, 0)
	at := func(d time.Duration) time.Time { return start.Add(d) }
	var got []string
	step := func(what string, after time.Duration, n int) {
		got = append(got, fmt.Sprintf("%s: %s", what, choices(p, at(after), n)))
	}
	step("all work", 0, 4)
	b := p.all[1]
	p.failed(b, at(0), "refused")
	step("b fails", 0, 4)
	step("b is due, for one request", time.Second, 6)
	p.failed(b, at(time.Second), "refused")
	step("b fails again, for longer", 2*time.Second, 4)
	step("b is due again", 3*time.Second, 3)
	p.works(b)
	step("b works, at once", 3*time.Second, 6)
	for _, a := range p.all {
		p.failed(a, at(10*time.Second), "refused")
	}
	p.failed(p.all[0], at(10*time.Second), "refused")
	step("all fail: the first that is due", 10*time.Second, 3)
	want := []string{
		"all work: abca",
		"b fails: caca",
		"b is due, for one request: bcacac",
		"b fails again, for longer: acac",
		"b is due again: abc",
		"b works, at once: abcabc",
		"all fail: the first that is due: bca",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestAddressesRestNoLongerThanTheBound however often one fails.
func TestAddressesRestNoLongerThanTheBound(t *testing.T) {
	p, now := someAddresses(2), time.Unix(1e9, 0)
	p.jitter = upperHalf
	for range 100 {
		p.failed(p.all[0], now, "refused")
		if rest := p.all[0].until.Sub(now); rest < firstRest/2 || rest > longestRest {
			t.Fatalf("after %d failures it rests for %v", p.all[0].failures, rest)
		}
	}
}

// shard is a server that counts bulk requests and answers as the test says.
type shard struct {
	*httptest.Server
	bulks  atomic.Int32
	answer atomic.Value
}

func newShard(t *testing.T, answer http.HandlerFunc) *shard {
	s := &shard{}
	s.answer.Store(answer)
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/_bulk" {
			says(200, "application/json", "{}")(w, r)
			return
		}
		s.bulks.Add(1)
		s.answer.Load().(http.HandlerFunc)(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

const oneItem = `{"items":[{"create":{"status":201}}]}`

func between(t *testing.T, shards ...*shard) *Exporter {
	c := DefaultConfig()
	for _, s := range shards {
		c.Endpoints = append(c.Endpoints, s.URL)
	}
	e, err := New(c, slog.New(slog.DiscardHandler))
	must(t, err)
	t.Cleanup(func() { e.Close() })
	return e
}

// TestWhatMarksAnAddress: what is its own fault, or that of what stands before
// it; not overload, nor what the credentials or the request are refused for.
func TestWhatMarksAnAddress(t *testing.T) {
	for _, c := range []struct {
		name   string
		answer http.HandlerFunc
		marks  bool
	}{
		{"502", says(502, "text/html", "bad gateway"), true},
		{"503", says(503, "text/html", "unavailable"), true},
		{"504", says(504, "text/html", "time-out"), true},
		{"a cut connection", hijack(""), true},
		{"401", says(401, "application/json", "{}"), false},
		{"403", says(403, "application/json", "{}"), false},
		{"429", says(429, "application/json", "{}"), false},
		{"413", says(413, "text/html", ""), false},
		{"200", says(200, "application/json", oneItem), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			one, other := newShard(t, c.answer), newShard(t, says(200, "application/json", oneItem))
			e := between(t, one, other)
			for range 6 {
				export(t, e, `{}`)
			}
			want := int32(3)
			if c.marks {
				want = 1
			}
			if got := one.bulks.Load(); got != want {
				t.Errorf("%d of 6 requests went to it, want %d", got, want)
			}
		})
	}
}

// TestAnAddressThatLosesMembersGetsOneFrame per request, and the others as
// many as before.
func TestAnAddressThatLosesMembersGetsOneFrame(t *testing.T) {
	var mu sync.Mutex
	var took []int64
	one := newShard(t, says(200, "application/json", oneItem))
	other := newShard(t, func(w http.ResponseWriter, r *http.Request) {
		n, _ := io.Copy(io.Discard, r.Body)
		mu.Lock()
		defer mu.Unlock()
		took = append(took, n)
		_, _ = io.WriteString(w, `{"items":[`+strings.Repeat(`{"create":{"status":201}},`, 2)+`{"create":{"status":201}}]}`)
	})
	e := between(t, one, other)
	req := &shipping.Request{}
	for range 3 {
		req.Parts = append(req.Parts, request(t, `{}`).Parts...)
	}
	var got []string
	for range 6 {
		r, err := e.Export(context.Background(), req)
		must(t, err)
		got = append(got, fmt.Sprintf("verdict %d, %d outcomes, %d parts", r.Verdict, len(r.Outcomes), r.Parts))
	}
	const whole, first = "verdict 0, 3 outcomes, 0 parts", "verdict 0, 1 outcomes, 1 parts"
	want := []string{fmt.Sprintf("verdict %d, 0 outcomes, 0 parts", shipping.Miscounted), whole, first, whole, first, whole}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// oneAddressOfTwoDies: with two addresses before a real server, of which one
// refuses connections for a while, delivery goes on and each document is there
// once.
func oneAddressOfTwoDies(t *testing.T, s *elastic.Server) {
	s = s.For(t)
	stream := fmt.Sprintf("logs-two%d.otel-real", streamNumber.Add(1))
	one, other := meddle(t, s), meddle(t, s)
	c := settings(s)
	c.Endpoints = []string{one.URL, other.URL}
	c.Flush.Interval = 0
	d := newDelivery(t, c)
	d.run()
	docs := docsOf(stream, 200)
	d.add(docs[:50]...)
	d.delivered()
	one.dead.Store(true)
	for i := 50; i < 150; i += 5 {
		d.add(docs[i : i+5]...)
		d.delivered()
	}
	if n := one.refused.Load(); n == 0 || n > 10 {
		t.Errorf("the dead address was tried %d times for 20 requests, want a few", n)
	}
	one.dead.Store(false)
	before := one.bulks.Load()
	for deadline := time.Now().Add(time.Minute); one.bulks.Load() == before; {
		if time.Now().After(deadline) {
			t.Fatal("the address that works again is not used")
		}
		d.add(docs[150:]...)
		d.delivered()
	}
	holdsOnce(t, s, stream, 200)
}
