package parse

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/tailrace/tailrace/pipeline/event"
)

// TestQuickLooksSeeTheSame takes lines of the corpora, as they are and with bytes
// exchanged, once by quick looks and once in full.
func TestQuickLooksSeeTheSame(t *testing.T) {
	layouts := map[string][]*layout{
		"apache": apacheLayouts, "aws-alb": albLayouts, "ingress-nginx": ingressLayouts, "haproxy": haproxyLayouts,
		"traefik": traefikLayouts, "linkerd": linkerdLayouts, "envoy": envoyText, "istio": istioText,
	}
	rng := rand.New(rand.NewPCG(31, 7))
	for _, c := range readCorpora(t) {
		for _, y := range layouts[c.format] {
			slow := *y
			slow.pieces = slices.Clone(y.pieces)
			for i := range slow.pieces {
				slow.pieces[i].take = (*access).take
			}
			for _, text := range c.lines {
				for range 10 {
					if quick, full := taken(y, text), taken(&slow, text); quick != full {
						t.Fatalf("%s of %s:\nby quick looks %s\nin full        %s", text, c.name, quick, full)
					}
					text = exchanged(rng, text)
				}
			}
		}
	}
}

// exchanged is a text with a byte of it exchanged, missing or twice.
func exchanged(rng *rand.Rand, text []byte) []byte {
	if len(text) == 0 {
		return text
	}
	const others = "0129.: \"-[]/?TZ+\\#x"
	i, other := rng.IntN(len(text)), others[rng.IntN(len(others))]
	return slices.Concat(text[:i], []byte{other}[:rng.IntN(2)], text[i+rng.IntN(2):])
}

// taken is what a layout makes of a text.
func taken(y *layout, text []byte) string {
	b := batchOf(&event.Source{Container: "c"}, text)
	p := New(Options{})
	l := &p.line
	l.b, l.src = b, p.sourceOf(b.Source)
	l.start(&b.Records[0])
	at := l.matchLayout(y, 0)
	if at >= 0 {
		return fmt.Sprint(at)
	}
	return fmt.Sprint(*l.r, b.Fields, string(b.Data[len(text):]))
}
