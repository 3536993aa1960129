package kibana

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tailrace/tailrace/internal/managed"
	"github.com/tailrace/tailrace/internal/testkit/savedobjects"
)

// caller sends requests to a handler in this process.
type caller struct{ http.Handler }

func (c caller) Send(r *http.Request) (int, http.Header, []byte, error) {
	w := httptest.NewRecorder()
	c.ServeHTTP(w, r)
	return w.Code, w.Header(), w.Body.Bytes(), nil
}

func objectsIn(t *testing.T, space string) []*Object {
	t.Helper()
	objects, err := Objects("otel", space)
	if err != nil {
		t.Fatal(err)
	}
	return objects
}

func mustLook(t *testing.T, k *savedobjects.Kibana, space string, objects []*Object) *Plan {
	t.Helper()
	p, err := Look(t.Context(), caller{k}, space, objects)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// apply returns the ids of what was written.
func apply(t *testing.T, p *Plan, consent bool) (ids []string) {
	t.Helper()
	written, err := p.Apply(t.Context(), consent)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range written {
		ids = append(ids, c.Object.ID)
	}
	return ids
}

// setUp is a Kibana with everything in it.
func setUp(t *testing.T) (*savedobjects.Kibana, []*Object) {
	t.Helper()
	k, objects := savedobjects.New(), objectsIn(t, "")
	if n := len(apply(t, mustLook(t, k, "", objects), false)); n != len(objects) {
		t.Fatalf("%d objects written, want %d", n, len(objects))
	}
	return k, objects
}

// changed are the states of what is not as it should be, and the differences.
func changed(p *Plan) (states map[string]managed.State, diffs string) {
	states = map[string]managed.State{}
	for _, c := range p.Changes {
		if c.State != managed.Same {
			states[c.Object.ID], diffs = c.State, diffs+c.Diff
		}
	}
	return states, diffs
}

func TestASecondTimeChangesNothing(t *testing.T) {
	k, objects := setUp(t)
	k.Calls()
	p := mustLook(t, k, "", objects)
	if states, diffs := changed(p); len(states) > 0 {
		t.Errorf("%v\n%s", states, diffs)
	}
	if ids := apply(t, p, true); len(ids) > 0 {
		t.Errorf("%v are written again", ids)
	}
	if diff := cmp.Diff([]string{"_export"}, k.Calls()); diff != "" {
		t.Error(diff)
	}
}

// What Kibana does by itself, at the import and while its users look around, is
// nobody's change.
func TestWhatKibanaAddsIsNoChange(t *testing.T) {
	k, objects := setUp(t)
	view, _ := k.Attribute("index-pattern", "tailrace-otel-logs", fieldAttrs).(string)
	if !strings.HasPrefix(view, `{"tailrace":`) {
		t.Fatalf("the data view has the field attributes %s, which have no marks", view)
	}
	edits := map[string]any{fieldAttrs: `{"body.text":{"count":3},` + view[1:], "runtimeFieldMap": "{}", "typeMeta": "{}"}
	for name, value := range edits {
		if err := k.Edit("index-pattern", "tailrace-otel-logs", name, value); err != nil {
			t.Fatal(err)
		}
	}
	if states, diffs := changed(mustLook(t, k, "", objects)); len(states) > 0 {
		t.Errorf("%v\n%s", states, diffs)
	}
}

func TestWhatAPersonEditedIsShownAndKeptWithoutConsent(t *testing.T) {
	for _, edit := range []struct {
		kind, id, attribute string
		value               any
		shown               []string
	}{
		{"search", "tailrace-otel-slow-requests", "columns", []any{"@timestamp"}, []string{`-       "@timestamp"`, `+       "attributes.url.path"`}},
		{"search", "tailrace-otel-odd", "rowHeight", 5.0, nil},
		{"index-pattern", "tailrace-otel-logs", "title", "logs-*,app-*", []string{`-     "title": "logs-*,app-*"`, `+     "title": "logs-*.otel-*"`}},
		{"index-pattern", "tailrace-otel-logs", "fieldFormatMap", `{}`, []string{`+         "id": "url"`}},
		{"visualization", "tailrace-otel-requests", "visState", `{"type":"pie"}`, []string{`-       "type": "pie"`}},
		{"dashboard", "tailrace-otel-errors", "panelsJSON", `[]`, []string{`+     "panelsJSON": [`}},
		{"dashboard", "tailrace-otel-errors", "description", "Mine.", []string{`-     "description": "Mine."`}},
	} {
		t.Run(edit.id+" "+edit.attribute, func(t *testing.T) {
			k, objects := setUp(t)
			if err := k.Edit(edit.kind, edit.id, edit.attribute, edit.value); err != nil {
				t.Fatal(err)
			}
			p := mustLook(t, k, "", objects)
			states, diffs := changed(p)
			if edit.shown == nil {
				// Nothing of ours would change it.
				if len(states) > 0 {
					t.Errorf("%v\n%s", states, diffs)
				}
				return
			}
			if len(states) != 1 || !states[edit.id].NeedsConsent() || p.NeedConsent() != 1 {
				t.Errorf("states %v, want that of %s", states, edit.id)
			}
			for _, want := range edit.shown {
				if !strings.Contains(diffs, want+"\n") && !strings.Contains(diffs, want+",\n") {
					t.Errorf("the difference does not have %s:\n%s", want, diffs)
				}
			}
			if ids := apply(t, p, false); len(ids) > 0 || !cmp.Equal(k.Attribute(edit.kind, edit.id, edit.attribute), edit.value) {
				t.Errorf("%v were written without consent", ids)
			}
			if ids := apply(t, p, true); !slices.Equal(ids, []string{edit.id}) {
				t.Errorf("%v were written with consent", ids)
			}
			if states, diffs := changed(mustLook(t, k, "", objects)); len(states) > 0 {
				t.Errorf("after it: %v\n%s", states, diffs)
			}
		})
	}
}

func TestWhatIsGoneIsMadeAgain(t *testing.T) {
	k, objects := setUp(t)
	k.Delete("search", "tailrace-otel-odd")
	k.Delete("dashboard", "tailrace-otel-agent")
	if ids := apply(t, mustLook(t, k, "", objects), false); !slices.Equal(ids, []string{"tailrace-otel-odd", "tailrace-otel-agent"}) {
		t.Errorf("%v were written", ids)
	}
}

// rewritten has other objects than those that are wanted, of a version.
func rewritten(t *testing.T, k *savedobjects.Kibana, version string) {
	t.Helper()
	old := &Object{Type: "search", ID: "tailrace-otel-odd", References: []Reference{}, Attributes: map[string]any{"title": "old", description: "Old."}}
	if err := (&space{caller{k}, ""}).write(t.Context(), []*Object{old.marked(old.sum())}); err != nil {
		t.Fatal(err)
	}
	about, _ := k.Attribute("search", "tailrace-otel-odd", description).(string)
	if err := k.Edit("search", "tailrace-otel-odd", description, strings.Replace(about, "version 1 ", "version "+version+" ", 1)); err != nil {
		t.Fatal(err)
	}
}

func TestVersions(t *testing.T) {
	for version, want := range map[string]managed.State{"0": managed.Outdated, "1": managed.Outdated, "2": managed.Newer} {
		k, objects := setUp(t)
		rewritten(t, k, version)
		p := mustLook(t, k, "", objects)
		if states, diffs := changed(p); states["tailrace-otel-odd"] != want || !strings.Contains(diffs, `-     "title": "old"`) {
			t.Errorf("version %s: %v\n%s", version, states, diffs)
		}
		if n := len(apply(t, p, false)); (n == 1) != (want == managed.Outdated) {
			t.Errorf("version %s: %d objects written", version, n)
		}
	}
}

func TestSpacesDoNotGetIntoEachOthersWay(t *testing.T) {
	k := savedobjects.New()
	for _, id := range []string{"", "team"} {
		objects := objectsIn(t, id)
		apply(t, mustLook(t, k, id, objects), false)
		if states, diffs := changed(mustLook(t, k, id, objects)); len(states) > 0 {
			t.Errorf("space %q: %v\n%s", id, states, diffs)
		}
	}
	// Ids that another space has are not what they seem.
	if _, err := mustLook(t, k, "other", objectsIn(t, "team")).Apply(t.Context(), false); err == nil || !strings.Contains(err.Error(), "another space") {
		t.Errorf("an id of another space: %v", err)
	}
}

// answers is a Kibana that says one thing.
type answers struct {
	status int
	body   string
}

func (a answers) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	w.WriteHeader(a.status)
	_, _ = w.Write([]byte(a.body))
}

func TestAnswersThatAreNone(t *testing.T) {
	objects := objectsIn(t, "")
	for name, c := range map[string]struct {
		answer answers
		want   string
	}{
		"no rights":           {answers{403, `{"statusCode":403,"message":"Unable to bulk_get dashboard"}`}, "403 Unable to bulk_get dashboard"},
		"no rights to one":    {answers{400, `{"message":"Error fetching objects to export","attributes":{"objects":[{"id":"tailrace-otel-logs","type":"index-pattern","error":{"statusCode":403}}]}}`}, "Error fetching"},
		"no Kibana":           {answers{200, "<html>"}, "no object"},
		"a page of a proxy's": {answers{502, "<html>"}, "502 <html>"},
	} {
		if _, err := Look(t.Context(), caller{c.answer}, "", objects); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("reading, %s: %v", name, err)
		}
	}
	for name, c := range map[string]struct {
		answer answers
		want   string
	}{
		"no rights":           {answers{403, `{"statusCode":403,"message":"Unable to bulk_create dashboard"}`}, "Unable to bulk_create dashboard"},
		"no Kibana":           {answers{200, "<html>"}, "<html>"},
		"a missing reference": {answers{200, `{"errors":[{"id":"x","type":"search","error":{"type":"missing_references"}}]}`}, "missing_references"},
		"too few objects":     {answers{200, `{"successCount":2}`}, "2 objects of"},
	} {
		if err := (&space{caller{c.answer}, ""}).write(t.Context(), objects); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("writing, %s: %v", name, err)
		}
	}
}
