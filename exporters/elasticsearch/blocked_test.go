package elasticsearch

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tailrace/tailrace/internal/testkit"
	"github.com/tailrace/tailrace/internal/testkit/elastic"
)

// until waits for what a server, or a person who works on it, brings about.
func (d *delivery) until(what string, is func() bool) {
	d.t.Helper()
	testkit.Eventually(d.t, what, func() (bool, string) { return is(), fmt.Sprintf("%+v", d.shipper.Stats()) })
}

// holds waits until delivery holds, and checks what is said to cure it.
func (d *delivery) holds(reason, cure string) {
	d.t.Helper()
	d.until("delivery holds", func() bool { return d.shipper.Stats().Trouble.Holding })
	if trouble := d.shipper.Stats().Trouble; !strings.Contains(trouble.Reason, reason) || !strings.Contains(trouble.Cure, cure) {
		d.t.Errorf("it says %q, and that the cure is %q; want %q and %q in them", trouble.Reason, trouble.Cure, reason, cure)
	}
}

func parksBlocked(t *testing.T, s *elastic.Server) {
	s = s.For(t)
	s.Must("PUT", "/blocked", `{"settings":{"index.blocks.write":true}}`)
	d := newDelivery(t, settings(s))
	d.run()
	d.add(logDoc(6000), document{"blocked", "b1", `{"a":1}`}, logDoc(6001))
	if r := d.delivered(); r.Delivered != 2 || r.Parked != 1 {
		t.Errorf("the cursor counts %+v, want 2 delivered and 1 parked", r)
	}
	s.Must("PUT", "/blocked/_settings", `{"index.blocks.write":false}`)
	d.until("nothing is parked", func() bool { return len(d.park.Bundles(exporterName)) == 0 })
	if n := s.Count("blocked", "*"); n != 1 {
		t.Errorf("%d documents in the index that was blocked, want 1", n)
	}
}

// floodedIndexDelaysNoOther: the block is that of a disk beyond its flood stage.
func floodedIndexDelaysNoOther(t *testing.T, s *elastic.Server) {
	s = s.For(t)
	s.Must("PUT", "/dry", "")
	s.Must("PUT", "/flooded", `{"settings":{"index.blocks.read_only_allow_delete":true}}`)
	d := newDelivery(t, settings(s))
	d.run()
	d.add(document{"dry", "d1", `{"a":1}`}, document{"flooded", "f1", `{"a":1}`}, document{"dry", "d2", `{"a":1}`})
	must(t, d.journal.Flush(t.Context()))
	d.until("what is beside it is stored", func() bool { return s.Count("dry", "*") == 2 })
	if n := s.Count("flooded", "*"); n != 0 {
		t.Fatalf("%d documents in the index that is blocked", n)
	}
	s.Must("PUT", "/flooded/_settings", `{"index.blocks.read_only_allow_delete":null}`)
	if r := d.delivered(); r.Delivered != 3 || r.Dead != 0 {
		t.Errorf("the cursor counts %+v, want 3 delivered", r)
	}
	if n := s.Count("flooded", "*"); n != 1 {
		t.Errorf("%d documents in the index that was blocked, want 1", n)
	}
}

func blockedClusterHolds(t *testing.T, s *elastic.Server) {
	s = s.For(t)
	block := func(value string) {
		s.Must("PUT", "/_cluster/settings", `{"persistent":{"cluster.blocks.read_only":`+value+`}}`)
	}
	block("true")
	t.Cleanup(func() { block("null") })
	d := newDelivery(t, settings(s))
	d.run()
	d.add(logDoc(6100), logDoc(6101))
	must(t, d.journal.Flush(t.Context()))
	d.holds(clusterBlock, "lift the block")
	block("null")
	if r := d.delivered(); r.Delivered != 2 || r.Parked != 0 || r.Dead != 0 {
		t.Errorf("the cursor counts %+v, want 2 delivered", r)
	}
}

// missingPipelineHolds: no document is given up for want of a pipeline that an
// administrator may have forgotten.
func missingPipelineHolds(t *testing.T, s *elastic.Server) {
	s = s.For(t)
	c := settings(s)
	c.Pipeline = "late"
	d := newDelivery(t, c)
	d.run()
	d.add(logDoc(6200), logDoc(6201))
	must(t, d.journal.Flush(t.Context()))
	d.holds("pipeline with id [late] does not exist", "make the ingest pipeline")
	s.Must("PUT", "/_ingest/pipeline/late", `{"processors":[]}`)
	if r := d.delivered(); r.Delivered != 2 || r.Parked != 0 || r.Dead != 0 {
		t.Errorf("the cursor counts %+v, want 2 delivered", r)
	}
}
