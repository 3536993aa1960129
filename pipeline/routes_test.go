package pipeline

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tailrace/tailrace/internal/status"
	"github.com/tailrace/tailrace/pipeline/config"
	"github.com/tailrace/tailrace/pipeline/event"
)

func TestTheFirstRouteThatMatchesGivesTheClass(t *testing.T) {
	r := routes{all: []config.Route{
		{Match: map[string]string{config.RouteNamespace: "pay*", config.RouteContainer: "audit"}, Class: "audit"},
		{Match: map[string]string{config.RouteNamespace: "pay*"}, Class: "payments"},
		{Match: map[string]string{config.RoutePod: "cart-?"}, Class: "cart"},
		{Match: map[string]string{config.RouteDataset: "generic", config.RouteDataStream: "team-a"}, Class: "a"},
		{Match: map[string]string{config.RouteDataset: "checkout"}, Class: "checkout"},
		{Match: map[string]string{config.RoutePodLabel + "team": "*"}, Class: "labelled"},
		{Match: map[string]string{config.RouteFile: "/var/log/nginx/*.log"}, Class: "edge"},
	}}
	for _, tt := range []struct {
		src  event.Source
		want string
	}{
		{event.Source{Namespace: "payments", ContainerName: "audit"}, "audit"},
		{event.Source{Namespace: "payments", ContainerName: "web"}, "payments"},
		{event.Source{Namespace: "shop", Pod: "cart-1", PodUID: "u"}, "cart"},
		{event.Source{Namespace: "shop", Pod: "cart-12", PodUID: "u"}, ""},
		{event.Source{Settings: event.Settings{DataStreamNamespace: "team-a"}, PodUID: "u"}, "a"},
		{event.Source{Settings: event.Settings{Dataset: "checkout", DataStreamNamespace: "team-a"}, PodUID: "u"}, "checkout"},
		{event.Source{Container: "/var/log/nginx/access.log"}, "edge"},
		{event.Source{Container: "/var/log/nginx/access.log", PodUID: "u"}, ""},
		{event.Source{Container: "/var/log/nginx/a/b.log"}, ""},
		{event.Source{}, ""},
	} {
		if got := r.class(&tt.src); got != tt.want {
			t.Errorf("%+v has class %q, want %q", tt.src, got, tt.want)
		}
	}
}

// withRoutes has two exporters, each for a class, and one for none that occurs.
func (n *node) withRoutes(address, labels string) *config.Config {
	n.t.Helper()
	cfg := n.withMetadata(address)
	more, err := config.Load([]string{fmt.Sprintf(`yaml:
receivers: {pods: {}}
exporters: {console/carts: {classes: [carts]}, console/rest: {classes: [default]}, console/none: {classes: [unheard-of]}}
service:
  routes: [{match: {%s}, class: carts}]
  pipelines: {logs: {receivers: [pods], exporters: [console/carts, console/rest, console/none]}}
`, labels)})
	if err != nil {
		n.t.Fatal(err)
	}
	cfg.Exporters, cfg.Service.Routes = more.Exporters, more.Service.Routes
	for id, p := range cfg.Service.Pipelines {
		p.Exporters = more.Service.Pipelines[id].Exporters
		cfg.Service.Pipelines[id] = p
	}
	return cfg
}

// fates are what became of the lines for each exporter.
func fates(exporters []status.Exporter) string {
	var all []string
	for i := range exporters {
		e := &exporters[i]
		all = append(all, fmt.Sprintf("%s delivered %d, excluded %d, pending %d", strings.TrimPrefix(e.Name, "console/"), e.Delivered, e.Excluded, e.PendingLines))
	}
	return strings.Join(all, "; ")
}

func TestExportersGetTheirClassesAndAccountForTheOthers(t *testing.T) {
	for _, tt := range []struct{ match, want string }{
		{"k8s.namespace.name: shop", "carts delivered 3, excluded 0, pending 0; rest delivered 0, excluded 3, pending 0; none delivered 0, excluded 3, pending 0"},
		{"k8s.pod.label.tier: front", "carts delivered 3, excluded 0, pending 0; rest delivered 0, excluded 3, pending 0; none delivered 0, excluded 3, pending 0"},
		{"k8s.pod.label.tier: back", "carts delivered 0, excluded 3, pending 0; rest delivered 3, excluded 0, pending 0; none delivered 0, excluded 3, pending 0"},
	} {
		t.Run(tt.match, func(t *testing.T) {
			n := newNode(t)
			n.write("one", "two", "three")
			a, stop := n.startWith(n.withRoutes(apiServer(t), tt.match))
			n.until("every exporter has passed every line", func() bool { return fates(a.Report().Exporters) == tt.want })
			for _, s := range a.shippers {
				if l := a.ledger(s); !l.Balanced() || l.Read != 3 {
					t.Errorf("%s: %+v", s.name, l)
				}
			}
			if got := strings.Count(n.out.String(), "two"); got != 1 {
				t.Errorf("a line was delivered %d times", got)
			}
			stop()
		})
	}
}
