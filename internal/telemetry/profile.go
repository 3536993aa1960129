package telemetry

import (
	"fmt"
	"net/http"
	"runtime"
	"runtime/pprof"
	"strconv"
	"time"
)

// maxProfile is how long a CPU profile may take.
const maxProfile = 60 * time.Second

// serveProfile writes a profile as go tool pprof wants it; ?gc=1 collects
// garbage before one of the heap. It stands in for net/http/pprof, which
// registers itself on the global mux when imported.
func serveProfile(w http.ResponseWriter, r *http.Request) {
	if r.PathValue("name") == "profile" {
		serveCPU(w, r)
		return
	}
	p := pprof.Lookup(r.PathValue("name"))
	if p == nil {
		http.Error(w, "no such profile: try profile, heap, allocs, goroutine, block, mutex or threadcreate", http.StatusNotFound)
		return
	}
	if n, _ := strconv.Atoi(r.FormValue("gc")); n > 0 && p.Name() == "heap" {
		runtime.GC()
	}
	debug, _ := strconv.Atoi(r.FormValue("debug"))
	if debug == 0 {
		w.Header().Set("Content-Type", "application/octet-stream")
	}
	_ = p.WriteTo(w, debug)
}

// serveCPU profiles for ?seconds=, 10 when it is not given.
func serveCPU(w http.ResponseWriter, r *http.Request) {
	seconds, err := strconv.Atoi(r.FormValue("seconds"))
	if err != nil || seconds < 1 {
		seconds = 10
	}
	length := min(time.Duration(seconds)*time.Second, maxProfile)
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(length + writeTimeout))
	w.Header().Set("Content-Type", "application/octet-stream")
	if err := pprof.StartCPUProfile(w); err != nil {
		http.Error(w, fmt.Sprintf("cannot profile: %v", err), http.StatusConflict)
		return
	}
	defer pprof.StopCPUProfile()
	select {
	case <-time.After(length):
	case <-r.Context().Done():
	}
}
