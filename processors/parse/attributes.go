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
	set   nameSet
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
	r.words = append(r.words, wordOf(name))
	r.set.add(name)
}

// has reports whether the member's key is reserved.
func (r *reserved) has(text []byte, m *strictjson.Member) bool {
	key := text[m.Key:m.KeyEnd]
	for i, name := range r.names {
		if m.EscapedKey && strictjson.SameKey(key, name) || r.words[i] == m.Word && string(key) == name {
			return true
		}
	}
	return false
}

// nameSet places names on 256 bits, so that most keys need no comparison with
// them.
type nameSet [4]uint64

func (s *nameSet) add(name string) { s.put(nameHash(wordOf(name), uint32(len(name)))) }

// put reports whether a name of that hash may have been there.
func (s *nameSet) put(hash uint64) (before bool) {
	part, bit := &s[hash>>6], uint64(1)<<(hash&63)
	before = *part&bit != 0
	*part |= bit
	return before
}

// may reports whether the member's key may be one of the names.
func (s *nameSet) may(m *strictjson.Member) bool {
	hash := nameHash(m.Word, m.KeyEnd-m.Key)
	return s[hash>>6]>>(hash&63)&1 != 0 || m.EscapedKey
}

func nameHash(word uint64, length uint32) uint64 {
	return (word + uint64(length)) * 0x9E3779B97F4A7C15 >> 56
}

func wordOf(name string) uint64 { return strictjson.Word([]byte(name), 0, len(name)) }

// addMembers makes attributes of the members that are not taken: runs of
// neighbours are copied with the commas between them as they stand.
func (l *line) addMembers() {
	first := 0
	for first < len(l.members) && l.members[first].Mark == markTaken {
		first++
	}
	if first == len(l.members) {
		return
	}
	run, own := -1, len(l.own())
	names := l.takenNames(own)
	for i := first; i < len(l.members); i++ {
		m := &l.members[i]
		if m.Mark == markNone && !(names.may(m) && l.clashes(m, own)) {
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

// takenNames are the names that members cannot have: those reserved, and those of
// the first own fields of the record.
func (l *line) takenNames(own int) *nameSet {
	if own == 0 {
		return &l.src.reserved.set
	}
	l.names = l.src.reserved.set
	fields := l.own()[:own]
	for i := range fields {
		l.names.add(fields[i].Name)
	}
	return &l.names
}

// addRun makes one field of the members from run up to end; run may be none.
func (l *line) addRun(run, end int) {
	if run < 0 || run == end {
		return
	}
	from, to := l.members[run].Key-1, l.members[end-1].ValueEnd
	f := l.keyed(event.Span{})
	f.Value.Kind, f.Value.Span = event.KindMembers, l.span(int(from), int(to))
}

// addPairs makes an attribute of each member that is not taken: those of text
// formats do not stand as JSON.
func (l *line) addPairs() {
	own := len(l.own())
	names := l.takenNames(own)
	for i := range l.members {
		m := &l.members[i]
		switch {
		case m.Mark == markTaken:
		case m.Mark == markRenamed || names.may(m) && l.clashes(m, own):
			l.addRenamed(m)
		default:
			l.setValue(&l.keyed(l.span(int(m.Key), int(m.KeyEnd))).Value, m)
		}
	}
}

// clashes reports whether the member's name is reserved, or that of one of the
// first own fields of the record, which the format's parser added.
func (l *line) clashes(m *strictjson.Member, own int) bool {
	if l.src.reserved.has(l.text, m) {
		return true
	}
	fields := l.own()[:own]
	for i := range fields {
		f := &fields[i]
		if m.EscapedKey && strictjson.SameKey(l.text[m.Key:m.KeyEnd], f.Name) || string(l.text[m.Key:m.KeyEnd]) == f.Name {
			return true
		}
	}
	return false
}

// fieldNamed is the record's last attribute of that name, or nil.
func (l *line) fieldNamed(name string) *event.Field {
	fields := l.own()
	for i := len(fields) - 1; i >= 0; i-- {
		if fields[i].Name == name {
			return &fields[i]
		}
	}
	return nil
}

// hasAttribute reports whether the record has an attribute of a name by now, which
// a key of the line may be too.
func (l *line) hasAttribute(name []byte) bool {
	own := l.own()
	for i := range own {
		f := &own[i]
		if f.Name == string(name) || f.Name == "" && string(l.b.Bytes(f.Key)) == string(name) {
			return true
		}
	}
	return false
}

const original = "_original"

// addRenamed adds the member as <key>_original, or with more of the suffix
// until no other member of the line has that name.
func (l *line) addRenamed(m *strictjson.Member) {
	at := len(l.b.Data)
	l.b.Data = append(l.b.Data, l.text[m.Key:m.KeyEnd]...)
	l.b.Data = append(l.b.Data, original...)
	l.setValue(&l.keyed(l.freeKey(at)).Value, m)
}

// freeKey is the key that was appended to the arena from at on, with more of the
// suffix until no member of the line has it.
func (l *line) freeKey(at int) event.Span {
	for l.hasKey(l.b.Data[at:]) {
		l.b.Data = append(l.b.Data, original...)
	}
	return l.appended(at)
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
