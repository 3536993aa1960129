package parse

import (
	"bytes"
	"testing"

	"github.com/tailrace/tailrace/pipeline/event"
)

// fuzzFormat gives lines to one format, beginning with those of its corpus.
func fuzzFormat(f *testing.F, name string) {
	for _, c := range readCorpora(f) {
		if c.format == name {
			for _, line := range c.lines {
				f.Add(line)
			}
		}
	}
	for i := range formats {
		if formats[i].name == name {
			f.Add([]byte(formats[i].example))
		}
	}
	p, src := New(Options{}), &event.Source{Container: name, Settings: event.Settings{Format: name}}
	f.Fuzz(func(t *testing.T, line []byte) {
		b := batchOf(src, line)
		p.Process(b)
		check(t, b)
		if !bytes.Equal(b.Bytes(b.Records[0].Raw), line) {
			t.Fatal("the raw line was changed")
		}
		if p.Containers()[0].Quarantined {
			t.Fatal("the parser panicked")
		}
	})
}

func FuzzJSON(f *testing.F)         { fuzzFormat(f, "json") }
func FuzzNginx(f *testing.F)        { fuzzFormat(f, "nginx") }
func FuzzNginxJSON(f *testing.F)    { fuzzFormat(f, "nginx-json") }
func FuzzNginxError(f *testing.F)   { fuzzFormat(f, "nginx-error") }
func FuzzIngressNginx(f *testing.F) { fuzzFormat(f, "ingress-nginx") }
func FuzzApache(f *testing.F)       { fuzzFormat(f, "apache") }
func FuzzApacheError(f *testing.F)  { fuzzFormat(f, "apache-error") }
func FuzzEnvoy(f *testing.F)        { fuzzFormat(f, "envoy") }
func FuzzEnvoyJSON(f *testing.F)    { fuzzFormat(f, "envoy-json") }
func FuzzIstio(f *testing.F)        { fuzzFormat(f, "istio") }
func FuzzIstioJSON(f *testing.F)    { fuzzFormat(f, "istio-json") }
func FuzzTraefik(f *testing.F)      { fuzzFormat(f, "traefik") }
func FuzzTraefikJSON(f *testing.F)  { fuzzFormat(f, "traefik-json") }
func FuzzLinkerd(f *testing.F)      { fuzzFormat(f, "linkerd") }
func FuzzLinkerdJSON(f *testing.F)  { fuzzFormat(f, "linkerd-json") }
func FuzzHAProxy(f *testing.F)      { fuzzFormat(f, "haproxy") }
func FuzzCaddy(f *testing.F)        { fuzzFormat(f, "caddy") }
func FuzzAWSALB(f *testing.F)       { fuzzFormat(f, "aws-alb") }
func FuzzKlog(f *testing.F)         { fuzzFormat(f, "klog") }
func FuzzLogfmt(f *testing.F)       { fuzzFormat(f, "logfmt") }
func FuzzText(f *testing.F)         { fuzzFormat(f, "text") }

// TestEveryFormatIsFuzzed holds the targets above to the table.
func TestEveryFormatIsFuzzed(t *testing.T) {
	fuzzed := map[string]bool{
		"json":          true,
		"nginx":         true,
		"nginx-json":    true,
		"nginx-error":   true,
		"ingress-nginx": true,
		"apache":        true,
		"apache-error":  true,
		"envoy":         true,
		"envoy-json":    true,
		"istio":         true,
		"istio-json":    true,
		"traefik":       true,
		"traefik-json":  true,
		"linkerd":       true,
		"linkerd-json":  true,
		"haproxy":       true,
		"caddy":         true,
		"aws-alb":       true,
		"klog":          true,
		"logfmt":        true,
		"text":          true,
	}
	for _, name := range Formats() {
		if !fuzzed[name] {
			t.Errorf("%s has no fuzz target", name)
		}
	}
}
