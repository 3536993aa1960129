package cluster

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tailrace/tailrace/internal/doctor"
	"github.com/tailrace/tailrace/internal/managed"
)

// scripted is a cluster that answers what a test says, by method and path
// without the query.
type scripted struct {
	answers map[string]string
	header  http.Header
	asked   []string
	broken  error
}

func (s *scripted) Do(_ context.Context, method, target string, _ []byte) (int, http.Header, []byte, error) {
	path, _, _ := strings.Cut(target, "?")
	s.asked = append(s.asked, method+" "+path)
	h := http.Header{"X-Elastic-Product": {"Elasticsearch"}}
	if s.header != nil {
		h = s.header
	}
	text, ok := s.answers[method+" "+path]
	if !ok {
		return http.StatusNotFound, h, []byte(`{"error":{"type":"resource_not_found_exception","reason":"none"}}`), s.broken
	}
	if status, rest, found := strings.Cut(text, " "); found && len(status) == 3 {
		return map[string]int{"401": 401, "403": 403, "400": 400, "503": 503}[status], h, []byte(rest), s.broken
	}
	return http.StatusOK, h, []byte(text), s.broken
}

const (
	modules   = `{"nodes":{"a":{"version":"9.1.0","modules":[{"name":"x-pack-ilm"},{"name":"mapper-extras"},{"name":"constant-keyword"}]},"b":{"version":"8.19.8","modules":[]}}}`
	forbidden = `403 {"error":{"type":"security_exception","reason":"action is unauthorized"}}`
	builtInT  = `{"index_templates":[{"name":"logs-otel@template","index_template":{"composed_of":["logs@mappings","otel@mappings","logs@custom"],"ignore_missing_component_templates":["logs@custom"]}}]}`
)

func ordinary() *scripted {
	return &scripted{answers: map[string]string{
		"GET /_nodes/plugins": modules, "GET /_security/_authenticate": `{}`, "GET /_security/api_key": `{"api_keys":[]}`,
		"GET /_index_template/logs-otel@template": builtInT,
	}}
}

func states(p *Plan) map[string]managed.State {
	all := map[string]managed.State{}
	for _, c := range p.Changes {
		all[c.Resource.Path] = c.State
	}
	return all
}

func mustLook(t *testing.T, s Server, o Options) *Plan {
	t.Helper()
	p, err := Look(t.Context(), s, o)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestBuiltInTemplatesServeUnlessALifecycleIsAskedFor(t *testing.T) {
	p := mustLook(t, ordinary(), Options{Mapping: "otel"})
	if diff := cmp.Diff(map[string]managed.State{"/_security/role/tailrace-otel": managed.Missing}, states(p)); diff != "" || p.ServedBy != "logs-otel@template" {
		t.Errorf("served by %q: %s", p.ServedBy, diff)
	}
	for name, o := range map[string]Options{
		"retention": {Mapping: "otel", Retention: "30d"}, "ilm": {Mapping: "otel", ILM: true}, "templates": {Mapping: "otel", Templates: true},
	} {
		p := mustLook(t, ordinary(), o)
		template := p.Changes[len(p.Changes)-2].Resource
		composed := template.Body["composed_of"].([]any)
		want := []any{"logs@mappings", "otel@mappings", "logs@custom", "tailrace-otel@settings", "tailrace-otel@lifecycle", "tailrace-otel@custom"}
		if diff := cmp.Diff(want, composed); diff != "" || p.ServedBy != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestTemplatesFitTheCluster(t *testing.T) {
	s := ordinary()
	delete(s.answers, "GET /_index_template/logs-otel@template")
	s.answers["GET /_nodes/plugins"] = `{"nodes":{"a":{"version":"8.16.1","modules":[{"name":"constant-keyword"}]}}}`
	p := mustLook(t, s, Options{Mapping: "otel"})
	text := managed.Text(p.Changes[0].Resource.Body)
	if strings.Contains(text, "match_only_text") || !strings.Contains(text, "constant_keyword") {
		t.Errorf("field types of absent modules, or none of present ones: %s", text)
	}
	if s := p.Changes[1].Resource.Body["template"].(map[string]any)["settings"].(map[string]any); s["index.mode"] != nil {
		t.Error("logsdb on a version before it")
	}
	if _, err := Look(t.Context(), s, Options{Mapping: "otel", ILM: true}); err == nil {
		t.Error("a policy for a cluster without policies")
	}
}

// What was made, and by whom it was changed, decides what may be done to it.
func TestStatesOfResources(t *testing.T) {
	o := Options{Mapping: "ecs"}
	r := o.role()
	other := &Resource{r.Path, r.Kind, map[string]any{"cluster": []any{"monitor"}, "indices": r.Body["indices"]}}
	edited := other.marked()
	edited["metadata"] = r.marked()["metadata"]
	foreign := managed.Clone(other.Body)
	for name, c := range map[string]struct {
		stored map[string]any
		want   managed.State
	}{
		"as made":                      {r.marked(), managed.Same},
		"as made, without marks":       {r.Body, managed.Same},
		"by another version":           {other.marked(), managed.Outdated},
		"changed since it was made":    {edited, managed.Edited},
		"of the name, made by another": {foreign, managed.Foreign},
	} {
		got := compareWith(r, managed.Clone(c.stored))
		if got.State != c.want || (got.Diff == "") != (c.want == managed.Same) {
			t.Errorf("%s: %s, want %s\n%s", name, got.State, c.want, got.Diff)
		}
	}
}

func TestWhatSomebodyChangedIsWrittenWithConsentOnly(t *testing.T) {
	s := ordinary()
	s.answers["GET /_security/role/tailrace-otel"] = `{"tailrace":{"cluster":["all"],"indices":[]}}`
	p := mustLook(t, s, Options{Mapping: "otel", NoKey: true, Retention: "30d"})
	if n := p.NeedConsent(); n != 1 {
		t.Fatalf("%d changes need consent, want 1: %+v", n, p.Changes)
	}
	templates := []string{"PUT /_component_template/tailrace-otel@settings", "PUT /_component_template/tailrace-otel@lifecycle", "PUT /_index_template/tailrace-otel"}
	role := "PUT /_security/role/tailrace-otel"
	for _, call := range append(templates, role) {
		s.answers[call] = `{}`
	}
	for consent, want := range map[bool][]string{false: templates, true: append(templates, role)} {
		s.asked = nil
		if err := p.Apply(t.Context(), s, consent, func(Change) {}); err != nil {
			t.Error(err)
		}
		if diff := cmp.Diff(want, s.asked); diff != "" {
			t.Errorf("consent %v: %s", consent, diff)
		}
	}
}

func TestAKeyIsNotMadeTwice(t *testing.T) {
	s := ordinary()
	s.answers["GET /_security/api_key"] = `{"api_keys":[{"id":"i","role_descriptors":{"tailrace-otel":{"cluster":[],"run_as":[],"applications":[],"metadata":{},"transient_metadata":{"enabled":true},"indices":[{"names":["logs-*.otel-*"],"privileges":["auto_configure","create_doc","read","delete","view_index_metadata"],"allow_restricted_indices":false}]}}}]}`
	if p := mustLook(t, s, Options{Mapping: "otel"}); p.Key == nil || !p.KeyFits() {
		t.Error("the key that is there does not count")
	}
	if p := mustLook(t, s, Options{Mapping: "ecs"}); p.Key == nil || p.KeyFits() {
		t.Error("a key for other streams counts")
	}
}

func TestWithoutSecurityThereIsNeitherRoleNorKey(t *testing.T) {
	s := ordinary()
	s.answers["GET /_security/_authenticate"] = `400 {"error":"no handler found for uri [/_security/_authenticate]"}`
	if p := mustLook(t, s, Options{Mapping: "otel"}); !p.Open || len(p.Changes) != 0 {
		t.Errorf("%+v", p)
	}
}

// busy answers 503 a few times.
type busy struct {
	*scripted
	times int
}

func (b *busy) Do(ctx context.Context, method, target string, body []byte) (int, http.Header, []byte, error) {
	if b.times--; b.times >= 0 {
		b.asked = append(b.asked, method)
		return http.StatusServiceUnavailable, nil, nil, nil
	}
	return b.scripted.Do(ctx, method, target, body)
}

// A cluster that has just started has no shards of its own indices yet. What
// makes something new each time, as an API key, is not repeated.
func TestABusyClusterIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, c := range []struct {
			method       string
			times, asked int
			fails        bool
		}{{http.MethodGet, 3, 4, false}, {http.MethodPost, 3, 1, true}, {http.MethodPut, 1000, 18, true}} {
			s := ordinary()
			s.answers[c.method+" /x"] = "{}"
			err := call(t.Context(), &busy{s, c.times}, c.method, "/x", nil, nil)
			if len(s.asked) != c.asked || (err != nil) != c.fails {
				t.Errorf("%s: asked %d times, want %d: %v", c.method, len(s.asked), c.asked, err)
			}
		}
	})
}

func TestOptionsThatCannotWork(t *testing.T) {
	for _, o := range []Options{{Mapping: "raw"}, {Mapping: "otel", Retention: "1 month"}, {Mapping: "ecs", Datasets: []string{"A-b"}}} {
		if o.Validate() == nil {
			t.Errorf("%+v is accepted", o)
		}
	}
	o := Options{Mapping: "ecs", Datasets: []string{"generic", "nginx.access"}, Retention: "30d"}
	if err := o.Validate(); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff([]string{"logs-generic-*", "logs-nginx.access-*"}, o.Patterns()); diff != "" {
		t.Error(diff)
	}
}

var allRights = `{"index":{"logs-*.otel-*":{"auto_configure":true,"create_doc":true,"read":true,"delete":true,"view_index_metadata":true}}}`

func healthy(at time.Time) *scripted {
	s := ordinary()
	s.header = http.Header{"X-Elastic-Product": {"Elasticsearch"}, "Date": {at.UTC().Format(http.TimeFormat)}}
	s.answers["POST /_security/user/_has_privileges"] = allRights
	s.answers["POST /_index_template/_simulate_index/logs-generic.otel-default"] = `{"template":{"settings":{"index":{"mapping":{"total_fields":{"ignore_dynamic_beyond_limit":"true"}}}},"mappings":{"properties":{"attributes":{"type":"passthrough"}}}},"overlapping":[{"name":"logs"}]}`
	s.answers["POST /_bulk"] = `{"items":[{"create":{"_index":".ds-x","status":201}}]}`
	return s
}

// deletes lets the test document be deleted, whatever its id.
type deletes struct{ *scripted }

func (d deletes) Do(ctx context.Context, method, target string, body []byte) (int, http.Header, []byte, error) {
	if method == http.MethodDelete {
		d.asked = append(d.asked, method)
		return http.StatusOK, d.header, []byte(`{}`), nil
	}
	return d.scripted.Do(ctx, method, target, body)
}

// Each fault has a finding of its own, with a cure.
func TestFindings(t *testing.T) {
	at := time.Date(2026, 3, 5, 10, 11, 12, 0, time.UTC)
	for name, c := range map[string]struct {
		damage func(*scripted)
		check  string
		want   doctor.State
	}{
		"nobody answers":         {func(s *scripted) { s.broken = errors.New("connection refused") }, "cluster", doctor.Wrong},
		"something else answers": {func(s *scripted) { s.header = http.Header{} }, "cluster", doctor.Wrong},
		"a wrong password":       {func(s *scripted) { s.answers["GET /_security/_authenticate"] = "401 {}" }, "cluster", doctor.Wrong},
		"an old version":         {func(s *scripted) { s.answers["GET /_nodes/plugins"] = `{"nodes":{"a":{"version":"8.12.2"}}}` }, "version", doctor.Wrong},
		"a version not told":     {func(s *scripted) { s.answers["GET /_nodes/plugins"] = forbidden }, "version", doctor.OK},
		"clocks that differ":     {func(s *scripted) { s.header.Set("Date", at.Add(-time.Hour).Format(http.TimeFormat)) }, "clocks", doctor.Wrong},
		"no right to write":      {func(s *scripted) { s.answers["POST /_security/user/_has_privileges"] = `{"index":{}}` }, "privileges", doctor.Wrong},
		"no right to look back": {func(s *scripted) {
			s.answers["POST /_security/user/_has_privileges"] = strings.ReplaceAll(allRights, `"delete":true`, `"delete":false`)
		}, "privileges", doctor.Warning},
		"security that is off": {func(s *scripted) { s.answers["POST /_security/user/_has_privileges"] = `400 {}` }, "privileges", doctor.Warning},
		"no template":          {func(s *scripted) { s.answers["POST /_index_template/_simulate_index/logs-generic.otel-default"] = `{}` }, "templates", doctor.Wrong},
		"a template of others": {func(s *scripted) {
			s.answers["POST /_index_template/_simulate_index/logs-generic.otel-default"] = `{"template":{}}`
		}, "templates", doctor.Wrong},
		"templates not shown": {func(s *scripted) {
			s.answers["POST /_index_template/_simulate_index/logs-generic.otel-default"] = forbidden
		}, "templates", doctor.OK},
		"a document that is lost": {func(s *scripted) {
			s.answers["POST /_bulk"] = `{"items":[{"create":{"status":400,"error":{"type":"x","reason":"y"}}}]}`
		}, "test document", doctor.Wrong},
		"nothing wrong": {func(*scripted) {}, "", doctor.OK},
	} {
		t.Run(name, func(t *testing.T) {
			s := healthy(at)
			c.damage(s)
			all := Examine(t.Context(), deletes{s}, Options{Mapping: "otel"}, func() time.Time { return at })
			for _, f := range all {
				if f.Check == c.check && (f.State != c.want || f.State != doctor.OK && f.Cure == "") || f.Check != c.check && f.State != doctor.OK {
					t.Errorf("%+v", f)
				}
			}
			if len(all) == 0 || name == "nothing wrong" && s.asked[len(s.asked)-1] != http.MethodDelete {
				t.Errorf("findings %+v after %v", all, s.asked)
			}
		})
	}
}
