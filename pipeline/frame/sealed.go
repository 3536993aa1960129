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
	// Origin, unless it is nil, keeps the frame until the journal answers for
	// it, and knows it by its Tag.
	Origin Origin
	Tag    uint64
}

// Origin is where frames come from that were not made here, such as a message
// queue.
type Origin interface {
	// Acknowledge is called once for each frame that the journal has taken: when
	// it is durable or, with a journal in memory, when every exporter has passed
	// it that may not skip it. The journal may be locked and must not be called.
	Acknowledge(tag uint64)
}

// Acknowledge tells the frame's origin, if it has one.
func (s *Sealed) Acknowledge() {
	if s.Origin != nil {
		s.Origin.Acknowledge(s.Tag)
	}
}

// WireHeader is the gzip header that a payload gets on the wire: deflate, no
// flags, no time, unknown system.
var WireHeader = [10]byte{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255}
