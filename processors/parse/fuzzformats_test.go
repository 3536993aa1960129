package parse

import (
	"bytes"
	"os"
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

func FuzzJSON(f *testing.F)            { fuzzFormat(f, "json") }
func FuzzNginx(f *testing.F)           { fuzzFormat(f, "nginx") }
func FuzzNginxJSON(f *testing.F)       { fuzzFormat(f, "nginx-json") }
func FuzzNginxError(f *testing.F)      { fuzzFormat(f, "nginx-error") }
func FuzzIngressNginx(f *testing.F)    { fuzzFormat(f, "ingress-nginx") }
func FuzzApache(f *testing.F)          { fuzzFormat(f, "apache") }
func FuzzApacheError(f *testing.F)     { fuzzFormat(f, "apache-error") }
func FuzzEnvoy(f *testing.F)           { fuzzFormat(f, "envoy") }
func FuzzEnvoyJSON(f *testing.F)       { fuzzFormat(f, "envoy-json") }
func FuzzIstio(f *testing.F)           { fuzzFormat(f, "istio") }
func FuzzIstioJSON(f *testing.F)       { fuzzFormat(f, "istio-json") }
func FuzzTraefik(f *testing.F)         { fuzzFormat(f, "traefik") }
func FuzzTraefikJSON(f *testing.F)     { fuzzFormat(f, "traefik-json") }
func FuzzLinkerd(f *testing.F)         { fuzzFormat(f, "linkerd") }
func FuzzLinkerdJSON(f *testing.F)     { fuzzFormat(f, "linkerd-json") }
func FuzzHAProxy(f *testing.F)         { fuzzFormat(f, "haproxy") }
func FuzzHAProxyJSON(f *testing.F)     { fuzzFormat(f, "haproxy-json") }
func FuzzCaddy(f *testing.F)           { fuzzFormat(f, "caddy") }
func FuzzAWSALB(f *testing.F)          { fuzzFormat(f, "aws-alb") }
func FuzzKlog(f *testing.F)            { fuzzFormat(f, "klog") }
func FuzzLogfmt(f *testing.F)          { fuzzFormat(f, "logfmt") }
func FuzzKubernetesAudit(f *testing.F) { fuzzFormat(f, "kubernetes-audit") }
func FuzzMongoDB(f *testing.F)         { fuzzFormat(f, "mongodb") }
func FuzzPostgreSQLJSON(f *testing.F)  { fuzzFormat(f, "postgresql-json") }
func FuzzPostgreSQLCSV(f *testing.F)   { fuzzFormat(f, "postgresql-csv") }
func FuzzPostgreSQL(f *testing.F)      { fuzzFormat(f, "postgresql") }
func FuzzMySQL(f *testing.F)           { fuzzFormat(f, "mysql") }
func FuzzRabbitMQ(f *testing.F)        { fuzzFormat(f, "rabbitmq") }
func FuzzEtcd(f *testing.F)            { fuzzFormat(f, "etcd") }
func FuzzRedis(f *testing.F)           { fuzzFormat(f, "redis") }
func FuzzElasticsearch(f *testing.F)   { fuzzFormat(f, "elasticsearch") }
func FuzzCoreDNS(f *testing.F)         { fuzzFormat(f, "coredns") }
func FuzzCassandra(f *testing.F)       { fuzzFormat(f, "cassandra") }
func FuzzEnvoyApp(f *testing.F)        { fuzzFormat(f, "envoy-app") }
func FuzzSyslog5424(f *testing.F)      { fuzzFormat(f, "syslog-5424") }
func FuzzSyslog(f *testing.F)          { fuzzFormat(f, "syslog") }
func FuzzSpring(f *testing.F)          { fuzzFormat(f, "spring") }
func FuzzRustTracing(f *testing.F)     { fuzzFormat(f, "rust-tracing") }
func FuzzLog4j(f *testing.F)           { fuzzFormat(f, "log4j") }
func FuzzPython(f *testing.F)          { fuzzFormat(f, "python") }
func FuzzRuby(f *testing.F)            { fuzzFormat(f, "ruby") }
func FuzzDotNet(f *testing.F)          { fuzzFormat(f, "dotnet") }
func FuzzText(f *testing.F)            { fuzzFormat(f, "text") }

// TestEveryFormatIsFuzzed holds the targets above to the table.
func TestEveryFormatIsFuzzed(t *testing.T) {
	source, err := os.ReadFile("fuzzformats_test.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range Formats() {
		if !bytes.Contains(source, []byte("{ fuzzFormat(f, \""+name+"\") }")) {
			t.Errorf("%s has no fuzz target", name)
		}
	}
}
