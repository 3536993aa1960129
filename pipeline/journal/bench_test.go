package journal

import (
	"context"
	"fmt"
	"testing"

	"github.com/tailrace/tailrace/pipeline/frame"
)

// go test ./pipeline/journal -run - -bench Append
func BenchmarkAppend(b *testing.B) {
	for _, docs := range []int{20, 8000} {
		b.Run(fmt.Sprintf("%d documents", docs), func(b *testing.B) {
			s := sample{docs: docs, tag: "bench", size: 300}.seal()
			size := len(s.Payload)
			j := open(b, Options{Dir: b.TempDir(), SegmentSize: 64 << 20})
			b.SetBytes(int64(size))
			for b.Loop() {
				// Release forgets the payload, which is shared here.
				if err := j.Append(context.Background(), &frame.Sealed{Meta: s.Meta, Payload: s.Payload[:size:size]}); err != nil {
					b.Fatal(err)
				}
			}
			flush(b, j)
		})
	}
}
