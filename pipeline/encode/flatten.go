package encode

import (
	"slices"

	"github.com/valyala/fastjson"

	"github.com/tailrace/tailrace/pipeline/ecs"
)

// Flatten moves a document's attributes into a flattened field of Elastic's
// templates, which takes values of any type and any number of names: for a
// document that an index refuses for one of its attributes. Message, time, ids,
// severity and resource stay. It reports false for a document that has no
// attributes to move. The document says itself which mapping it has: a journal
// may hold those of both.
func Flatten(doc []byte) ([]byte, bool) {
	var arena fastjson.Arena
	v, err := fastjson.ParseBytes(doc)
	if err != nil {
		return nil, false
	}
	if v.Exists(ecs.Mark) {
		return flattenECS(&arena, v)
	}
	return flattenOTel(&arena, v)
}

// flattenOTel moves attributes to body.structured.
func flattenOTel(arena *fastjson.Arena, v *fastjson.Value) ([]byte, bool) {
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
	structured := member(arena, member(arena, v, "body"), "structured")
	structured.Set("attributes", moved)
	v.Set("attributes", kept)
	return v.MarshalTo(nil), true
}

// flattened takes the fields of a document of mapping ecs: the template
// ecs@mappings, which Elastic's logs-*-* is composed of, maps objects whose
// path ends with structured_data as flattened.
const flattened = "tailrace.structured_data"

// flattenECS moves what stands behind the constant fields and is not the
// agent's.
func flattenECS(arena *fastjson.Arena, v *fastjson.Value) ([]byte, bool) {
	moved, kept := arena.NewObject(), arena.NewObject()
	line := false
	v.GetObject().Visit(func(key []byte, value *fastjson.Value) {
		name := string(key)
		if line && name != flattened && !slices.Contains(ecs.Last[:], name) {
			moved.Set(name, value)
		} else {
			kept.Set(name, value)
		}
		line = line || name == ecs.Mark
	})
	if moved.GetObject().Len() == 0 || v.Exists(flattened) {
		return nil, false
	}
	kept.Set(flattened, moved)
	return kept.MarshalTo(nil), true
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
