package encode

import "github.com/valyala/fastjson"

// Flatten moves a document's attributes into body.structured, a flattened
// field in Elastic's templates, which takes values of any type and any number
// of names: for a document that an index refuses for one of its attributes.
// Body text, time, ids, severity and resource stay. It reports false for a
// document that has no attributes to move.
func Flatten(doc []byte) ([]byte, bool) {
	var arena fastjson.Arena
	v, err := fastjson.ParseBytes(doc)
	if err != nil {
		return nil, false
	}
	moved, kept := arena.NewObject(), arena.NewObject()
	v.GetObject("attributes").Visit(func(key []byte, value *fastjson.Value) {
		if isOwn(string(key)) && value.Type() == fastjson.TypeString {
			kept.Set(string(key), value)
		} else {
			moved.Set(string(key), value)
		}
	})
	if moved.GetObject().Len() == 0 {
		return nil, false
	}
	structured := member(&arena, member(&arena, v, "body"), "structured")
	structured.Set("attributes", moved)
	v.Set("attributes", kept)
	return v.MarshalTo(nil), true
}

// isOwn says whether an attribute is one that the agent gives every record of
// a file: always a string, so that no index refuses it.
func isOwn(key string) bool { return key == "log.file.path" || key == "log.iostream" }

// member is an object in an object, which is made when it is not there.
func member(arena *fastjson.Arena, v *fastjson.Value, name string) *fastjson.Value {
	if m := v.Get(name); m != nil && m.Type() == fastjson.TypeObject {
		return m
	}
	m := arena.NewObject()
	v.Set(name, m)
	return m
}
