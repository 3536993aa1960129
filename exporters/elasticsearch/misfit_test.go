package elasticsearch

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tailrace/tailrace/internal/testkit/elastic"
	"github.com/tailrace/tailrace/pipeline/shipping"
)

// misfitsAreStoredFlattened: a document whose attributes the index refuses is
// found by them all the same.
func misfitsAreStoredFlattened(t *testing.T, s *elastic.Server) {
	t.Run("a text where numbers are", func(t *testing.T) { fits(t, s, "long", `{"status":200}`, `{"status":"up"}`, "attributes.status", "up") })
	t.Run("a text where truths are", func(t *testing.T) { fits(t, s, "bool", `{"ok":true}`, `{"ok":"maybe"}`, "attributes.ok", "maybe") })
	t.Run("more fields than an index takes", func(t *testing.T) {
		var many []string
		for i := range 1100 {
			many = append(many, fmt.Sprintf(`"f%d":"v%d"`, i, i))
		}
		fits(t, s, "many", `{"a":"b"}`, "{"+strings.Join(many, ",")+"}", "", "v1099")
	})
}

// withAttributes is a document of a stream.
func withAttributes(stream string, i int, attributes string) document {
	d := logDocOf(stream, i)
	d.source = strings.Replace(d.source, `"body":{`, `"attributes":`+attributes+`,"body":{`, 1)
	return d
}

// fits sends a document with attributes, which decide what the index takes,
// and one with others, and finds that by one of its values.
func fits(t *testing.T, s *elastic.Server, kind, first, other, field, value string) {
	t.Parallel()
	s = s.For(t)
	stream := "logs-" + kind + ".otel-real"
	d := newDelivery(t, settings(s))
	d.run()
	d.add(withAttributes(stream, 0, first))
	d.delivered()
	d.add(withAttributes(stream, 1, other), withAttributes(stream, 2, first))
	if r := d.delivered(); r.Delivered != 3 || r.Dead != 0 {
		t.Fatalf("the cursor counts %+v, want 3 lines delivered: %+v", r, d.refused(d.dead))
	}
	if n := s.Count(stream, "*"); n != 3 {
		t.Errorf("%d documents, want 3", n)
	}
	if n := s.Count(stream, "body.structured:"+value+" AND trace_id:"+fmt.Sprintf("%032x", 1)); n != 1 {
		t.Errorf("%d documents found by %q and their trace, want 1", n, value)
	}
	if diff := cmp.Diff(map[shipping.Misfit]uint64{{Namespace: "shop", Field: field}: 1}, d.shipper.Stats().Rewritten); diff != "" {
		t.Errorf("figures (-want +got):\n%s", diff)
	}
}
