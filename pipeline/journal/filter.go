package journal

import "github.com/tailrace/tailrace/pipeline/frame"

// segmentFilter gathers the ids of a whole segment into one Bloom filter, so
// that a search for one id passes a segment without looking at its frames. Its
// room is fixed when the segment begins; at the end it is folded to what the
// ids need.
type segmentFilter struct {
	bits frame.Filter
	ids  int
}

const (
	// bytesPerID is an estimate of the packed bytes of a document with an id
	// of its own, which sets the filter's room: 64 MiB of segment get 2 MiB.
	bytesPerID = 40
	// wantedBits per id make the filter wrong about one absent id in a hundred.
	wantedBits = 10
	// smallestFilter is where folding ends.
	smallestFilter = 64
)

func (f *segmentFilter) reset(segmentSize int64) {
	n := smallestFilter
	for int64(n)*8 < segmentSize/bytesPerID*wantedBits {
		n *= 2
	}
	if len(f.bits) != n {
		f.bits = make(frame.Filter, n)
	}
	clear(f.bits)
	f.ids = 0
}

func (f *segmentFilter) add(s *frame.Sealed) {
	for _, hash := range s.Terms {
		f.bits.Add(hash)
	}
	f.ids += len(s.Terms)
}

// take is the folded filter; nil when it would be too full to tell anything.
func (f *segmentFilter) take() frame.Filter {
	bits := f.bits
	if f.ids*2 > len(bits)*8 {
		return nil
	}
	for len(bits) > smallestFilter && len(bits)/2*8 >= f.ids*wantedBits {
		bits = fold(bits)
	}
	return bits
}

// fold halves a filter: bit i of the result stands for the bits 2i and 2i+1,
// which is where its probes fall, since they scale with the filter's length.
func fold(bits frame.Filter) frame.Filter {
	half := make(frame.Filter, len(bits)/2)
	for i := range len(half) * 8 {
		if (bits[i>>2]>>(2*(i&3)))&3 != 0 {
			half[i>>3] |= 1 << (i & 7)
		}
	}
	return half
}
