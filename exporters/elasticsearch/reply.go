package elasticsearch

import (
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/tailrace/tailrace/pipeline/shipping"
)

// reply reads the answer to a _bulk request as a stream: a reply with many
// errors is larger than the request. Its memory is used again.
type reply struct {
	scan     *scanner
	outcomes []shipping.Outcome
	errors   []shipping.ItemError
	// where has the number in names of each item's index.
	where []uint32
	names []string
	// explained are the bytes of reasons that are kept.
	explained int

	item item
	// top and the others are methods of this reply as values, made once.
	top, operation, result, problem func(key []byte)
	next                            func()
	// seen says that there were items, even none.
	seen bool
	// known are items as they were written, one per index: most of a reply
	// are repetitions of few, which need not be read token by token.
	known [maxKnown]knownItem
	learn int
}

// knownItem is the text of an item without an error.
type knownItem struct {
	text    []byte
	outcome shipping.Outcome
	where   uint32
}

// maxKnown is more than the data streams of most frames.
const maxKnown = 8

// item is the element of "items" that is being read.
type item struct {
	results             int
	status              int
	failed, redirected  bool
	index, kind, reason []byte
}

const (
	// replyBase and replyPerItem bound a reply's length generously: an error's
	// reason quotes up to some hundred bytes of the document.
	replyBase    = 1 << 20
	replyPerItem = 64 << 10
	// maxNames bounds the names that are remembered from reply to reply.
	maxNames = 1 << 10
	// nameLimit cuts index names (255 bytes by Elasticsearch's own rule) and
	// error types, reasonLimit the reasons. When those of one reply have taken
	// reasonsLimit, the others are cut at shortReason.
	nameLimit    = 256
	reasonLimit  = 4 << 10
	reasonsLimit = 1 << 20
	shortReason  = 128
)

// replies holds readers between requests.
var replies = sync.Pool{New: func() any { return newReply() }}

func newReply() *reply {
	r := &reply{scan: newScanner()}
	r.top, r.next, r.operation, r.result, r.problem = r.readTop, r.readItem, r.readOperation, r.readResult, r.readProblem
	return r
}

// read reads the answer to a request of docs documents from in. It fails when
// the answer is not whole or not what Elasticsearch writes. Whether the number
// of outcomes is right is for the caller to check.
func (r *reply) read(in io.Reader, docs int) error {
	s := r.scan
	s.reset(in, replyBase+int64(docs)*replyPerItem)
	r.outcomes, r.errors, r.explained, r.seen = r.outcomes[:0], r.errors[:0], 0, false
	r.where = r.where[:0]
	if len(r.names) > maxNames {
		r.names, r.known = nil, [maxKnown]knownItem{}
	}
	s.object(r.top)
	err := s.err
	if err == nil && (!r.seen || !s.end()) {
		err = errSyntax
	}
	if err != nil {
		return fmt.Errorf("the answer %w", err)
	}
	return nil
}

// take gives up the outcomes and errors that were read.
func (r *reply) take() ([]shipping.Outcome, []shipping.ItemError) {
	outcomes, errors := r.outcomes, r.errors
	r.outcomes, r.errors = nil, nil
	return outcomes, errors
}

// readRefusal reads {"error":{"type":…,"reason":…},"status":…}. Both are empty
// when the answer is not that.
func (r *reply) readRefusal(in io.Reader) (kind, reason string) {
	r.item = item{}
	r.explained = 0
	r.scan.reset(in, replyBase)
	r.scan.object(func(key []byte) {
		if string(key) == "error" {
			r.readError()
			return
		}
		r.scan.skip()
	})
	if r.scan.err != nil {
		return "", ""
	}
	return string(r.item.kind), string(r.item.reason)
}

func (r *reply) readTop(key []byte) {
	if string(key) != "items" {
		r.scan.skip()
		return
	}
	r.seen = true
	r.scan.array(r.next)
}

// readItem reads {"create":{…}} and notes its outcome. An object ends with its
// brace, so one that begins with a known item's text is that item.
func (r *reply) readItem() {
	if r.recognise() {
		return
	}
	r.scan.peek()
	start, fills := r.scan.i, r.scan.fills
	r.parseItem()
	if n := len(r.outcomes); r.scan.err == nil && fills == r.scan.fills && !r.item.failed {
		r.remember(r.scan.buf[start:r.scan.i], knownItem{outcome: r.outcomes[n-1], where: r.where[n-1]})
	}
}

// recognise reads an item that has been read before.
func (r *reply) recognise() bool {
	for k := range r.known {
		if known := &r.known[k]; len(known.text) > 0 && r.scan.pass(known.text) {
			r.outcomes, r.where = append(r.outcomes, known.outcome), append(r.where, known.where)
			return true
		}
	}
	return false
}

func (r *reply) remember(text []byte, item knownItem) {
	if item.outcome > shipping.Exists {
		return
	}
	k := &r.known[r.learn%maxKnown]
	r.learn++
	item.text = append(k.text[:0], text...)
	*k = item
}

func (r *reply) parseItem() {
	i := &r.item
	*i = item{index: i.index[:0], kind: i.kind[:0], reason: i.reason[:0]}
	r.scan.object(r.operation)
	if i.results != 1 || i.status == 0 {
		r.scan.fail(errSyntax)
		return
	}
	o := i.outcome()
	if o >= shipping.Busy {
		r.explain()
	}
	r.outcomes, r.where = append(r.outcomes, o), append(r.where, r.name(i.index))
}

// name is the number of an index.
func (r *reply) name(index []byte) uint32 {
	for k, name := range r.names {
		if name == string(index) {
			return uint32(k)
		}
	}
	r.names = append(r.names, string(index))
	return uint32(len(r.names) - 1)
}

func (r *reply) readOperation([]byte) {
	r.item.results++
	r.scan.object(r.result)
}

func (r *reply) readResult(key []byte) {
	s, i := r.scan, &r.item
	switch string(key) {
	case "status":
		i.status = s.integer()
	case "_index":
		i.index = r.word(i.index, nameLimit)
	case failureStore:
		s.string(nameLimit)
		i.redirected = string(s.text) == "used"
	case "error":
		i.failed = true
		r.readError()
	default:
		s.skip()
	}
}

// readError reads an error, which is an object or, in old versions, a string.
func (r *reply) readError() {
	if r.scan.peek() == '"' {
		r.item.reason = r.word(r.item.reason, reasonLimit)
		return
	}
	r.scan.object(r.problem)
}

func (r *reply) readProblem(key []byte) {
	switch i := &r.item; string(key) {
	case "type":
		i.kind = r.word(i.kind, nameLimit)
	case "reason":
		limit := reasonLimit
		if r.explained > reasonsLimit {
			limit = shortReason
		}
		i.reason = r.word(i.reason, limit)
	default:
		r.scan.skip()
	}
}

// word reads a string, or null, into dst.
func (r *reply) word(dst []byte, limit int) []byte {
	if r.scan.peek() != '"' {
		r.scan.skip()
		return dst[:0]
	}
	r.scan.string(limit)
	return append(dst[:0], r.scan.text...)
}

// outcome is what the item's status means.
func (i *item) outcome() shipping.Outcome {
	switch s := i.status; {
	case i.redirected:
		return shipping.Rejected
	case s/100 == 2 && !i.failed:
		return shipping.Stored
	case s == 409:
		return shipping.Exists
	case s == 429 || s >= 500 || s/100 == 2:
		return shipping.Busy
	case s == 403 || s == 404 || s == 400 && isPipelineMissing(i.kind, i.reason):
		return shipping.Refused
	case s == 400 && misfits[string(i.kind)]:
		return shipping.Unmappable
	default:
		return shipping.Rejected
	}
}

// isPipelineMissing says that a document was not even looked at: the ingest
// pipeline that it was to go through is not there, which a person can mend
// (IngestService.java, resolvePipelinesAndUpdateIndexRequest and its callers).
func isPipelineMissing[T string | []byte](kind, reason T) bool {
	return string(kind) == "illegal_argument_exception" && strings.HasPrefix(string(reason), "pipeline with id [")
}

// misfits are the types of errors about a document's fields: a value that is
// not of the field's type, a name that a strict mapping does not have, more
// fields or longer terms than the index takes. The second one is how versions
// before 8.9, and OpenSearch, say the first.
var misfits = map[string]bool{
	"document_parsing_exception":       true,
	"mapper_parsing_exception":         true,
	"strict_dynamic_mapping_exception": true,
	"illegal_argument_exception":       true,
}

// failureStore is where a data stream keeps documents that do not fit it, if its
// options say so (Elastic, "Failure store").
const failureStore = "failure_store"

// explain keeps why the item was not stored.
func (r *reply) explain() {
	i := &r.item
	e := shipping.ItemError{Doc: len(r.outcomes), Status: i.status,
		Index: string(i.index), Type: string(i.kind), Reason: string(i.reason)}
	if i.redirected {
		e.Type, e.Reason = failureStore, "stored in the failure store instead of the data stream: "+e.Reason
	}
	r.explained += len(e.Reason)
	r.errors = append(r.errors, e)
}
