package kibana

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"strconv"
	"strings"

	"github.com/tailrace/tailrace/internal/managed"
)

// The marks of an object are a sentence at the end of its description. A data
// view has no description: its marks are the label of a field that no document
// has, which Kibana keeps and shows nowhere.
const (
	description = "description"
	fieldAttrs  = "fieldAttrs"
	markedField = "tailrace"
)

var sentence = regexp.MustCompile(`\s*Made by tailrace setup kibana, version (\d{1,9}) \(([0-9a-f]{8})\.([0-9a-f]{8})\)\.$`)

// written is the sentence with marks in it.
func written(m managed.Marks) string {
	return fmt.Sprintf("Made by tailrace setup kibana, version %d (%s.%s).", m.Version, m.Sent, m.Kept)
}

// parse takes the marks off a text.
func parse(text string) (rest string, m managed.Marks) {
	found := sentence.FindStringSubmatch(text)
	if found == nil {
		return text, m
	}
	m.Version, _ = strconv.Atoi(found[1]) // They are digits.
	m.Sent, m.Kept = found[2], found[3]
	return strings.TrimSuffix(text, found[0]), m
}

// marked is the object with its version, its sum, and the sum of what Kibana
// makes of it.
func (o *Object) marked(kept string) *Object {
	s := written(managed.Marks{Version: Version, Sent: o.sum(), Kept: kept})
	c := *o
	c.Attributes = maps.Clone(o.Attributes)
	if about, ok := o.Attributes[description].(string); ok {
		c.Attributes[description] = about + " " + s
	} else {
		c.Attributes[fieldAttrs] = text(map[string]any{markedField: map[string]any{"customLabel": s}})
	}
	return &c
}

// sum tells the object's content from others; eight digits are enough to notice
// what somebody has changed.
func (o *Object) sum() string {
	c, _ := o.content()
	return short(c)
}

func short(content map[string]any) string { return managed.Sum(content)[:8] }

// content is what the object says, in one form whatever Kibana wrote around it,
// and the marks that it bore.
func (o *Object) content() (map[string]any, managed.Marks) {
	c := managed.Clone(map[string]any{"attributes": o.Attributes, "references": byName(o.References)})
	attributes, _ := c["attributes"].(map[string]any)
	unfold(attributes)
	m := takeMarks(attributes)
	for name, v := range attributes {
		if isEmpty(v) {
			delete(attributes, name)
		}
	}
	return c, m
}

// takeMarks takes the marks off attributes, and with them what Kibana counts in
// a data view of its own accord: how often each field is looked at.
func takeMarks(attributes map[string]any) (m managed.Marks) {
	if about, ok := attributes[description].(string); ok {
		attributes[description], m = parse(about)
	}
	fields, _ := attributes[fieldAttrs].(map[string]any)
	for name, v := range fields {
		field, _ := v.(map[string]any)
		if label, ok := field["customLabel"].(string); ok && name == markedField {
			_, m = parse(label)
			clear(field)
		}
		if delete(field, "count"); isEmpty(v) {
			delete(fields, name)
		}
	}
	return m
}

// unfold reads the texts with JSON in them, so that neither the order of names
// nor spaces count.
func unfold(m map[string]any) {
	for name, v := range m {
		s, _ := v.(string)
		if strings.HasPrefix(s, "{") || strings.HasPrefix(s, "[") {
			var inner any
			if json.Unmarshal([]byte(s), &inner) == nil {
				m[name] = inner
			}
		}
		if below, ok := m[name].(map[string]any); ok {
			unfold(below)
		}
	}
}

// isEmpty says that a member might as well be absent.
func isEmpty(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case string:
		return v == ""
	case map[string]any:
		return len(v) == 0
	case []any:
		return len(v) == 0
	}
	return false
}
