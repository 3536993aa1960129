package main

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/tailrace/tailrace/test/oracle"
)

// judgedRun is a run of a workload over the oracle's logs and sink, which is
// judged by what was written and what arrived.
type judgedRun struct {
	*lab
	dir    string
	sink   *oracle.Sink
	server http.Server
	url    string
	agent  *agent
}

// judge makes a folder and a sink for a workload, and runs it.
func (l *lab) judge(name string, run func(*judgedRun) error) error {
	r := &judgedRun{lab: l, dir: filepath.Join(l.dir, name)}
	if err := os.MkdirAll(r.dir, 0o755); err != nil {
		return err
	}
	defer os.RemoveAll(r.dir)
	if err := r.listen(); err != nil {
		return err
	}
	defer r.server.Close()
	return run(r)
}

func (r *judgedRun) path(name string) string { return filepath.Join(r.dir, name) }

// listen serves the oracle's sink.
func (r *judgedRun) listen() error {
	s, err := oracle.NewSink(r.path("record"))
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	r.sink, r.url = s, "http://"+l.Addr().String()
	r.server.Handler = s.Handler()
	go func() { _ = r.server.Serve(l) }()
	return nil
}

// write has the oracle write logs for span. What it returns gives the result.
func (r *judgedRun) write(ctx context.Context, span time.Duration, load oracle.Load) (<-chan error, error) {
	load.Pods, load.Ledger = r.path("pods"), r.path("ledger")
	g, err := oracle.NewGenerator(load)
	if err != nil {
		return nil, err
	}
	written := make(chan error, 1)
	go func() {
		writing, stop := context.WithTimeout(ctx, span)
		defer stop()
		written <- g.Run(writing)
	}()
	return written, nil
}

// stored is how many records the sink has.
func (r *judgedRun) stored() (int, error) {
	resp, err := http.Get(r.url + "/_oracle/stats")
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	var st oracle.Stats
	err = json.NewDecoder(resp.Body).Decode(&st)
	return st.Stored, err
}

// drain waits until every record is stored.
func (r *judgedRun) drain(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, agentTimeout)
	defer cancel()
	account, err := oracle.ReadLedger(r.path("ledger"))
	if err != nil {
		return err
	}
	for stored := 0; stored < len(account.Entries); {
		if err := pause(ctx, 50*time.Millisecond); err != nil {
			// What is missing then is the oracle's to tell.
			return nil
		}
		if stored, err = r.stored(); err != nil {
			return err
		}
	}
	return nil
}
