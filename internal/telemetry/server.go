package telemetry

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// The paths of the endpoint.
const (
	PathMetrics = "/metrics"
	PathHealth  = "/healthz"
	PathReady   = "/readyz"
)

// ServerOptions say what the endpoint serves.
type ServerOptions struct {
	// Address is host:port.
	Address string
	// Metrics are served at PathMetrics.
	Metrics prometheus.Gatherer
	// Alive answers PathHealth and Ready PathReady; an error is a 503 with
	// its text. Neither may ask a backend.
	Alive, Ready func() error
	// Note is added to a good answer of either, for people; it may be empty.
	// Nil is none.
	Note func() string
	// Pages are served at their paths.
	Pages map[string]http.Handler
	// Pprof serves profiles under /debug/pprof/.
	Pprof  bool
	Logger *slog.Logger
}

// Server is the agent's own HTTP endpoint.
type Server struct {
	http     http.Server
	listener net.Listener
	done     chan struct{}
	// routes is what is served at the moment.
	routes atomic.Pointer[http.Handler]
}

// Limits of the endpoint: it may be reachable from pods.
const (
	readTimeout   = 5 * time.Second
	writeTimeout  = 15 * time.Second
	idleTimeout   = 30 * time.Second
	maxHeader     = 8 << 10
	maxScrapes    = 3
	scrapeTimeout = 10 * time.Second
)

// Serve begins to listen and serves until Shutdown.
func Serve(o ServerOptions) (*Server, error) {
	l, err := net.Listen("tcp", o.Address)
	if err != nil {
		return nil, fmt.Errorf("cannot serve metrics: %w; change service.telemetry.metrics.address or set it to \"\"", err)
	}
	s := &Server{listener: limitConns(l), done: make(chan struct{}), http: http.Server{
		ReadTimeout:       readTimeout,
		ReadHeaderTimeout: readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          slog.NewLogLogger(o.Logger.Handler(), slog.LevelDebug),
	}}
	s.http.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { (*s.routes.Load()).ServeHTTP(w, r) })
	s.Replace(o)
	go s.run(o.Logger)
	return s, nil
}

// Replace has requests answered as o says from now on, on the connections and
// at the address that there are. Those that are being answered are not waited
// for.
func (s *Server) Replace(o ServerOptions) {
	h := routes(o)
	s.routes.Store(&h)
}

func (s *Server) run(logger *slog.Logger) {
	defer close(s.done)
	if err := s.http.Serve(s.listener); !errors.Is(err, http.ErrServerClosed) {
		logger.Error("the metrics endpoint has ended; metrics and health are not served until a restart", "error", err)
	}
}

// Address is where the server listens; its port is real when 0 was asked for.
func (s *Server) Address() string { return s.listener.Addr().String() }

// Shutdown lets requests end until ctx does, then cuts them off.
func (s *Server) Shutdown(ctx context.Context) error {
	err := s.http.Shutdown(ctx)
	if err != nil && ctx.Err() != nil {
		err = s.http.Close()
	}
	<-s.done
	return err
}

func routes(o ServerOptions) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET "+PathMetrics, promhttp.HandlerFor(o.Metrics, promhttp.HandlerOpts{
		ErrorHandling:       promhttp.ContinueOnError,
		ErrorLog:            slog.NewLogLogger(o.Logger.Handler(), slog.LevelWarn),
		DisableCompression:  true,
		MaxRequestsInFlight: maxScrapes,
		Timeout:             scrapeTimeout,
	}))
	mux.Handle("GET "+PathHealth, answer("alive", o.Alive, o.Note))
	mux.Handle("GET "+PathReady, answer("ready", o.Ready, o.Note))
	for path, page := range o.Pages {
		mux.Handle("GET "+path, page)
	}
	if o.Pprof {
		mux.Handle("GET /debug/pprof/{name}", http.HandlerFunc(serveProfile))
	}
	return mux
}

// answer is 200 and good, with a note, while check has no error.
func answer(good string, check func() error, note func() string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if err := check(); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		text := ""
		if note != nil {
			text = note()
		}
		if text != "" {
			text = "; " + text
		}
		fmt.Fprintln(w, good+text)
	})
}

// Dialable is where a client on this host reaches a server that listens at
// address: a host that means every interface becomes localhost.
func Dialable(address string) string {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return address
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	return net.JoinHostPort(host, port)
}
