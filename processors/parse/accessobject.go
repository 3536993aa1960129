package parse

import (
	"math/bits"

	"github.com/tailrace/tailrace/internal/strictjson"
	"github.com/tailrace/tailrace/pipeline/event"
)

// accessObject is an access log that a server writes as JSON objects.
type accessObject struct {
	dataset string
	names   []objectKey
	keys    *keyTable
	// fills has, for each key, a bit for each attribute that it becomes.
	fills []uint64
	// needs are the sets of keys of each of which a line must have one.
	needs []uint64
	// untraced says that what the object calls a trace id may be something else.
	untraced bool
}

// objectKey is a key and what its value says. Of several for one attribute the
// first in the list counts.
type objectKey struct {
	name  string
	field accessField
}

// maxObjectKeys is how many keys fit into a set.
const maxObjectKeys = 64

func newAccessObject(dataset string, keys []objectKey, needs ...[]string) *accessObject {
	o := &accessObject{dataset: dataset, names: keys, fills: make([]uint64, len(keys)+1)}
	table := make([]key, len(keys))
	slots := map[string]int{}
	for i := range keys {
		table[i].name = keys[i].name
		for _, name := range keys[i].field.slots() {
			if _, ok := slots[name]; !ok {
				slots[name] = len(slots)
			}
			o.fills[i+1] |= 1 << slots[name]
		}
	}
	o.keys = newKeyTable(table)
	for _, names := range needs {
		o.needs = append(o.needs, o.set(names))
	}
	return o
}

// slots are the attributes that a value becomes, and what else a record has
// once.
func (f *accessField) slots() []string {
	switch f.means {
	case meansCLF, meansISO, meansLocal, meansTime, meansEpoch:
		return []string{"time"}
	}
	return f.fills()
}

func (o *accessObject) set(names []string) (set uint64) {
	for i, k := range o.names {
		for _, name := range names {
			if k.name == name {
				set |= 1 << i
			}
		}
	}
	return set
}

// places says at which member (counted from 1) each key is.
type places [maxObjectKeys]uint16

// find looks up the members' keys and returns the set of those that are there.
// Those of appKeys are noted in their members.
func (o *accessObject) find(text []byte, members []strictjson.Member, at *places) (present uint64) {
	for i := range members {
		s := o.keys.find(text, &members[i])
		members[i].Known = s.known
		if k := s.own; k != 0 && at[k-1] == 0 {
			at[k-1] = uint16(i + 1)
			present |= 1 << (k - 1)
		}
	}
	return present
}

func (o *accessObject) known(present uint64) bool {
	for _, set := range o.needs {
		if present&set == 0 {
			return false
		}
	}
	return true
}

// parseObject reads the line as one of a server's objects.
func (l *line) parseObject(o *accessObject) bool {
	if !l.scan() {
		return false
	}
	var at places
	present := o.find(l.text, l.members, &at)
	if !o.known(present) {
		return l.fail(reasonMisfit, 0)
	}
	a := access{l: l}
	l.r.Severity = sevInfo
	if !o.untraced {
		l.objectTrace()
	}
	a.putMembers(o, present, &at, l.members, 0)
	l.addMembers()
	l.objectBody()
	l.dataset(o.dataset)
	return true
}

// objectBody makes the record's body the whole line, which scan has found to be
// UTF-8.
func (l *line) objectBody() { l.r.Body = event.Value{} }

// objectTrace takes the trace context that modules and headers write, under
// keys that find has noted.
func (l *line) objectTrace() {
	var f found
	for i := range l.members {
		if k := l.members[i].Known; k != 0 {
			f.note(i, k)
		}
	}
	l.takeTrace(&f)
}

// putMembers gives the record what the members say, whose positions are
// relative to text[base:], and marks those that are represented.
func (a *access) putMembers(o *accessObject, present uint64, at *places, members []strictjson.Member, base int) {
	filled := uint64(0)
	for ; present != 0; present &= present - 1 {
		k := bits.TrailingZeros64(present)
		m := &members[at[k]-1]
		field := &o.names[k].field
		if filled&o.fills[k+1] != 0 {
			if field.part() {
				m.Mark = markTaken
			}
			continue
		}
		switch {
		case m.Kind == strictjson.Null:
			m.Mark = markTaken
		case a.putMember(field, m, base):
			m.Mark = markTaken
			filled |= o.fills[k+1]
		}
	}
}

// part reports whether the value says nothing beyond another of the same
// attribute.
func (f *accessField) part() bool {
	switch f.means {
	case meansText, meansWord, meansHeader, meansInt, meansSeconds, meansHost:
		return false
	}
	return true
}

// putMember gives the record what a text or number says, and reports whether it
// is represented now.
func (a *access) putMember(f *accessField, m *strictjson.Member, base int) bool {
	if m.Kind != strictjson.String && m.Kind != strictjson.Number {
		return false
	}
	s := a.memberSpan(m, base)
	switch f.means {
	case meansRequest:
		return a.request(s)
	case meansTraceparent, meansContext:
		a.trace(f, s)
		return false
	}
	return a.put(f, s)
}

// memberSpan is what a text or number says, without quotes and escapes.
func (a *access) memberSpan(m *strictjson.Member, base int) event.Span {
	l, from, to := a.l, base+int(m.Value), base+int(m.ValueEnd)
	if m.Kind == strictjson.Number {
		return l.span(from, to)
	}
	if !m.EscapedValue {
		return l.span(from+1, to-1)
	}
	l.scratch = strictjson.AppendText(l.scratch[:0], l.text[from+1:to-1])
	return l.b.Append(l.scratch)
}
