package filter

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tailrace/tailrace/pipeline/event"
)

// shop is a source with a resource.
func shop() *event.Source {
	return &event.Source{
		Resource:   []event.Attr{{Name: "k8s.namespace.name", Value: `"shop"`}, {Name: "replica", Value: `3`}},
		Attributes: []event.Attr{{Name: "log.file.path", Value: `"/var/log/x"`}},
	}
}

// access adds a parsed access line.
func access(b *event.Batch, path string, status int64) {
	raw := b.Append(fmt.Appendf(nil, "GET %s %d", path, status))
	r := event.Record{Raw: raw, Line: raw, Start: int64(len(b.Records)) * 100, Severity: 9, SeverityText: event.Const("INFO")}
	b.AddField(&r, event.Field{Name: "url.path", Value: event.Text(b.Append([]byte(path)))})
	b.AddField(&r, event.Field{Name: "http.response.status_code", Value: event.Int(status)})
	b.AddField(&r, event.Field{Value: event.Value{Kind: event.KindMembers, Span: b.Append([]byte(`"took":1.50,"user":"a\"b","ok":true`))}})
	b.AddField(&r, event.Field{Key: b.Append([]byte(`es\u0063`)), Value: event.JSON(b.Append([]byte(`"x"`)))})
	b.Records = append(b.Records, r)
}

func TestMatch(t *testing.T) {
	tests := []struct {
		match map[string]any
		want  bool
	}{
		{map[string]any{"url.path": "/healthz"}, true},
		{map[string]any{"url.path": "/health"}, false},
		{map[string]any{"url.path": map[string]any{"equals": "/healthz"}}, true},
		{map[string]any{"url.path": map[string]any{"prefix": "/health"}}, true},
		{map[string]any{"url.path": map[string]any{"prefix": "health"}}, false},
		{map[string]any{"url.path": map[string]any{"regexp": "^/health(z|y)$"}}, true},
		{map[string]any{"url.path": map[string]any{"regexp": "^health"}}, false},
		{map[string]any{"url.path": map[string]any{"regexp": "^x|alth"}}, true},
		{map[string]any{"url.path": map[string]any{"regexp": "(?i)HEALTH"}}, true},
		{map[string]any{"url.path": map[string]any{"regexp": "thz"}}, true},
		{map[string]any{"http.response.status_code": 200}, true},
		{map[string]any{"http.response.status_code": 200.0}, true},
		{map[string]any{"http.response.status_code": "200"}, true},
		{map[string]any{"http.response.status_code": map[string]any{"prefix": "2"}}, true},
		{map[string]any{"http.response.status_code": 201}, false},
		{map[string]any{"took": 1.5}, true},
		{map[string]any{"took": "1.5"}, false},
		{map[string]any{"user": `a"b`}, true},
		{map[string]any{"ok": true}, true},
		{map[string]any{"esc": "x"}, true},
		{map[string]any{"missing": ""}, false},
		{map[string]any{"k8s.namespace.name": "shop"}, true},
		{map[string]any{"replica": 3}, true},
		{map[string]any{"log.file.path": map[string]any{"prefix": "/var/"}}, true},
		{map[string]any{"severity": "info"}, true},
		{map[string]any{"severity": "debug"}, false},
		{map[string]any{"severity_number": 9}, true},
		{map[string]any{"severity_text": "INFO"}, true},
		{map[string]any{"body": map[string]any{"prefix": "GET /healthz"}}, true},
		{map[string]any{"url.path": "/healthz", "http.response.status_code": 200}, true},
		{map[string]any{"url.path": "/healthz", "http.response.status_code": 500}, false},
	}
	for _, tt := range tests {
		p, err := New(Config{Rules: []Rule{{Name: "r", Match: tt.match, Action: "drop"}}})
		if err != nil {
			t.Fatal(tt.match, err)
		}
		var b event.Batch
		b.Reset(shop())
		access(&b, "/healthz", 200)
		p.Open(b.Source)
		p.Process(&b)
		if got := b.Records[0].Flags&event.Dropped != 0; got != tt.want {
			t.Errorf("%v: dropped %t, want %t", tt.match, got, tt.want)
		}
	}
}

func TestFirstRuleThatMatchesDecides(t *testing.T) {
	p, err := New(Config{Rules: []Rule{
		{Name: "errors stay", Match: map[string]any{"http.response.status_code": 500}, KeepOneIn: 1},
		{Name: "health", Match: map[string]any{"url.path": "/healthz"}, Action: "drop"},
		{Name: "shop", Match: map[string]any{"k8s.namespace.name": "shop"}, Action: "drop"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	var b event.Batch
	b.Reset(shop())
	access(&b, "/healthz", 500)
	access(&b, "/healthz", 200)
	access(&b, "/pay", 200)
	p.Process(&b)
	var got []string
	for _, r := range b.Records {
		rule := "kept"
		if r.Flags&event.Dropped != 0 {
			rule = p.Rules()[r.Rule]
		}
		got = append(got, rule)
	}
	if want := "kept, health, shop"; strings.Join(got, ", ") != want {
		t.Errorf("%s, want %s", strings.Join(got, ", "), want)
	}
}

func TestKeepOneInIsTheSameWhenReadAgain(t *testing.T) {
	kept := func(batches int) (all []int64) {
		p, err := New(Config{Rules: []Rule{{Name: "sample", Match: map[string]any{"ok": true}, KeepOneIn: 10}}})
		if err != nil {
			t.Fatal(err)
		}
		var b event.Batch
		for i := range batches {
			b.Reset(shop())
			for j := range 1000 / batches {
				access(&b, fmt.Sprintf("/p/%d", i*1000/batches+j), 200)
				b.Records[j].Start = int64(i*1000/batches + j)
			}
			p.Process(&b)
			for _, r := range b.Records {
				if r.Flags&event.Dropped == 0 {
					all = append(all, r.Start)
				}
			}
		}
		return all
	}
	once, again := kept(1), kept(10)
	if fmt.Sprint(once) != fmt.Sprint(again) {
		t.Errorf("%v, then %v", once, again)
	}
	if len(once) < 60 || len(once) > 140 {
		t.Errorf("kept %d of 1000, not about 100", len(once))
	}
}

func TestValidateNamesRuleAndKey(t *testing.T) {
	tests := []struct {
		rule Rule
		want string
	}{
		{Rule{Match: map[string]any{"a": 1}, Action: "drop"}, "rules[0].name: is missing"},
		{Rule{Name: "r", Match: map[string]any{"a": 1}}, `rules[0]: rule "r" does nothing`},
		{Rule{Name: "r", Match: map[string]any{"a": 1}, Action: "keep"}, `rules[0].action: "keep" is no action`},
		{Rule{Name: "r", Match: map[string]any{"a": 1}, Action: "drop", KeepOneIn: 2}, `rules[0].action: rule "r" has keep_one_in too`},
		{Rule{Name: "r", Action: "drop"}, `rules[0].match: rule "r" would match every record`},
		{Rule{Name: "r", Match: map[string]any{"a": nil}, Action: "drop"}, `rules[0].match: rule "r", field "a": the value must be text`},
		{Rule{Name: "r", Match: map[string]any{"a": map[string]any{"prefx": "b"}}, Action: "drop"}, `field "a": needs one of equals, prefix and regexp`},
		{Rule{Name: "r", Match: map[string]any{"a": map[string]any{"prefix": "b", "regexp": "c"}}, Action: "drop"}, `field "a": needs exactly one of`},
		{Rule{Name: "r", Match: map[string]any{"a": map[string]any{"regexp": "("}}, Action: "drop"}, `field "a": regexp: error parsing regexp`},
		{Rule{Name: "r", Match: map[string]any{"severity": "loud"}, Action: "drop"}, `field "severity": must be one of trace, debug`},
	}
	for _, tt := range tests {
		c := Config{Rules: []Rule{tt.rule}}
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%+v: %v, want %q", tt.rule, err, tt.want)
		}
	}
	twice := Rule{Name: "r", Match: map[string]any{"a": 1}, Action: "drop"}
	if err := (&Config{Rules: []Rule{twice, twice}}).Validate(); err == nil || !strings.Contains(err.Error(), `rules[1].name: "r" is the name of rules[0] too`) {
		t.Error(err)
	}
	if c := DefaultConfig(); c.Validate() != nil {
		t.Error("the default is not valid")
	}
}

func rules() Config {
	return Config{Rules: []Rule{
		{Name: "health", Match: map[string]any{"url.path": map[string]any{"regexp": "^/live(z|y)$"}}, Action: "drop"},
		{Name: "debug", Match: map[string]any{"severity": "debug"}, Action: "drop"},
		{Name: "user", Match: map[string]any{"user": "nobody"}, Action: "drop"},
		{Name: "took", Match: map[string]any{"took": 7}, KeepOneIn: 3},
	}}
}

func TestProcessAllocatesNothing(t *testing.T) {
	p, err := New(rules())
	if err != nil {
		t.Fatal(err)
	}
	var b event.Batch
	b.Reset(shop())
	access(&b, "/healthz", 200)
	p.Process(&b)
	if n := testing.AllocsPerRun(100, func() { p.Process(&b) }); n != 0 {
		t.Errorf("%v allocations per line", n)
	}
}

// go test -run '^$' -bench Process ./processors/filter
func BenchmarkProcess(b *testing.B) {
	p, err := New(rules())
	if err != nil {
		b.Fatal(err)
	}
	var batch event.Batch
	batch.Reset(shop())
	access(&batch, "/healthz", 200)
	for b.Loop() {
		p.Process(&batch)
	}
}
