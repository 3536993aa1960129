// Package managed knows what has become of what the agent made in another
// system, such as a template in Elasticsearch or a dashboard in Kibana: whether
// it is as it was made, of another version, or changed by somebody.
package managed

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
)

// State is what is to be done about something.
type State string

// The states.
const (
	// Missing ones are made, Same ones are left alone.
	Missing State = "missing"
	Same    State = "unchanged"
	// Outdated ones are of an older version of the agent and are replaced.
	Outdated State = "outdated"
	// Newer ones are of a later version of the agent, Edited ones were changed by
	// somebody, and Foreign ones have the name and were not made by the agent:
	// they are replaced only with somebody's consent.
	Newer   State = "newer"
	Edited  State = "edited"
	Foreign State = "foreign"
)

// NeedsConsent says that something is not as this version or an older one made
// it.
func (s State) NeedsConsent() bool {
	return s == Newer || s == Edited || s == Foreign
}

// Written says whether something is to be written, with or without consent to
// replace what needs it.
func (s State) Written(consent bool) bool {
	return s != Same && (consent || !s.NeedsConsent())
}

// Marks are what the agent notes in what it makes. The zero value says that the
// agent did not make it.
type Marks struct {
	Version int
	// Sent is the sum of what the agent wrote, Kept that of what the other system
	// made of it: it may add members.
	Sent, Kept string
}

// Found is what another system has where something is wanted.
type Found struct {
	Marks
	// Sum is that of its content.
	Sum string
	// Serves says that all that is wanted is there.
	Serves bool
}

// Compare says what is to be done about what was found, where content of the
// sum wanted is to be, by this version of the agent.
func (f *Found) Compare(wanted string, version int) State {
	marked := f.Marks != Marks{}
	untouched := marked && f.Kept == f.Sum
	switch {
	case untouched && f.Sent == wanted:
		return Same
	case untouched && f.Version > version:
		return Newer
	case untouched:
		return Outdated
	case f.Serves:
		return Same
	case marked:
		return Edited
	}
	return Foreign
}

// Sum tells one content from another.
func Sum(content map[string]any) string {
	h := sha256.Sum256([]byte(Text(content)))
	return hex.EncodeToString(h[:])
}

// Text is content as JSON in lines, its names in order.
func Text(content map[string]any) string {
	b, err := json.MarshalIndent(content, "", "  ")
	if err != nil {
		// Only JSON gets here.
		panic(err)
	}
	return string(b)
}

// Clone is a deep copy by way of JSON, so that numbers have one type.
func Clone(content map[string]any) map[string]any {
	var c map[string]any
	if err := json.Unmarshal([]byte(Text(content)), &c); err != nil {
		panic(err)
	}
	return c
}
