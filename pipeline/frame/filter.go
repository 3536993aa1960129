package frame

import "github.com/zeebo/xxh3"

// Filter is a Bloom filter over the hashes of trace ids and request ids: ten
// bits per id and seven probes, which is wrong about an absent id in 0.8 % of
// frames. Empty, it has nothing.
type Filter []byte

const (
	filterBits   = 10
	filterProbes = 7
)

// Everything is the filter that has every id: of frames that know too many.
var Everything = Filter{0xff}

// TermHash is the hash by which filters know an id: the 16 bytes of a trace
// id, or the text of a request id as the line spelled it.
// It is never 0.
func TermHash(id []byte) uint64 { return max(xxh3.Hash(id), 1) }

// NewFilter is an empty filter with room for n ids.
func NewFilter(n int) Filter { return make(Filter, filterSize(n)) }

func filterSize(n int) int { return (n*filterBits + 7) / 8 }

// Add makes f have hash.
func (f Filter) Add(hash uint64) {
	bits := uint64(len(f)) * 8
	at, step := probes(hash)
	for range filterProbes {
		bit := uint64(at) * bits >> 32
		f[bit>>3] |= 1 << (bit & 7)
		at += step
	}
}

// Has says whether hash was probably added; it is never wrong about one that
// was.
func (f Filter) Has(hash uint64) bool {
	if len(f) == 0 {
		return false
	}
	bits := uint64(len(f)) * 8
	at, step := probes(hash)
	for range filterProbes {
		bit := uint64(at) * bits >> 32
		if f[bit>>3]&(1<<(bit&7)) == 0 {
			return false
		}
		at += step
	}
	return true
}

// probes splits a hash for double hashing (Kirsch and Mitzenmacher, "Less
// hashing, same performance", 2006). A probe p of 32 bits stands for the bit
// p*bits>>32.
func probes(hash uint64) (at, step uint32) {
	return uint32(hash), uint32(hash>>32) | 1
}

// termSet is the set of the hashes in an open frame: open addressing, at most
// half full; 0, which no id hashes to, marks a free place.
type termSet struct {
	table []uint64
	count int
}

const minTerms = 1 << 10

func (s *termSet) add(hash uint64) {
	if s.count*2 >= len(s.table) {
		s.grow()
	}
	s.insert(hash)
}

func (s *termSet) insert(hash uint64) {
	mask := uint64(len(s.table) - 1)
	for i := hash & mask; ; i = (i + 1) & mask {
		switch s.table[i] {
		case hash:
			return
		case 0:
			s.table[i] = hash
			s.count++
			return
		}
	}
}

func (s *termSet) grow() {
	old := s.table
	s.table, s.count = make([]uint64, max(minTerms, 2*len(old))), 0
	for _, hash := range old {
		if hash != 0 {
			s.insert(hash)
		}
	}
}

// list copies the set's hashes.
func (s *termSet) list() []uint64 {
	if s.count == 0 {
		return nil
	}
	hashes := make([]uint64, 0, s.count)
	for _, hash := range s.table {
		if hash != 0 {
			hashes = append(hashes, hash)
		}
	}
	return hashes
}

// take makes the filter of the set and empties it, letting go of a table that
// an unusual frame made large.
func (s *termSet) take() Filter {
	if s.count == 0 {
		return nil
	}
	f := NewFilter(s.count)
	for _, hash := range s.table {
		if hash != 0 {
			f.Add(hash)
		}
	}
	s.count = 0
	if len(s.table) > 32*minTerms {
		s.table = nil
	}
	clear(s.table)
	return f
}
