package elasticsearch

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/tailrace/tailrace/pipeline/shipping"
)

func TestReplyOutcomes(t *testing.T) {
	for _, c := range []struct {
		name, item string
		want       shipping.Outcome
	}{
		{"created", `"status":201`, shipping.Stored},
		{"ok", `"_index":"i","status":200`, shipping.Stored},
		{"the same id again", `"status":409,"error":{"type":"version_conflict_engine_exception"}`, shipping.Exists},
		{"overload", `"status":429,"error":{"type":"es_rejected_execution_exception"}`, shipping.Busy},
		{"block of a full disk", `"status":429,"error":{"type":"cluster_block_exception"}`, shipping.Busy},
		{"no shard", `"status":503,"error":{"type":"unavailable_shards_exception"}`, shipping.Busy},
		{"legacy block", `"status":403,"error":{"type":"cluster_block_exception"}`, shipping.Refused},
		{"no such index", `"status":404,"error":{"type":"index_not_found_exception"}`, shipping.Refused},
		{"mapping conflict", `"status":400,"error":{"type":"document_parsing_exception"}`, shipping.Unmappable},
		{"no such pipeline", `"status":400,"error":{"type":"illegal_argument_exception","reason":"pipeline with id [late] does not exist"}`, shipping.Refused},
		{"a value that a pipeline cannot take", `"status":400,"error":{"type":"illegal_argument_exception","reason":"field [a] not present"}`, shipping.Unmappable},
		{"no such index name", `"status":400,"error":{"type":"invalid_index_name_exception"}`, shipping.Rejected},
		{"redirected", `"status":201,"failure_store":"used"`, shipping.Rejected},
		{"not redirected", `"status":201,"failure_store":"not_applicable_or_unknown"`, shipping.Stored},
		{"error as a string", `"status":400,"error":"old"`, shipping.Rejected},
		{"success with an error", `"status":200,"error":{"type":"x"}`, shipping.Busy},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newReply()
			if err := r.read(strings.NewReader(`{"items":[{"create":{`+c.item+`}}]}`), 1); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]shipping.Outcome{c.want}, r.outcomes); diff != "" {
				t.Error(diff)
			}
			if want := c.want >= shipping.Busy; want != (len(r.errors) == 1) {
				t.Errorf("explained with %v", r.errors)
			}
		})
	}
}

func TestReplyKeepsTheReason(t *testing.T) {
	r := newReply()
	err := r.read(strings.NewReader(`{"took":7,"errors":true,"more":[{"a":[1,-2.5e3,true,null]},"]}"],"items":[`+
		`{"create":{"_index":"a","status":201}},`+
		`{"create":{"_index":".ds-logs-x","status":400,"error":{"reason":"say \"hi\" \u00e9\ud83d\ude00\n","caused_by":{"type":"no"},"type":"document_parsing_exception"}}}`+
		`]}`+"\n"), 2)
	want := []shipping.ItemError{{Doc: 1, Status: 400, Index: ".ds-logs-x",
		Type: "document_parsing_exception", Reason: "say \"hi\" é😀\n"}}
	if diff := cmp.Diff(want, r.errors); diff != "" || err != nil {
		t.Error(diff, err)
	}
}

// TestReplyUnreadable: every prefix of an answer, and what proxies say
// instead of one, is an error, never a shorter answer.
func TestReplyUnreadable(t *testing.T) {
	whole := `{"took":1,"errors":true,"items":[{"create":{"status":201}},{"create":{"status":400,"error":{"type":"t","reason":"r"}}}]}`
	for n := range len(whole) {
		if err := newReply().read(strings.NewReader(whole[:n]), 2); err == nil {
			t.Errorf("accepted a cut-off answer: %s", whole[:n])
		}
	}
	for _, text := range []string{
		"<html>blocked</html>", "", "[]", "{}", "null", `{"items":{}}`, `{"items":[{}]}`, `{"items":[1]}`,
		`{"items":[{"create":{}}]}`, `{"items":[{"create":{"status":"201"}}]}`, `{"items":[{"create":{"status":201.5}}]}`,
		`{"items":[{"create":{"status":201},"index":{"status":201}}]}`, whole + "x", whole + whole,
		`{"error":{"type":"x"},"status":400}`, strings.Repeat(`{"a":`, 5000),
	} {
		if err := newReply().read(strings.NewReader(text), 2); err == nil {
			t.Errorf("accepted %.60q", text)
		}
	}
}

func TestReplyPassesReadErrorsOn(t *testing.T) {
	broken := errors.New("connection reset by peer")
	r := newReply()
	err := r.read(io.MultiReader(strings.NewReader(`{"items":[`), iotest.ErrReader(broken)), 1)
	if !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
}

func TestReplyIsBounded(t *testing.T) {
	r := newReply()
	endless := io.MultiReader(strings.NewReader(`{"took":"`), zeroes{})
	if err := r.read(endless, 1); !errors.Is(err, errLong) {
		t.Errorf("an endless answer: %v", err)
	}
	reason := strings.Repeat("x", 20_000)
	if err := r.read(strings.NewReader(manyErrors(1000, reason)), 1000); err != nil {
		t.Fatal(err)
	}
	kept := 0
	for _, e := range r.errors {
		kept += len(e.Reason)
	}
	if kept > 2*reasonsLimit || len(r.errors) != 1000 {
		t.Errorf("%d errors keep %d bytes of reasons", len(r.errors), kept)
	}
}

type zeroes struct{}

func (zeroes) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = '0'
	}
	return len(p), nil
}

func manyErrors(n int, reason string) string {
	item := fmt.Sprintf(`{"create":{"_index":"i","status":400,"error":{"type":"t","reason":%q}}}`, reason)
	return `{"errors":true,"items":[` + strings.Repeat(item+",", n-1) + item + `]}`
}

func manyStored(n int) []byte {
	item := `{"create":{"_index":".ds-logs-generic.otel-default-2026.11.22-000001","status":201}}`
	return []byte(`{"took":30,"errors":false,"items":[` + strings.Repeat(item+",", n-1) + item + `]}`)
}

// TestReplyAllocatesNothing per item that was stored.
func TestReplyAllocatesNothing(t *testing.T) {
	body, r := manyStored(2000), newReply()
	in := bytes.NewReader(body)
	n := testing.AllocsPerRun(10, func() {
		in.Reset(body)
		if err := r.read(in, 2000); err != nil || len(r.outcomes) != 2000 {
			t.Fatal(err, len(r.outcomes))
		}
	})
	if n > 0 {
		t.Errorf("%v allocations for an answer of 2,000 items", n)
	}
}

// BenchmarkReply: go test -run xxx -bench Reply -benchmem ./exporters/elasticsearch
func BenchmarkReply(b *testing.B) {
	body, r := manyStored(2000), newReply()
	in := bytes.NewReader(body)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		in.Reset(body)
		if err := r.read(in, 2000); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/2000, "ns/item")
}

// FuzzReply compares with encoding/json: a valid answer gives the same
// statuses, however it is split; of any other, an error or at least no panic.
func FuzzReply(f *testing.F) {
	f.Add([]byte(`{"items":[{"create":{"status":201}}]}`))
	f.Add([]byte(`{"took":1,"items":[{"create":{"_index":"\ud800\n","status":429,"error":{"type":null,"reason":"\u00e9"}}}],"errors":true}`))
	f.Add([]byte(manyErrors(3, "r")))
	f.Fuzz(func(t *testing.T, body []byte) {
		r, split := newReply(), newReply()
		err := r.read(bytes.NewReader(body), 3)
		err2 := split.read(iotest.OneByteReader(bytes.NewReader(body)), 3)
		if (err == nil) != (err2 == nil) || !cmp.Equal(r.outcomes, split.outcomes) || !cmp.Equal(r.errors, split.errors) {
			t.Fatalf("depends on how it is split: %v, %v", err, err2)
		}
		if err == nil && json.Valid(body) {
			compareStatuses(t, body, r)
		}
	})
}

func compareStatuses(t *testing.T, body []byte, r *reply) {
	var want struct {
		Items []map[string]struct{ Status int }
	}
	if bytes.Count(bytes.ToLower(body), []byte("items")) != 1 || bytes.Count(bytes.ToLower(body), []byte("tatus")) != len(r.outcomes) {
		return // Repeated keys, and keys of another case, which encoding/json takes too.
	}
	if err := json.Unmarshal(body, &want); err != nil {
		return
	}
	if len(want.Items) != len(r.outcomes) {
		t.Fatalf("%d outcomes of %d items in %q", len(r.outcomes), len(want.Items), body)
	}
}
