package encode

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tailrace/tailrace/pipeline/event"
	"github.com/tailrace/tailrace/pipeline/frame"
)

// ecsOf is the document of a JSON line whose members are all the application's.
func ecsOf(t testing.TB, src event.Source, members string) (doc map[string]any, raw string) {
	t.Helper()
	b := textBatch(&src, "x")
	b.Records[0].Stream, b.Records[0].Severity = event.Stdout, 9
	b.AddField(&b.Records[0], event.Field{Value: event.Value{Kind: event.KindMembers, Span: b.Append([]byte(members))}})
	plain, _ := plainOf(t, New(Options{Mapping: ECS}), b)
	raw = sources(plain)[0]
	if err := json.Unmarshal([]byte(raw), &doc); err != nil {
		t.Fatalf("%v: %s", err, raw)
	}
	if n := topLevel(t, raw); n != len(doc) {
		t.Errorf("a name stands twice: %s", raw)
	}
	return doc, raw
}

// topLevel counts members as they are written.
func topLevel(t testing.TB, raw string) (n int) {
	t.Helper()
	for rest := []byte(strings.TrimSuffix(raw[1:], "}")); len(rest) > 0; n++ {
		_, _, rest = cutMember(rest)
	}
	return n
}

// A container must not say for another where a line comes from.
func TestNamesOfTheAgentAreNotTheLines(t *testing.T) {
	src := pod()
	src.Resource = append(src.Resource, event.Attr{Name: "service.name", Value: `"cart"`})
	doc, _ := ecsOf(t, src, `"service.name":"bank", "kubernetes" : {"namespace":"kube-system"},"service":"s","data_stream":{"dataset":"x"},"message":"m","stream":1,"ecs.version":[{"a":"}"}]`)
	for name, want := range map[string]any{
		"service.name": "cart", "service.name_original": "bank", "kubernetes.namespace": "shop",
		"kubernetes_original": map[string]any{"namespace": "kube-system"}, "service_original": "s",
		"data_stream_original": map[string]any{"dataset": "x"}, "message": "x", "message_original": "m",
		"stream": "stdout", "stream_original": 1.0, "ecs.version": "8.17.0", "ecs.version_original": []any{map[string]any{"a": "}"}},
	} {
		if diff := cmp.Diff(want, doc[name]); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	for _, name := range []string{"kubernetes", "service", "data_stream"} {
		if _, ok := doc[name]; ok {
			t.Errorf("%s is the line's", name)
		}
	}
}

// A text where the schema has an object would be refused with its document;
// objects of the schema are the application's to use.
func TestTextsInPlaceOfObjectsAreRenamed(t *testing.T) {
	doc, _ := ecsOf(t, pod(), `"error":"boom","user":7,"log":{"logger":"a.B"},"event":{"action":"login"},"cart":"c"`)
	for name, want := range map[string]any{
		"error_original": "boom", "user_original": 7.0, "log": map[string]any{"logger": "a.B"},
		"event": map[string]any{"action": "login"}, "cart": "c",
	} {
		if diff := cmp.Diff(want, doc[name]); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestECSHasNoMoreNamesThanItMay(t *testing.T) {
	var members []string
	for i := range 400 {
		members = append(members, fmt.Sprintf(`"k%d":%d`, i, i))
	}
	_, raw := ecsOf(t, pod(), strings.Join(members, ","))
	if own := strings.Count(raw, `"k`) - strings.Count(raw, `"kubernetes`); own != maxFields {
		t.Errorf("%d names of the line's, want %d", own, maxFields)
	}
}

func TestECSAllocatesNothing(t *testing.T) {
	e, f := New(Options{Mapping: ECS}), frame.NewBuilder(1)
	var batches []*event.Batch
	for _, x := range examples {
		batches = append(batches, x.batch())
	}
	encode := func() {
		for _, b := range batches {
			e.Encode(b, f)
		}
	}
	for range 3000 {
		encode()
	}
	if n := testing.AllocsPerRun(500, encode); n != 0 {
		t.Errorf("%v allocations for %d records", n, len(batches))
	}
}

func TestSecondsInNanoseconds(t *testing.T) {
	for text, want := range map[string]int64{"0.042": 42e6, "1": 1e9, "12.000000001": 12_000_000_001, "0": 0} {
		if got, ok := nanos([]byte(text)); !ok || got != want {
			t.Errorf("%s: %d %v", text, got, ok)
		}
	}
	for _, text := range []string{"", "-1", "1e3", "0.0000000001", "99999999999999999999", "9999999999999"} {
		if got, ok := nanos([]byte(text)); ok {
			t.Errorf("%q: %d", text, got)
		}
	}
}

// What is called an address must be one: an index refuses the document
// otherwise.
func FuzzAddress(f *testing.F) {
	for _, s := range []string{"203.0.113.9", "256.1.1.1", "1.2.3", "01.2.3.4", "::", "::1", "fe80::1%eth0", "1:2:3:4:5:6:7:8", "1::2::3", ":1", "unix:", "2001:db8::", "a:b", "1:2:3:4:5:6:7::"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if !isAddress([]byte(s)) {
			return
		}
		if a, err := netip.ParseAddr(s); err != nil || a.Zone() != "" {
			t.Errorf("%q is called an address: %v", s, err)
		}
	})
}

func TestAddresses(t *testing.T) {
	for _, s := range []string{"203.0.113.9", "::", "::1", "2001:db8::", "1:2:3:4:5:6:7:8", "2001:DB8:0:0:8:800:200c:417A"} {
		if !isAddress([]byte(s)) {
			t.Errorf("%s is not called an address", s)
		}
	}
}

// FuzzECS holds for every JSON line: no name twice, and its members can be
// told apart.
func FuzzECS(f *testing.F) {
	f.Add(`{"service":"x","a":[1,{"b":"]"}],"log":{"x":"\"}"}}`)
	f.Add(`{ "@timestamp" : 1 , "message":null , "trace.id":"x" }`)
	f.Fuzz(func(t *testing.T, line string) {
		var members map[string]json.RawMessage
		if json.Unmarshal([]byte(line), &members) != nil || len(members) == 0 || strings.Contains(line, "\n") {
			return
		}
		// Marshalled again, the line has each name once, as after the parser.
		again, _ := json.Marshal(members)
		ecsOf(t, pod(), string(again[1:len(again)-1]))
	})
}
