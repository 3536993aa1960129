package rabbitmq

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/tailrace/tailrace/pipeline/frame"
	"github.com/tailrace/tailrace/pipeline/message"
)

// Other producers' messages are taken when they say that they are what
// Elasticsearch's _bulk takes: gzipped lines, of which each pair is an action
// (create or index) and a document.

// foreignClass is the class of what has none.
const foreignClass = "default"

// foreign makes a frame of another producer's message. Its documents are
// packed anew, so that exporters find one member of plain pairs of lines,
// whatever the producer's library made of gzip's options.
func foreign(d *amqp.Delivery, b *frame.Builder) (*frame.Sealed, error) {
	kind, _, err := mime.ParseMediaType(d.ContentType)
	if err != nil || kind != message.ContentType || d.ContentEncoding != message.ContentEncoding {
		return nil, fmt.Errorf("%w, and not of content_type %s with content_encoding %s either",
			message.ErrForeign, message.ContentType, message.ContentEncoding)
	}
	plain, err := gunzip(d.Body)
	if err != nil {
		return nil, err
	}
	if err := pack(b, plain); err != nil {
		b.Seal(frame.Meta{})
		return nil, err
	}
	s := b.Seal(frame.Meta{Class: foreignClass, MaybeSeen: d.Redelivered, JournalTime: sentAt(d)})
	s.Meta.MinTime, s.Meta.MaxTime = s.Meta.JournalTime, s.Meta.JournalTime
	return s, nil
}

// sentAt is when the message was made, as far as it says so: what an index is
// younger than may have older copies of its documents.
func sentAt(d *amqp.Delivery) int64 {
	now := time.Now()
	if t := d.Timestamp; !t.IsZero() && t.Unix() > 0 && t.Before(now) {
		return t.UnixNano()
	}
	return now.UnixNano()
}

// maxForeign bounds what another producer's message may unpack to: little bytes
// may be of very many, and who is killed for want of memory gets them again.
const maxForeign = 32 << 20

// gunzip reads all members of a body.
func gunzip(body []byte) ([]byte, error) {
	r, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", message.ErrNotGzip, err)
	}
	plain, err := io.ReadAll(io.LimitReader(r, maxForeign+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("%w: %w", message.ErrChecksum, err)
	case len(plain) > maxForeign:
		return nil, fmt.Errorf("%w: more than %d bytes before compression", errBulk, maxForeign)
	}
	return plain, nil
}

// errBulk is what is wrong with bodies that are well packed.
var errBulk = errors.New("not a body of _bulk with create and index actions only")

// pack adds the documents of a bulk body to a frame. It stops at the first that
// is none.
func pack(b *frame.Builder, plain []byte) error {
	if len(plain) > 0 && plain[len(plain)-1] != '\n' {
		plain = append(plain, '\n')
	}
	for i, doc := range frame.Documents(plain) {
		action, err := check(doc)
		if err != nil {
			return fmt.Errorf("%w: document %d: %w", errBulk, i, err)
		}
		b.AddDoc(frame.Doc{Action: action, Source: doc.Source})
	}
	switch lines := bytes.Count(plain, []byte{'\n'}); {
	case lines == 0:
		return fmt.Errorf("%w: it is empty", errBulk)
	case lines%2 != 0:
		return fmt.Errorf("%w: %d lines are not pairs", errBulk, lines)
	}
	return nil
}

// bulkAction is the line before a document. What Elasticsearch would refuse a
// whole request for, with the documents of others in it, is refused here.
type bulkAction struct {
	Create *bulkTarget `json:"create,omitempty"`
	Index  *bulkTarget `json:"index,omitempty"`
}

type bulkTarget struct {
	Index    string  `json:"_index"`
	ID       *string `json:"_id,omitempty"`
	Routing  *string `json:"routing,omitempty"`
	Pipeline *string `json:"pipeline,omitempty"`
}

// maxID is Elasticsearch's limit of an id, in bytes.
const maxID = 512

// check says what is wrong with a pair of lines. The action is written anew, so
// that it means the same to everybody.
func check(doc frame.Doc) (action []byte, err error) {
	var a bulkAction
	d := json.NewDecoder(bytes.NewReader(doc.Action))
	d.DisallowUnknownFields()
	if err := d.Decode(&a); err != nil || d.More() {
		return nil, errors.New("its action is not one of JSON with _index, _id, routing and pipeline")
	}
	target := cmp.Or(a.Create, a.Index)
	switch {
	case target == nil || a.Create != nil && a.Index != nil:
		return nil, errors.New("its action is neither create nor index")
	case target.Index == "":
		return nil, errors.New("its _index is empty")
	case target.ID != nil && (*target.ID == "" || len(*target.ID) > maxID):
		return nil, fmt.Errorf("its _id is not of 1 to %d bytes", maxID)
	case !bytes.HasPrefix(doc.Source, []byte{'{'}) || !json.Valid(doc.Source):
		return nil, errors.New("it is no JSON object")
	}
	return json.Marshal(a)
}
