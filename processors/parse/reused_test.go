package parse

import (
	"fmt"
	"testing"

	"github.com/tailrace/tailrace/pipeline/event"
)

// TestAttributesHaveNothingOfEarlierLines parses the corpora, and a line with a
// stack trace, into batches that are new and into such as have held other
// attributes before.
func TestAttributesHaveNothingOfEarlierLines(t *testing.T) {
	for _, c := range readCorpora(t) {
		for i, line := range c.lines {
			parsedAnew(t, c.source(fmt.Sprint(i)), line, 1)
		}
	}
	trace := "{\"level\":\"error\",\"msg\":\"failed\",\"n\":1}\njava.lang.IllegalStateException: closed\n\tat shop.Cart.pay(Cart.java:31)"
	parsedAnew(t, &event.Source{Container: "c"}, []byte(trace), 3)
}

// parsedAnew compares what becomes of a record in both batches.
func parsedAnew(t *testing.T, src *event.Source, text []byte, lines uint32) {
	t.Helper()
	fresh, reused := batchOf(src, text), batchOf(src, text)
	old := event.Field{
		Name: exceptionType, Key: reused.Append([]byte(exceptionType)),
		Value: event.Value{Kind: event.KindConst, Span: reused.Records[0].Line, Num: 31, Const: "of an earlier line"},
	}
	for range maxOldFields {
		reused.Fields = append(reused.Fields, old)
	}
	reused.Fields = reused.Fields[:0]
	var got [2]string
	for i, b := range []*event.Batch{fresh, reused} {
		b.Records[0].Lines = lines
		New(Options{}).Process(b)
		got[i] = render(b, &b.Records[0])
	}
	if got[0] != got[1] {
		t.Fatalf("%s: in a new batch\n%sin one that was used before\n%s", text, got[0], got[1])
	}
}

// maxOldFields are more than a line of the corpora has.
const maxOldFields = 100
