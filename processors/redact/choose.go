package redact

import (
	"cmp"
	"math"
	"math/bits"
	"slices"
)

// chooser chooses the pairs by which anchors are found, such that lines without
// anchors have few of them.
type chooser struct {
	table *table
	odds  *odds
	// first and beside are how often lines have a pair of a kind, and one that
	// confirms it.
	first, beside [kinds]float64
	// alone are the kinds of which a pair needs no other.
	alone     uint64
	decisions []decision
}

// decision is about what an anchor is found by that begins at a place of three.
type decision struct {
	options []choice
	// least is the cost of the best option by itself.
	least float64
}

// choice is a pair of an anchor, the one that confirms it, and its kind.
type choice struct {
	first, beside pairs
	before, kind  int
	cost          float64
}

// consider notes the pairs that begin at a place of the anchor and every third
// byte behind it: one of them must be chosen.
func (c *chooser) consider(a *anchor, place int) {
	d := decision{least: 1}
	for ; place < a.size()-1 && place <= maxBefore; place += step {
		first := c.pairs(a, place)
		for _, at := range []int{place - step, place + step} {
			o := choice{first: first, beside: c.pairs(a, at), before: place}
			d.least = min(d.least, chance(o.first.odds)*chance(o.beside.odds))
			d.options = append(d.options, o)
		}
	}
	c.decisions = append(c.decisions, d)
}

// choose decides, what costs most first: there is nothing yet in its way.
func (c *chooser) choose() {
	slices.SortStableFunc(c.decisions, func(a, b decision) int { return cmp.Compare(b.least, a.least) })
	for i := range c.decisions {
		best := choice{cost: math.Inf(1)}
		for _, o := range c.decisions[i].options {
			for o.kind = range kinds {
				c.try(&best, o)
			}
		}
		c.take(best)
	}
}

// pairs are the ways to write two bytes of an anchor.
type pairs struct {
	first, second []byte
	odds          float64
}

func (c *chooser) pairs(a *anchor, i int) pairs {
	p := pairs{first: a.at(i), second: a.at(i + 1)}
	if p.few() {
		p.odds = c.more(p, 0)
	} else {
		p.odds = c.odds.ofBytes(p.first) * c.odds.ofBytes(p.second)
	}
	return p
}

// few reports whether these are so few that each is worth a look.
func (p *pairs) few() bool { return len(p.first)*len(p.second) <= 16 }

// any reports whether these are all pairs.
func (p *pairs) any() bool { return len(p.first)+len(p.second) == 2*len(everyByte) }

// each calls f with every pair.
func (p *pairs) each(f func(pair uint16)) {
	for _, a := range p.first {
		for _, b := range p.second {
			f(uint16(a) | uint16(b)<<8)
		}
	}
}

// try takes a choice that is better than the best one.
func (c *chooser) try(best *choice, this choice) {
	k := this.kind
	first := c.first[k] + c.more(this.first, 1<<k)
	beside := c.beside[k] + c.more(this.beside, 1<<(k+kinds))
	places := c.table.before[k]
	before := chance(c.first[k]) * chance(c.beside[k]) * effort(places)
	if this.cost = chance(first)*chance(beside)*effort(places|1<<this.before) - before; this.cost < best.cost {
		*best = this
	}
}

// effort is about what is done for a pair that is in no anchor: it is found in
// its round, and the places are looked at where an anchor may begin.
func effort(places uint16) float64 {
	const find, look = 6, 1
	return find + look*float64(bits.OnesCount16(places))
}

// more is how much more often lines have a pair when these are given a bit.
func (c *chooser) more(p pairs, bit uint64) (sum float64) {
	if !p.few() {
		return p.odds
	}
	p.each(func(pair uint16) {
		if c.table.pairs[pair]&bit == 0 {
			sum += c.odds.of(pair)
		}
	})
	return sum
}

// chance is how likely one of the pairs of a round is one of those that lines
// have so often.
func chance(odds float64) float64 { return min(1, odds*(round/step+1)) }

func (c *chooser) take(best choice) {
	k := best.kind
	c.first[k] += c.more(best.first, 1<<k)
	c.beside[k] += c.more(best.beside, 1<<(k+kinds))
	c.table.before[k] |= 1 << best.before
	best.first.each(func(pair uint16) { c.table.pairs[pair] |= 1 << k })
	if best.beside.any() {
		c.alone |= 1 << (k + kinds)
		return
	}
	best.beside.each(func(pair uint16) { c.table.pairs[pair] |= 1 << (k + kinds) })
}

// odds say how often lines have a byte, and a pair.
type odds struct {
	bytes [256]float64
	pairs [1 << 16]float64
}

// newOdds counts the bytes and pairs of typical lines.
func newOdds() *odds {
	o := new(odds)
	const each = 1 / float64(len(typical))
	for i := range len(typical) - 1 {
		o.bytes[typical[i]] += each
		o.pairs[uint16(typical[i])|uint16(typical[i+1])<<8] += each
	}
	return o
}

// of is how often lines have a pair. What the typical ones do not have is as
// rare as its bytes.
func (o *odds) of(pair uint16) float64 {
	const known, rare = 0.8, 1e-4
	return known*o.pairs[pair] + (1-known)*(o.bytes[pair&0xff]+rare)*(o.bytes[pair>>8]+rare)
}

// ofBytes is how often lines have one of these bytes.
func (o *odds) ofBytes(all []byte) (sum float64) {
	if len(all) == len(everyByte) {
		return 1
	}
	for _, c := range all {
		sum += o.bytes[c]
	}
	return sum
}

// typical are lines as many programs write them.
const typical = `{"time":"2026-03-05T10:11:12.345678Z","level":"INFO","msg":"order stored","service":"checkout","user_id":"u-1","status":200,"duration_ms":12.5}
203.0.113.9 - - [05/Mar/2026:10:11:12 +0000] "GET /api/v1/orders/4711?page=2&sort=asc HTTP/1.1" 200 5123 "https://shop.example.com/checkout" "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36"
{"authority":"catalog.shop.svc.cluster.local:8080","upstream_cluster":"inbound|8080||","response_code":200,"bytes_sent":512,"requested_server_name":"-","path":"/healthz","user_agent":"kube-probe/1.31","response_flags":"-","protocol":"HTTP/2"}
2026-03-05 10:11:12,345 WARN  [http-nio-8080-exec-7] com.example.shop.OrderService - retrying request to inventory because the server closed the connection (attempt 2 of 5)
java.lang.IllegalStateException: no items
	at org.apache.catalina.core.ApplicationFilterChain.doFilter(ApplicationFilterChain.java:166)
I0305 10:11:12.345678       1 controller.go:128] "Starting workers" controller="pod" namespace="kube-system" name="node-exporter-7x2kq"
{"kind":"Event","apiVersion":"audit.k8s.io/v1","requestURI":"/api/v1/namespaces/default/pods?limit=500","verb":"list","user":{"username":"system:serviceaccount:monitoring:prometheus","groups":["system:serviceaccounts","system:authenticated"]}}
level=info ts=2026-03-05T10:11:12.345Z caller=compact.go:519 component=tsdb msg="write block resulted in empty block" mint=1772700000 duration=1.2ms
2026-03-05 10:11:12.345 UTC [4711] LOG:  checkpoint complete: wrote 42 buffers; duration: 12.345 ms  statement: SELECT id, state FROM orders WHERE customer = $1`
