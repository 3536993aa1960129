// Command checkout is an ordinary Go service for tests: it answers HTTP and
// logs each request with slog as JSON on standard output, with the ids of the
// trace that the request belongs to. Its address is the first line of stderr.
package main

import (
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
)

func main() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Fprintf(os.Stderr, "http://%s\n", l.Addr())
	log := slog.New(slog.NewJSONHandler(os.Stdout, nil))
	err = http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		trace, span := traceOf(r)
		log.Info("order placed", "path", r.URL.Path, "trace_id", trace, "span_id", span)
		fmt.Fprintln(w, "ok")
	}))
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

// traceOf takes the ids from the header (W3C Trace Context, 3.2).
func traceOf(r *http.Request) (trace, span string) {
	parts := strings.Split(r.Header.Get("traceparent"), "-")
	if len(parts) != 4 {
		return "", ""
	}
	return parts[1], parts[2]
}
