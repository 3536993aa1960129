package kubernetes

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"unicode/utf8"

	"github.com/tailrace/tailrace/pipeline/event"
)

// field is a compiled Field.
type field struct {
	key     string
	pattern *regexp.Regexp
	// name is the attribute's; prefix is put before the key when it is empty.
	name, prefix string
}

// compile makes those of a kind that are taken from a pod or a namespace. The
// configuration is valid.
func compile(all []Field, from, kind string) []field {
	var out []field
	for _, f := range all {
		if f.From != from && (f.From != "" || from != fromPod) {
			continue
		}
		c := field{key: f.Key, name: f.TagName, prefix: "k8s." + from + "." + kind + "."}
		if f.Key == "" {
			c.pattern = regexp.MustCompile("^(?:" + f.KeyRegex + ")$")
		}
		out = append(out, c)
	}
	return out
}

// attribute is the name of the attribute for a label's or annotation's key, ""
// if it is not wanted.
func (f *field) attribute(key string) string {
	switch {
	case f.pattern == nil && f.key != key, f.pattern != nil && !f.pattern.MatchString(key):
		return ""
	case f.name == "":
		return f.prefix + key
	case f.pattern == nil:
		return f.name
	}
	return f.pattern.ReplaceAllString(key, f.name)
}

// What users can write into a pod's metadata must not fill memory or documents:
// a pod has at most so many attributes of its labels and annotations, each at
// most so long in bytes.
const (
	maxFields = 64
	maxValue  = 1024
)

// pick appends the wanted ones of labels or annotations, in the order of keys.
func pick(attrs []event.Attr, wanted []field, from map[string]string) []event.Attr {
	if len(wanted) == 0 {
		return attrs
	}
	picked := 0
	for _, key := range slices.Sorted(maps.Keys(from)) {
		for i := range wanted {
			name := wanted[i].attribute(key)
			if name == "" || picked == maxFields {
				continue
			}
			attrs = append(attrs, text(name, from[key]))
			picked++
		}
	}
	return attrs
}

// text is an attribute with a text as its value, cut if it is long.
func text(name, value string) event.Attr {
	return event.Attr{Name: name, Value: quote(cut(value, maxValue))}
}

// cut shortens s to limit bytes or a few less, at the end of a character.
func cut(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	n := limit
	for n > limit-utf8.UTFMax && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

func quote(s string) string {
	// A string always has a JSON form.
	b, _ := json.Marshal(s)
	return string(b)
}
