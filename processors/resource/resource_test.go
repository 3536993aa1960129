package resource

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tailrace/tailrace/pipeline/event"
)

func TestOpenAddsAttributes(t *testing.T) {
	p, err := New(Config{Attributes: map[string]any{
		"k8s.cluster.name": `prod "eu"`, "service.version": 2, "replica": true, "zones": []any{"a", "b"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	shared := []event.Attr{{Name: "k8s.pod.name", Value: `"cart-1"`}, {Name: "k8s.cluster.name", Value: `"found"`}}
	src := &event.Source{Resource: shared}
	p.Open(src)
	want := []event.Attr{
		{Name: "k8s.pod.name", Value: `"cart-1"`},
		{Name: "k8s.cluster.name", Value: `"prod \"eu\""`},
		{Name: "replica", Value: `true`},
		{Name: "service.version", Value: `2`},
		{Name: "zones", Value: `["a","b"]`},
	}
	if d := cmp.Diff(want, src.Resource); d != "" {
		t.Error(d)
	}
	if shared[1].Value != `"found"` {
		t.Error("the receiver's own list was changed")
	}
}

func TestOpenTwiceAddsOnce(t *testing.T) {
	p, err := New(Config{Attributes: map[string]any{"a": 1}})
	if err != nil {
		t.Fatal(err)
	}
	src := new(event.Source)
	p.Open(src)
	p.Open(src)
	if len(src.Resource) != 1 {
		t.Error(src.Resource)
	}
}

func TestValidateNamesTheAttribute(t *testing.T) {
	tests := []struct {
		attributes map[string]any
		want       string
	}{
		{map[string]any{" ": 1}, `attributes: " " is no name`},
		{map[string]any{"a": nil}, "attributes: a: has no value"},
		{map[string]any{"a": map[string]any{"b": 1}}, "attributes: a: must be text, a number, a boolean or a list of these"},
		{map[string]any{"a": []any{1, []any{2}}}, "attributes: a: [1] is a list in a list"},
		{map[string]any{"a": []any{nil}}, "attributes: a: [0]: has no value"},
		{map[string]any{"a": math.Inf(1)}, "attributes: a: +Inf cannot be written as JSON"},
	}
	for _, tt := range tests {
		c := Config{Attributes: tt.attributes}
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%v: %v, want %q", tt.attributes, err, tt.want)
		}
		if _, err := New(c); err == nil {
			t.Errorf("%v: New accepts it", tt.attributes)
		}
	}
	if c := DefaultConfig(); c.Validate() != nil {
		t.Error("the default is not valid")
	}
}
