package parse

import (
	"github.com/tailrace/tailrace/internal/strictjson"
	"github.com/tailrace/tailrace/pipeline/event"
)

// written are the attributes that the agent itself gives to documents,
// whatever the source.
var written = []string{
	"log.iostream", "log.file.path", "log.record.original",
	"log.record.truncated", "log.record.continuation", "log.record.malformed",
	"log.body.escaped", "log.attributes.escaped",
}

// reserved are the names that a line's own keys must not take.
type reserved struct {
	names []string
	words []uint64
	// lengths has a bit for the length of each name, so that most keys need
	// no comparison.
	lengths uint64
}

func reservedOf(src *event.Source) reserved {
	var r reserved
	for _, name := range written {
		r.add(name)
	}
	for _, a := range src.Attributes {
		r.add(a.Name)
	}
	return r
}

func (r *reserved) add(name string) {
	r.names = append(r.names, name)
	r.words = append(r.words, strictjson.Word([]byte(name), 0, len(name)))
	r.lengths |= 1 << (len(name) & 63)
}

// has reports whether the member's key is reserved.
func (r *reserved) has(text []byte, m *strictjson.Member) bool {
	return (r.lengths>>((m.KeyEnd-m.Key)&63)&1 != 0 || m.EscapedKey) && r.hasName(text, m)
}

func (r *reserved) hasName(text []byte, m *strictjson.Member) bool {
	key := text[m.Key:m.KeyEnd]
	for i, name := range r.names {
		if m.EscapedKey && strictjson.SameKey(key, name) || r.words[i] == m.Word && string(key) == name {
			return true
		}
	}
	return false
}

// addMembers makes attributes of the members that are not taken: runs of
// neighbours are copied with the commas between them as they stand.
func (l *line) addMembers() {
	run, own := -1, l.r.Fields
	for i := range l.members {
		m := &l.members[i]
		if m.Mark == markNone && !l.src.reserved.has(l.text, m) && !(own > 0 && l.clashes(m, own)) {
			if run < 0 {
				run = i
			}
			continue
		}
		l.addRun(run, i)
		run = -1
		if m.Mark != markTaken {
			l.addRenamed(m)
		}
	}
	l.addRun(run, len(l.members))
}

// addRun makes one field of the members from run up to end; run may be none.
func (l *line) addRun(run, end int) {
	if run < 0 || run == end {
		return
	}
	from, to := l.members[run].Key-1, l.members[end-1].ValueEnd
	f := l.field()
	f.Value.Kind, f.Value.Span = event.KindMembers, l.span(int(from), int(to))
}

// addPairs makes an attribute of each member that is not taken: those of text
// formats do not stand as JSON.
func (l *line) addPairs() {
	own := l.r.Fields
	for i := range l.members {
		m := &l.members[i]
		switch {
		case m.Mark == markTaken:
		case m.Mark == markRenamed || l.src.reserved.has(l.text, m) || l.clashes(m, own):
			l.addRenamed(m)
		default:
			f := l.field()
			f.Key = l.span(int(m.Key), int(m.KeyEnd))
			l.setValue(&f.Value, m)
		}
	}
}

// clashes reports whether one of the first own fields of the record, which the
// format's parser added, has the member's name.
func (l *line) clashes(m *strictjson.Member, own uint32) bool {
	for _, f := range l.b.FieldsOf(l.r)[:own] {
		if m.EscapedKey && strictjson.SameKey(l.text[m.Key:m.KeyEnd], f.Name) || string(l.text[m.Key:m.KeyEnd]) == f.Name {
			return true
		}
	}
	return false
}

// fieldNamed is the record's attribute of that name, or nil.
func (l *line) fieldNamed(name string) *event.Field {
	fields := l.b.FieldsOf(l.r)
	for i := range fields {
		if fields[i].Name == name {
			return &fields[i]
		}
	}
	return nil
}

const original = "_original"

// addRenamed adds the member as <key>_original, or with more of the suffix
// until no other member of the line has that name.
func (l *line) addRenamed(m *strictjson.Member) {
	at := len(l.b.Data)
	l.b.Data = append(l.b.Data, l.text[m.Key:m.KeyEnd]...)
	l.b.Data = append(l.b.Data, original...)
	for l.hasKey(l.b.Data[at:]) {
		l.b.Data = append(l.b.Data, original...)
	}
	key := event.Span{Off: uint32(at), Len: uint32(len(l.b.Data) - at)}
	f := l.field()
	f.Key = key
	l.setValue(&f.Value, m)
}

func (l *line) hasKey(name []byte) bool {
	for i := range l.members {
		m := &l.members[i]
		if key := l.text[m.Key:m.KeyEnd]; string(key) == string(name) || m.EscapedKey && strictjson.SameKey(key, string(name)) {
			return true
		}
	}
	return false
}
