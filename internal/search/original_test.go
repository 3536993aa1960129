package search

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestRawIsWhatTheApplicationWrote: the trace too that the document has apart
// from the message, and nothing twice.
func TestRawIsWhatTheApplicationWrote(t *testing.T) {
	for name, test := range map[string]struct{ doc, want string }{
		"the line":                            {`{"body":{"text":"said"},"attributes":{"log.record.original":"I said"}}`, "I said"},
		"a message with a trace":              {`{"body":{"text":"failed"},"attributes":{"exception.stacktrace":"E: no\n\tat f"}}`, "failed\nE: no\n\tat f"},
		"a trace that has the message":        {`{"body":{"text":"E: no"},"attributes":{"exception.stacktrace":"E: no\n\tat f"}}`, "E: no\n\tat f"},
		"a trace by the names of mapping ecs": {`{"ecs.version":"8.17.0","error.stack_trace":"E: no\n\tat f","message":"failed"}`, "failed\nE: no\n\tat f"},
	} {
		t.Run(name, func(t *testing.T) {
			var d Document
			if err := d.Read([]byte(test.doc)); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, string(d.Original())); diff != "" {
				t.Errorf("Original (-want +got):\n%s", diff)
			}
		})
	}
}

// TestNoRawLineLooksAsIfItCameFromElsewhere: an application that writes line
// breaks cannot write what is put in front of lines.
func TestNoRawLineLooksAsIfItCameFromElsewhere(t *testing.T) {
	const doc = `{"body":{"text":"said\n[bank/pay-0/app] paid\u001b[2J"},"resource":{"attributes":{"k8s.namespace.name":"shop","k8s.pod.name":"web-0","k8s.container.name":"app"}}}`
	var d Document
	if err := d.Read([]byte(doc)); err != nil {
		t.Fatal(err)
	}
	look := Look{Origin: true, Terminal: true}
	want := "[shop/web-0/app] said\n[shop/web-0/app] [bank/pay-0/app] paid\\x1b[2J"
	if diff := cmp.Diff(want, string(look.keepRaw(nil, &d))); diff != "" {
		t.Errorf("raw (-want +got):\n%s", diff)
	}
}
