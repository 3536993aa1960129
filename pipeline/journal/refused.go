package journal

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// Refused is a document that a backend refused, with the reason.
type Refused struct {
	// Time is when it was refused.
	Time time.Time `json:"time"`
	// Exporter refused it.
	Exporter string `json:"exporter"`
	// Namespace and Container ("namespace/pod/container", or a file's path)
	// say where the document is from, Index where it should have gone.
	Namespace string `json:"namespace,omitempty"`
	Container string `json:"container,omitempty"`
	Index     string `json:"index,omitempty"`
	// Status, Type and Reason are the backend's.
	Status int    `json:"status"`
	Type   string `json:"type,omitempty"`
	Reason string `json:"reason"`
	// Lines is how many lines the document was made of.
	Lines uint32 `json:"lines"`
	// Frame is the number of the document's frame, JournalTime and MaybeSeen
	// are the frame's.
	Frame       uint64 `json:"frame"`
	JournalTime int64  `json:"journal_time,omitempty"`
	MaybeSeen   bool   `json:"maybe_seen,omitempty"`
	// Action and Document are the original bytes, as they stand in the frame.
	Action   json.RawMessage `json:"action,omitempty"`
	Document json.RawMessage `json:"document,omitempty"`
	// Raw has them when they are not JSON: the action line, a newline, and the
	// document.
	Raw []byte `json:"raw,omitempty"`
}

// ByContainer and ByIndex say whose quota a document counts for: dead letters
// share by container, parked documents by data stream.
func ByContainer(r *Refused) string { return r.Container }

// ByIndex is the data stream that the document should have gone to.
func ByIndex(r *Refused) string { return r.Index }

// append writes r as one line. Documents that are one line of valid JSON are
// copied as they are, since json.Marshal would rewrite them.
func (r Refused) append(dst []byte) ([]byte, error) {
	action, document := r.Action, r.Document
	r.Action, r.Document = nil, nil
	plain := line(action) && line(document)
	if !plain {
		r.Raw = append(append(bytes.Clone(action), '\n'), document...)
	}
	head, err := json.Marshal(r)
	if err != nil {
		return dst, err
	}
	dst = append(dst, head[:len(head)-1]...)
	if plain {
		dst = append(append(dst, `,"action":`...), action...)
		dst = append(append(dst, `,"document":`...), document...)
	}
	return append(dst, '}', '\n'), nil
}

// line says whether b is valid JSON on one line.
func line(b []byte) bool { return bytes.IndexByte(b, '\n') < 0 && json.Valid(b) }

// parseRefused reads the lines of a bundle.
func parseRefused(plain []byte) ([]Refused, error) {
	var all []Refused
	for l := range bytes.Lines(plain) {
		var r Refused
		if err := json.Unmarshal(l, &r); err != nil {
			return nil, fmt.Errorf("line %d of a bundle: %w", len(all)+1, err)
		}
		if r.Raw != nil {
			action, document, _ := bytes.Cut(r.Raw, newline)
			r.Action, r.Document, r.Raw = action, document, nil
		}
		all = append(all, r)
	}
	return all, nil
}

var newline = []byte{'\n'}

// key is what bundles are kept by.
type key struct{ exporter, owner string }

// The class of a bundle's frame is its key.
func (k key) class() string { return k.exporter + "\x00" + k.owner }

func parseKey(class string) key {
	exporter, owner, _ := strings.Cut(class, "\x00")
	return key{exporter, owner}
}
