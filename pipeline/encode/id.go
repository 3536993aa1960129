package encode

import (
	"encoding/binary"

	"github.com/tailrace/tailrace/pipeline/event"
	"github.com/zeebo/xxh3"
)

// idSize is the length of 16 bytes in base64url without padding (RFC 4648, 5).
const idSize = 22

// recordID names a record for good: a 128-bit hash of its bytes, seeded by
// where it stands. The source's id contains the node and the file's identity,
// so the same record read again, after a crash or through a second path, has
// the same id, and Elasticsearch stores it once.
func recordID(src event.SourceID, r *event.Record, raw []byte) (id [idSize]byte) {
	var place [32]byte
	copy(place[:16], src[:])
	binary.LittleEndian.PutUint64(place[16:], uint64(r.Start))
	binary.LittleEndian.PutUint64(place[24:], uint64(r.End))
	sum := xxh3.Hash128Seed(raw, xxh3.Hash(place[:]))
	return printID(sum.Hi, sum.Lo)
}

const base64url = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

// printID writes the bytes of hi and lo, big-endian, in base64url. It is done
// for every line, and takes a third of what encoding/base64 does.
func printID(hi, lo uint64) (id [idSize]byte) {
	for i := range 10 {
		id[i] = base64url[hi>>(58-6*i)&63]
		id[11+i] = base64url[lo>>(56-6*i)&63]
	}
	id[10] = base64url[(hi<<2|lo>>62)&63]
	id[21] = base64url[lo<<4&63]
	return id
}
