// Package corpus makes the lines that benchmarks read: the same ones for the
// same seed, in the layout in which the kubelet keeps container logs.
package corpus

import (
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"
)

// Kind is what a container writes.
type Kind string

// The kinds.
const (
	// SlogJSON is 207 bytes of JSON per line, as Go's slog writes it.
	SlogJSON Kind = "json"
	// Nginx is nginx's combined format with a traceparent field behind it.
	Nginx Kind = "nginx"
)

// Generator makes the CRI lines of one container.
type Generator struct {
	kind        Kind
	rand        *rand.Rand
	now         time.Time
	app         []byte
	trace, span [16]byte
}

// New is a generator whose lines depend on kind and seed only, but for the
// time of the first.
func New(kind Kind, seed uint64, first time.Time) *Generator {
	return &Generator{kind: kind, rand: rand.New(rand.NewPCG(seed, 0x7a11)), now: first.UTC()}
}

// Append adds one line with its newline to dst; about half a millisecond
// passes between lines.
func (g *Generator) Append(dst []byte) []byte {
	g.now = g.now.Add(time.Duration(g.rand.IntN(1_000_000)))
	return g.AppendAt(dst, g.now)
}

// AppendAt is Append at a given time.
func (g *Generator) AppendAt(dst []byte, now time.Time) []byte {
	g.now = now.UTC()
	g.fill(g.trace[:])
	g.fill(g.span[:8])
	dst = g.now.AppendFormat(dst, "2006-01-02T15:04:05.000000000Z")
	dst = append(dst, " stdout F "...)
	if g.kind == Nginx {
		return g.appendNginx(dst)
	}
	return g.appendJSON(dst)
}

func (g *Generator) fill(p []byte) {
	for i := range p {
		p[i] = byte(g.rand.Uint32())
	}
	p[0] |= 1 // never all zero
}

func pick[T any](g *Generator, of ...T) T { return of[g.rand.IntN(len(of))] }

func (g *Generator) level() string {
	switch n := g.rand.IntN(100); {
	case n < 92:
		return "INFO"
	case n < 98:
		return "WARN"
	default:
		return "ERROR"
	}
}

func (g *Generator) appendJSON(b []byte) []byte {
	b = append(b, `{"time":"`...)
	b = g.now.AppendFormat(b, "2006-01-02T15:04:05.000000000Z")
	b = append(b, `","level":"`...)
	b = append(b, g.level()...)
	b = append(b, `","msg":"`...)
	b = g.appendMessage(b)
	b = append(b, `","order":"A-`...)
	b = strconv.AppendInt(b, int64(10_000_000+g.rand.IntN(89_999_999)), 10)
	b = append(b, `","ms":`...)
	// The last digit is not 0, so that no way of writing numbers shortens it.
	b = fmt.Appendf(b, "%d.%02d%d", 10+g.rand.IntN(80), g.rand.IntN(100), 1+g.rand.IntN(9))
	b = append(b, `,"status":`...)
	b = strconv.AppendInt(b, int64(pick(g, 200, 200, 200, 201, 404, 503)), 10)
	b = append(b, `,"trace_id":"`...)
	b = hex.AppendEncode(b, g.trace[:])
	b = append(b, `","span_id":"`...)
	b = hex.AppendEncode(b, g.span[:8])
	return append(b, "\"}\n"...)
}

// appendMessage writes 21 bytes, of which a service has many: three words.
func (g *Generator) appendMessage(b []byte) []byte {
	b = append(b, pick(g, "sent", "kept", "lost", "read", "made", "paid", "held", "left", "took", "gave", "seen", "shut")...)
	b = append(b, ' ')
	b = append(b, pick(g, "article", "payment", "invoice", "voucher", "package", "booking", "deposit", "session", "message", "receipt", "product", "address")...)
	b = append(b, ' ')
	return append(b, pick(g, "ABERDEEN", "BOLOGNA1", "CANBERRA", "DORTMUND", "EDMONTON", "FLORENCE", "GRENOBLE", "HELSINKI", "ISTANBUL", "JOHOR-02", "KINSHASA", "LAUSANNE")...)
}

func (g *Generator) appendNginx(b []byte) []byte {
	r := g.rand
	b = fmt.Appendf(b, "203.0.%d.%d - - ", r.IntN(4), r.IntN(250))
	b = g.now.AppendFormat(b, "[02/Jan/2006:15:04:05 -0700] ")
	b = fmt.Appendf(b, `"%s /api/%s/%d?page=%d HTTP/1.1" %d %d "%s" "%s" `,
		pick(g, "GET", "GET", "GET", "POST"), pick(g, "cart", "items", "orders"), r.IntN(100_000), r.IntN(9),
		pick(g, 200, 200, 200, 200, 304, 404, 502), 100+r.IntN(50_000),
		pick(g, "-", "https://shop.example/", "https://shop.example/search"),
		pick(g, "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "curl/8.5.0", "kube-probe/1.33"))
	b = append(b, `"00-`...)
	b = hex.AppendEncode(b, g.trace[:])
	b = append(b, '-')
	b = hex.AppendEncode(b, g.span[:8])
	return append(b, "-01\"\n"...)
}
