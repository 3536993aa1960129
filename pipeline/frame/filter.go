package frame

import (
	"slices"

	"github.com/zeebo/xxh3"
)

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
// id, or the text of a request id as the line spelled it. It is never 0.
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

// terms are the hashes of the ids in an open frame. An id that returns soon,
// as those of a request do, is kept once; a set that knew them all would cost
// a cache miss for every line.
type terms struct {
	hashes []uint64
	recent [1 << recentBits]uint64
}

const recentBits = 10

func (t *terms) add(hash uint64) {
	slot := &t.recent[hash>>(64-recentBits)]
	if *slot != hash {
		*slot = hash
		t.hashes = append(t.hashes, hash)
	}
}

// take makes the filter, returns a copy of the hashes, and empties t.
func (t *terms) take() (Filter, []uint64) {
	if len(t.hashes) == 0 {
		return nil, nil
	}
	f := NewFilter(len(t.hashes))
	for _, hash := range t.hashes {
		f.Add(hash)
	}
	hashes := slices.Clone(t.hashes)
	t.hashes = t.hashes[:0]
	clear(t.recent[:])
	return f, hashes
}
