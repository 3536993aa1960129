package encode

import (
	"encoding/base64"
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
	sum := xxh3.Hash128Seed(raw, xxh3.Hash(place[:])).Bytes()
	base64.RawURLEncoding.Encode(id[:], sum[:])
	return id
}
