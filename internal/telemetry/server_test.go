package telemetry

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// serve runs the endpoint for a test; get asks it.
func serve(t *testing.T, o ServerOptions) (get func(path string) (int, string)) {
	t.Helper()
	o.Address, o.Logger = "localhost:0", slog.New(slog.DiscardHandler)
	if o.Metrics == nil {
		o.Metrics = prometheus.NewRegistry()
	}
	s, err := Serve(o)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	t.Cleanup(func() {
		if err := s.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return func(path string) (int, string) {
		resp, err := client.Get("http://" + s.Address() + path)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, string(body)
	}
}

func TestHealthAndReadiness(t *testing.T) {
	stuck := errors.New("lane 0 has made no progress for 2m0s")
	get := serve(t, ServerOptions{
		Alive: func() error { return stuck },
		Ready: func() error { return nil },
	})
	if code, body := get(PathHealth); code != 503 || strings.TrimSpace(body) != stuck.Error() {
		t.Errorf("%s: %d %q", PathHealth, code, body)
	}
	if code, body := get(PathReady); code != 200 || body != "ready\n" {
		t.Errorf("%s: %d %q", PathReady, code, body)
	}
	if code, _ := get("/debug/pprof/heap"); code != 404 {
		t.Errorf("profiles are served without being asked for: %d", code)
	}
}

func TestGoodAnswersHaveANote(t *testing.T) {
	note := ""
	get := serve(t, ServerOptions{
		Alive: func() error { return nil },
		Ready: func() error { return errors.New("not yet") },
		Note:  func() string { return note },
	})
	if _, body := get(PathHealth); body != "alive\n" {
		t.Errorf("with nothing to add: %q", body)
	}
	note = "the disk is full"
	if code, body := get(PathHealth); code != 200 || body != "alive; the disk is full\n" {
		t.Errorf("%s: %d %q", PathHealth, code, body)
	}
	if code, body := get(PathReady); code != 503 || body != "not yet\n" {
		t.Errorf("%s: %d %q", PathReady, code, body)
	}
}

func TestMetrics(t *testing.T) {
	read := Counter("tailrace_receiver_accepted_log_records_total", "Records.", "namespace")
	lag := Histogram("tailrace_journal_fsync_seconds", "How long fsync took.")
	reg := NewRegistry("v1.2.3")
	reg.MustRegister(Collector(func(e Emit) {
		e.Value(read, 7, "shop")
		e.Value(read, 1, "bad\xff")
		e.Distribution(lag, Distribution{Count: 3, Sum: 0.5, Buckets: map[float64]uint64{0.1: 2, 1: 3}})
	}))
	get := serve(t, ServerOptions{Metrics: reg})
	code, body := get(PathMetrics)
	if code != 200 {
		t.Fatalf("%d %s", code, body)
	}
	for _, want := range []string{
		`tailrace_receiver_accepted_log_records_total{namespace="shop"} 7`,
		"tailrace_receiver_accepted_log_records_total{namespace=\"bad\uFFFD\"} 1",
		`tailrace_journal_fsync_seconds_bucket{le="0.1"} 2`,
		`tailrace_journal_fsync_seconds_count 3`,
		`tailrace_build_info{version="v1.2.3"} 1`,
		`go_goroutines `,
	} {
		if !strings.Contains(body, want) {
			t.Errorf("no %s in:\n%s", want, body)
		}
	}
}

func TestProfilesOnDemand(t *testing.T) {
	get := serve(t, ServerOptions{Pprof: true})
	if code, body := get("/debug/pprof/goroutine?debug=1"); code != 200 || !strings.Contains(body, "goroutine profile:") {
		t.Errorf("goroutine: %d %q", code, body)
	}
	if code, body := get("/debug/pprof/heap"); code != 200 || !strings.HasPrefix(body, "\x1f\x8b") {
		t.Errorf("heap: %d, not a gzip member", code)
	}
	if code, body := get("/debug/pprof/nothing"); code != 404 || !strings.Contains(body, "try profile, heap") {
		t.Errorf("an unknown profile: %d %q", code, body)
	}
}

func TestAddressInUseNamesTheKey(t *testing.T) {
	_, err := Serve(ServerOptions{Address: "localhost:999999", Logger: slog.New(slog.DiscardHandler)})
	if err == nil || !strings.Contains(err.Error(), "service.telemetry.metrics.address") {
		t.Errorf("error %v does not name the key", err)
	}
}

// TestOneHostHasAShareOfConnections opens more connections than a host may
// have: those beyond are closed, and when one ends, the next is served.
func TestOneHostHasAShareOfConnections(t *testing.T) {
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := limitConns(inner)
	defer l.Close()
	var served []net.Conn
	for range maxConnsPerHost {
		dial(t, l)
		served = append(served, accept(t, l))
	}
	next := make(chan net.Conn)
	go func() { next <- accept(t, l) }()
	if _, err := dial(t, l).Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("the connection beyond the limit is not closed: %v", err)
	}
	served[0].Close()
	dial(t, l)
	for _, c := range append(served, <-next) {
		c.Close()
		c.Close()
	}
	if l.total != 0 || len(l.hosts) != 0 {
		t.Errorf("%d connections of %v are counted when none is left", l.total, l.hosts)
	}
}

func dial(t *testing.T, l net.Listener) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func accept(t *testing.T, l net.Listener) net.Conn {
	c, err := l.Accept()
	if err != nil {
		t.Error(err)
	}
	return c
}

func TestDialable(t *testing.T) {
	for address, want := range map[string]string{
		":9464": "localhost:9464", "0.0.0.0:9464": "localhost:9464", "[::]:9464": "localhost:9464",
		"10.0.0.1:80": "10.0.0.1:80", "[::1]:80": "[::1]:80", "odd": "odd",
	} {
		if got := Dialable(address); got != want {
			t.Errorf("%s is dialled as %s, want %s", address, got, want)
		}
	}
}

func TestWatchdogNamesTheStuckOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var w Watchdog
		lane, discovery := w.Watch("lane 0", time.Minute), w.Watch("discovery", time.Minute)
		time.Sleep(50 * time.Second)
		lane.Beat()
		if err := w.Alive(); err != nil {
			t.Errorf("before the limit: %v", err)
		}
		time.Sleep(20 * time.Second)
		if err := w.Alive(); err == nil || err.Error() != "discovery has made no progress for 1m10s" {
			t.Errorf("error is %v", err)
		}
		discovery.Beat()
		if err := w.Alive(); err != nil {
			t.Errorf("after it went on: %v", err)
		}
	})
}

func TestShutdownCutsOffWhoIsSlow(t *testing.T) {
	asked, goOn := make(chan struct{}), make(chan struct{})
	s, err := Serve(ServerOptions{
		Address: "127.0.0.1:0", Metrics: prometheus.NewRegistry(), Logger: slog.New(slog.DiscardHandler),
		Alive: func() error { return nil }, Ready: func() error { return nil },
		Pages: map[string]http.Handler{"/slow": http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
			close(asked)
			<-goOn
		})},
	})
	if err != nil {
		t.Fatal(err)
	}
	answered := make(chan error, 1)
	go func() {
		_, err := http.Get("http://" + s.Address() + "/slow")
		answered <- err
	}()
	<-asked
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Shutdown(ctx); err != nil {
		t.Errorf("an end that cuts a request off is an error: %v", err)
	}
	if err := <-answered; err == nil {
		t.Error("the request was answered")
	}
	close(goOn)
}
