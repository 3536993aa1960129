package encode

import (
	"testing"

	"github.com/tailrace/tailrace/pipeline/event"
	"github.com/tailrace/tailrace/pipeline/frame"
)

// go test ./pipeline/encode -run '^$' -bench .
func BenchmarkDocument(b *testing.B) {
	for _, x := range examples {
		b.Run(x.name, func(b *testing.B) {
			batch := x.batch()
			for range 999 {
				batch.Records = append(batch.Records, batch.Records[0])
			}
			e, f := New(Options{}), frame.NewBuilder(-2)
			for b.Loop() {
				e.Encode(batch, f)
				if f.Size() > 4<<20 {
					f.Seal(frame.Meta{}).Release()
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1000, "ns/doc")
		})
	}
}

func BenchmarkRecordID(b *testing.B) {
	raw := make([]byte, 250)
	r := event.Record{Start: 1, End: 251}
	for b.Loop() {
		recordID(event.SourceID{1}, &r, raw)
	}
}

// go test ./pipeline/encode -run '^$' -bench Mappings
func BenchmarkMappings(b *testing.B) {
	for _, m := range []Mapping{OTel, ECS} {
		b.Run(string(m), func(b *testing.B) {
			batch := examples[1].batch()
			for range 999 {
				batch.Records = append(batch.Records, batch.Records[0])
			}
			e, f := New(Options{Mapping: m}), frame.NewBuilder(-2)
			for b.Loop() {
				e.Encode(batch, f)
				if f.Size() > 4<<20 {
					f.Seal(frame.Meta{}).Release()
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1000, "ns/doc")
		})
	}
}
