package tail

import (
	"strings"
	"testing"
	"time"

	"github.com/tailrace/tailrace/pipeline/event"
)

// tour is a gate that lets named pods through.
type tour struct{ open map[string]bool }

func (g tour) Ready(src *event.Source) bool { return g.open[src.Pod] }

func (tour) Excluded(string) (rule string, until int64) { return "", 0 }

// gated gives each file's name as its pod and its uid, and counts how often
// it was asked.
type gated struct {
	*tenants
	asked map[string]int
}

func (d gated) Describe(t *Target) event.Source {
	src := d.tenants.Describe(t)
	src.PodUID = src.Pod
	d.asked[src.Pod]++
	return src
}

func newGated(t *testing.T, gate Gate) gated {
	d := gated{newTenants(t, Limits{}), map[string]int{}}
	d.opts.Providers, d.opts.Gate = []Provider{d}, gate
	d.engine = NewEngine(d.opts)
	return d
}

func TestAHeldFileIsReadWhenTheGateOpens(t *testing.T) {
	gate := tour{open: map[string]bool{"web": true}}
	d := newGated(t, gate)
	d.fill("shop_web", 0, 100)
	d.fill("shop_cart", 0, 100)
	d.look()
	d.pass(time.Second)
	if d.read["shop_web"] != 100*lineSize || d.read["shop_cart"] != 0 {
		t.Errorf("read: %v", d.read)
	}
	if s := d.status("shop_cart"); s.State != StateHeld || s.State.String() != "waiting for metadata" {
		t.Errorf("the held file is %v", s.State)
	}
	gate.open["cart"] = true
	d.pass(time.Duration(2*gateEvery) + idleSlack)
	if d.read["shop_cart"] != 100*lineSize {
		t.Errorf("read: %v", d.read)
	}
	if s := d.status("shop_cart"); s.State == StateHeld {
		t.Errorf("the file is still %v", s.State)
	}
}

// idleSlack is how late the engine may look at a file that is due.
const idleSlack = 500 * time.Millisecond

func TestASourceIsDescribedAnewAfterAChange(t *testing.T) {
	d := newGated(t, nil)
	var told strings.Builder
	for _, l := range d.engine.lanes {
		l.OnOpen = func(src *event.Source) { told.WriteString(" +" + src.Pod) }
		l.OnClose = func(src *event.Source) { told.WriteString(" -" + src.Pod) }
	}
	d.fill("shop_web", 0, 10)
	d.look()
	d.pass(time.Second)
	d.engine.Refresh("cart")
	d.fill("shop_web", 10, 10)
	d.pass(time.Second)
	if d.asked["web"] != 1 || told.String() != " +web" {
		t.Fatalf("asked %d times, told%s, by another pod's change", d.asked["web"], told.String())
	}
	d.engine.Refresh("web")
	d.fill("shop_web", 20, 10)
	d.pass(time.Second)
	if d.asked["web"] != 2 || told.String() != " +web -web +web" || d.read["shop_web"] != 30*lineSize {
		t.Errorf("asked %d times, told%s, read %d", d.asked["web"], told.String(), d.read["shop_web"])
	}
	if got := strings.Join(d.engine.Identities(), " "); got != "shop_web" {
		t.Errorf("identities: %s", got)
	}
}
