// Package shipping brings the frames of a journal to a backend: it gathers
// them into requests, decides by the answers what is sent again, parked or
// dead-lettered, and moves the exporter's cursor past a frame only when every
// document of it is in a durable place.
//
// What to do next is decided in core, which has no I/O and no clock;
// testdata/*.scenario show its decisions.
package shipping

import (
	"context"
	"time"

	"github.com/tailrace/tailrace/pipeline/frame"
)

// Exporter sends requests to one backend. Export is called from several
// goroutines at once: for each request in flight, and for parked documents
// that are tried again.
//
// The answer says what became of the documents. An error is a request that
// failed without an answer; it is retried like Unavailable. When ctx ends,
// Export returns soon.
type Exporter interface {
	Export(ctx context.Context, req *Request) (*Response, error)
}

// Request is what is sent at once: documents, in order.
type Request struct{ Parts []Part }

// Docs counts the documents of the request.
func (r *Request) Docs() int {
	n := 0
	for i := range r.Parts {
		n += r.Parts[i].Docs
	}
	return n
}

// Part is a whole frame, or some documents of one, as one gzip member.
type Part struct {
	// Frame describes the frame that the documents are from.
	Frame *frame.Meta
	// Docs counts the documents in the payload, PlainSize are its bytes
	// before compression.
	Docs      int
	PlainSize int
	// Payload is the deflate stream and the gzip trailer. It is the shipper's:
	// an exporter must not keep or change it after Export has returned.
	Payload []byte
}

// Verdict is what a backend made of a whole request.
type Verdict uint8

// The verdicts.
const (
	// Answered requests have one Outcome per document.
	Answered Verdict = iota
	// Unavailable backends may take the same request later: overload (429,
	// 503), maintenance, no connection, a timeout.
	Unavailable
	// Denied requests need a person: credentials, permissions, addresses.
	Denied
	// TooLarge requests are accepted in pieces (413).
	TooLarge
	// Miscounted answers have another number of items than the request has
	// documents, so that none of them can be matched.
	Miscounted
	// Unclear answers are none of these: an HTML page, a cut-off reply, an
	// unknown status. Whether documents were stored is not known.
	Unclear
)

// Outcome is what became of one document.
type Outcome uint8

// The outcomes.
const (
	// Stored documents were stored by this request.
	Stored Outcome = iota
	// Exists says that the document was stored before, by its id.
	Exists
	// Busy documents may be stored later: overload or a failure of one index.
	Busy
	// Refused documents may be stored once a person has changed something
	// about their index: missing, forbidden, blocked.
	Refused
	// Rejected documents will never be stored: they go to the dead letters.
	Rejected
	// Unmappable documents are rejected for one of their fields: they are
	// rewritten once, if Options.Rewrite can.
	Unmappable
)

// Response is the answer to a request. It is the caller's.
type Response struct {
	Verdict Verdict
	// Parts is how many of the request's parts, from the first, were sent and
	// answered, when that was not all of them; 0 means all.
	Parts int
	// Outcomes has one element per document of an Answered request.
	Outcomes []Outcome
	// Errors explain the outcomes from Busy on, in the order of documents.
	Errors []ItemError
	// Removed counts documents that were stored a second time and deleted
	// again, Unchecked those for which that could not be found out.
	Removed, Unchecked int
	// Diverted counts Rejected documents that the backend keeps elsewhere, such
	// as in a failure store.
	Diverted int
	// Status is the protocol's code of the whole answer, 0 when there is none.
	Status int
	// RetryAfter is the least time to wait, when the backend said so.
	RetryAfter time.Duration
	// Reason says what happened, Cure what a person can change.
	Reason, Cure string
	// Signature is equal for equal Unclear answers, Raw the answer's first
	// bytes.
	Signature string
	Raw       string
}

// ItemError says why document Doc of a request (from 0) was not stored.
type ItemError struct {
	Doc          int
	Status       int
	Index        string
	Type, Reason string
}
