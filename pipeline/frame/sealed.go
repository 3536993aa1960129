package frame

// Sealed is a finished frame on its way to the journal.
type Sealed struct {
	Meta Meta
	// Payload is the deflate stream and the gzip trailer (CRC-32 and size of
	// the plain bytes): what follows the header of a gzip member, on disk and
	// on the wire.
	Payload []byte
	// Terms are the hashes of the ids in the documents, seldom twice: what the
	// filter of a whole segment is made of. They are not part of the frame.
	Terms []uint64
}

// WireHeader is the gzip header that a payload gets on the wire: deflate, no
// flags, no time, unknown system.
var WireHeader = [10]byte{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255}
