package deflate

import (
	"math/bits"
	"slices"
)

// code is one symbol's code: the bits as deflate writes them, lowest first,
// and how many they are (RFC 1951, 3.1.1).
type code struct {
	bits uint16
	n    uint8
}

// maxSymbols is the size of the largest alphabet.
const maxSymbols = literalCodes

// lengths gives each symbol that occurs the length of its code, of at most
// limit bits. A single symbol gets one bit.
func (b *builder) lengths(counts []uint32, limit int, to []uint8) {
	clear(to)
	used := b.order[:0]
	for symbol, n := range counts {
		if n > 0 {
			used = append(used, uint64(n)<<16|uint64(symbol))
		}
	}
	if len(used) < 2 {
		for _, s := range used {
			to[s&0xffff] = 1
		}
		return
	}
	slices.Sort(used)
	var perLength [maxSymbols + 1]int
	for _, depth := range b.depths(used) {
		perLength[min(depth, limit)]++
	}
	shorten(perLength[:], limit)
	// The rarest symbols, which come first, have the longest codes.
	next := 0
	for n := limit; n > 0; n-- {
		for range perLength[n] {
			to[used[next]&0xffff] = uint8(n)
			next++
		}
	}
}

// depths are the code lengths of an optimal prefix code for two or more
// weights in ascending order, found in place (Moffat and Katajainen, "In-place
// calculation of minimum-redundancy codes", 1995).
func (b *builder) depths(sorted []uint64) []int {
	a := b.weights[:len(sorted)]
	for i, s := range sorted {
		a[i] = int(s >> 16)
	}
	joinPairs(a)
	parentsToDepths(a)
	depthsOfLeaves(a)
	return a
}

// joinPairs builds the tree: a[i] becomes the index of the parent of inner
// node i.
func joinPairs(a []int) {
	n := len(a)
	a[0] += a[1]
	root, leaf := 0, 2
	for next := 1; next < n-1; next++ {
		if leaf >= n || a[root] < a[leaf] {
			a[next] = a[root]
			a[root] = next
			root++
		} else {
			a[next] = a[leaf]
			leaf++
		}
		if leaf >= n || root < next && a[root] < a[leaf] {
			a[next] += a[root]
			a[root] = next
			root++
		} else {
			a[next] += a[leaf]
			leaf++
		}
	}
}

func parentsToDepths(a []int) {
	n := len(a)
	a[n-2] = 0
	for next := n - 3; next >= 0; next-- {
		a[next] = a[a[next]] + 1
	}
}

func depthsOfLeaves(a []int) {
	n := len(a)
	available, used, depth := 1, 0, 0
	root, next := n-2, n-1
	for available > 0 {
		for root >= 0 && a[root] == depth {
			used++
			root--
		}
		for available > used {
			a[next] = depth
			next--
			available--
		}
		available, used = 2*used, 0
		depth++
	}
}

// shorten makes numbers of codes per length, none longer than limit, a
// complete code again: as long as there are too many, one of the longest goes,
// and a shorter one is split to give it another place.
func shorten(perLength []int, limit int) {
	room := 0
	for n := 1; n <= limit; n++ {
		room += perLength[n] << (limit - n)
	}
	for ; room > 1<<limit; room-- {
		perLength[limit]--
		n := limit - 1
		for perLength[n] == 0 {
			n--
		}
		perLength[n]--
		perLength[n+1] += 2
	}
}

// assign makes the codes of the lengths (RFC 1951, 3.2.2).
func assign(lengths []uint8, to []code) {
	var perLength, next [16]uint16
	for _, n := range lengths {
		perLength[n]++
	}
	perLength[0] = 0
	for n := 1; n < len(next); n++ {
		next[n] = (next[n-1] + perLength[n-1]) << 1
	}
	for symbol, n := range lengths {
		to[symbol] = code{}
		if n > 0 {
			to[symbol] = code{bits.Reverse16(next[n]) >> (16 - n), n}
			next[n]++
		}
	}
}
