// Package message is how a frame travels as a message of a broker such as
// RabbitMQ: the frame's bytes, unchanged, as the body, and what the frame's
// metadata say to others in properties and headers. It knows no protocol's
// library: headers are a map as AMQP 0-9-1 libraries have it. docs/rabbitmq.md
// has the format.
package message

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tailrace/tailrace/pipeline/frame"
)

// Version is the version of the headers. A reader refuses others.
const Version = 1

// The properties that every message has.
const (
	ContentType     = "application/x-ndjson"
	ContentEncoding = "gzip"
)

// The headers. Times are ns since the Unix epoch.
const (
	HeaderVersion     = "tailrace-version"
	HeaderClass       = "tailrace-class"
	HeaderNode        = "tailrace-node"
	HeaderDocuments   = "tailrace-documents"
	HeaderPlainSize   = "tailrace-plain-size"
	HeaderChecksum    = "tailrace-checksum"
	HeaderMinTime     = "tailrace-min-time"
	HeaderMaxTime     = "tailrace-max-time"
	HeaderJournalTime = "tailrace-journal-time"
	HeaderMaybeSeen   = "tailrace-maybe-seen"
)

// Message is a message without its address.
type Message struct {
	// ID is equal for equal documents of one frame, however often they are sent.
	ID                           string
	ContentType, ContentEncoding string
	// Timestamp is the journal time; AMQP keeps its seconds.
	Timestamp time.Time
	Headers   map[string]any
	// Body is one gzip member with the plain header of ten bytes.
	Body []byte
}

// Origin is where frames come from.
type Origin struct {
	// Journal is the journal's id: that and a frame's number are never given
	// twice.
	Journal string
	// Node is the name of the node.
	Node string
}

// Piece is a frame, or some documents of one.
type Piece struct {
	// Meta are the frame's.
	Meta *frame.Meta
	// Docs counts the documents in the payload, PlainSize are its bytes before
	// compression.
	Docs, PlainSize int
	// Payload is the deflate stream and the gzip trailer.
	Payload []byte
}

// New makes a message of a piece. The body is written to buf's memory if there
// is enough of it.
func New(o Origin, p Piece, buf []byte) Message {
	m := p.Meta
	body := append(slices.Grow(buf[:0], len(frame.WireHeader)+len(p.Payload)), frame.WireHeader[:]...)
	return Message{
		ID:              ID(o, p),
		ContentType:     ContentType,
		ContentEncoding: ContentEncoding,
		Timestamp:       time.Unix(0, m.JournalTime),
		Headers: map[string]any{
			HeaderVersion:     int64(Version),
			HeaderClass:       m.Class,
			HeaderNode:        nodeName(o.Node),
			HeaderDocuments:   int64(p.Docs),
			HeaderPlainSize:   int64(p.PlainSize),
			HeaderChecksum:    int64(frame.Checksum(p.Payload)),
			HeaderMinTime:     m.MinTime,
			HeaderMaxTime:     m.MaxTime,
			HeaderJournalTime: m.JournalTime,
			HeaderMaybeSeen:   m.MaybeSeen,
		},
		Body: append(body, p.Payload...),
	}
}

// ID names a frame by its journal and number, and some documents of one by
// their bytes as well.
func ID(o Origin, p Piece) string {
	whole := fmt.Sprintf("%s-%d", o.Journal, p.Meta.Seq)
	if p.Docs == int(p.Meta.Docs) {
		return whole
	}
	return fmt.Sprintf("%s-%08x", whole, frame.Checksum(p.Payload))
}

// maxNode bounds the name of a node; those of Kubernetes have at most 253 bytes.
const maxNode = 255

// nodeName is a name that every reader takes.
func nodeName(name string) string {
	name = strings.ToValidUTF8(name, "\uFFFD")
	if len(name) > maxNode {
		name = strings.ToValidUTF8(name[:maxNode], "")
	}
	return name
}
