// Package strictjson checks one JSON object and says where its members are,
// without decoding or copying anything. It accepts what RFC 8259 allows and
// what a document store takes: valid UTF-8, no key twice in one object, no
// empty key, bounded depth and number of members.
package strictjson

// Limits on one object: what one hostile line can make a search index do.
const (
	MaxDepth  = 16
	MaxFields = 256
)

// Kind is the type of a member's value.
type Kind uint8

// The types of JSON values.
const (
	Null Kind = iota
	Bool
	Number
	String
	Array
	Object
)

// Member is one "key":value of the object. Positions are bytes of the text.
type Member struct {
	// Word holds the key's first eight bytes, little-endian, zero-padded: with
	// the length it tells most keys apart without reading them again.
	Word uint64
	// Key and KeyEnd enclose the key without its quotes, Value and ValueEnd
	// the value (a string with its quotes).
	Key, KeyEnd     uint32
	Value, ValueEnd uint32
	Kind            Kind
	// EscapedKey and EscapedValue say that the key, or the value if it is a
	// string, is written with escapes.
	EscapedKey, EscapedValue bool
	// Mark and Known are the caller's own, zero after a scan.
	Mark, Known uint8
}

// Scanner is reused from line to line; its zero value is ready.
type Scanner struct {
	// Members are the top-level members of the last object that was accepted,
	// in order. They are overwritten by the next scan.
	Members []Member
	// Problem and At say why and at which byte a text was refused.
	Problem Problem
	At      int

	// stack holds the members of the objects that are open, the outermost
	// below; Members is its lower part.
	stack  *[MaxFields + 1]Member
	depth  int
	fields int
}

// Scan reports whether text is one acceptable object, with nothing but white
// space around it.
func (s *Scanner) Scan(text []byte) bool {
	s.reset()
	i := space(text, 0)
	if i >= len(text) || text[i] != '{' {
		return s.refuse(NotObject, i) >= 0
	}
	if i = s.object(text, i+1, 1); i < 0 {
		return false
	}
	if i = space(text, i); i < len(text) {
		return s.refuse(Trailing, i) >= 0
	}
	s.Members = s.stack[:s.depth]
	return true
}

func (s *Scanner) reset() {
	if s.stack == nil {
		s.stack = new([MaxFields + 1]Member)
	}
	s.Members, s.Problem, s.depth, s.fields = nil, 0, 0, 0
}

// Run reads a run of members, "a":1,"b":2, that came out of an object which
// was accepted, into Members.
func (s *Scanner) Run(text []byte) bool {
	s.reset()
	// A run that breaks off behind a value, where the brace would be, is complete.
	if s.object(text, 0, 1) >= 0 || s.Problem != CutOff || s.depth == 0 {
		return false
	}
	s.Members = s.stack[:s.depth]
	return int(s.Members[s.depth-1].ValueEnd) == len(text)
}

// refuse notes the problem and returns the index that stands for failure.
func (s *Scanner) refuse(p Problem, at int) int {
	s.Problem, s.At = p, at
	return -1
}

// object reads members from i, the byte behind the brace, and returns the
// index behind the closing one. Members is a stack: those of an inner object
// lie above their parent's until it ends. The loop is written out for the
// usual member, a key without escapes and no white space, since every
// line of a JSON log passes here some ten times.
func (s *Scanner) object(b []byte, i, depth int) int {
	if depth > MaxDepth {
		return s.refuse(TooDeep, i-1)
	}
	base := s.depth
	if i = space(b, i); i < len(b) && b[i] == '}' {
		return i + 1
	}
	var seen keySet
	escaped := false
	for {
		m := &s.stack[s.depth]
		if i = s.key(b, i, m); i < 0 {
			return -1
		}
		if s.fields++; s.fields > MaxFields {
			return s.refuse(TooManyFields, int(m.Key)-1)
		}
		if escaped = escaped || m.EscapedKey; (seen.add(m) || escaped) && s.duplicate(b, base, m) {
			return s.refuse(DuplicateKey, int(m.Key)-1)
		}
		s.depth++
		if i+1 < len(b) && b[i] == ':' && b[i+1] > ' ' {
			i++
		} else if i = s.colon(b, i); i < 0 {
			return -1
		}
		m.Value = uint32(i)
		if b[i] == '"' {
			m.Kind = String
			if i = firstOdd(b, i+1); i >= len(b) || b[i] != '"' {
				if i, m.EscapedValue = s.str(b, i); i < 0 {
					return -1
				}
			}
			i++
		} else if i, m.Kind = s.value(b, i, depth); i < 0 {
			return -1
		}
		m.ValueEnd = uint32(i)
		if i+1 < len(b) && b[i] == ',' && b[i+1] == '"' {
			i++
			continue
		}
		if i = space(b, i); i >= len(b) {
			return s.refuse(CutOff, i)
		}
		if b[i] == '}' {
			return s.closeObject(i+1, base, depth)
		}
		if b[i] != ',' {
			return s.refuse(Syntax, i)
		}
		i = space(b, i+1)
	}
}

// closeObject takes the members of an inner object off the stack.
func (s *Scanner) closeObject(i, base, depth int) int {
	if depth > 1 {
		s.depth = base
	}
	return i
}

// colon reads `:` with the white space around it and returns the index of the
// value.
func (s *Scanner) colon(b []byte, i int) int {
	if i = space(b, i); i >= len(b) {
		return s.refuse(CutOff, i)
	}
	if b[i] != ':' {
		return s.refuse(Syntax, i)
	}
	if i = space(b, i+1); i >= len(b) {
		return s.refuse(CutOff, i)
	}
	return i
}

// value reads one value at i and returns the index behind it.
func (s *Scanner) value(b []byte, i, depth int) (int, Kind) {
	if i >= len(b) {
		return s.refuse(CutOff, i), Null
	}
	switch b[i] {
	case '"':
		end, _ := s.str(b, i+1)
		if end < 0 {
			return -1, String
		}
		return end + 1, String
	case '{':
		return s.object(b, i+1, depth+1), Object
	case '[':
		return s.array(b, i+1, depth+1), Array
	case 't':
		return s.literal(b, i, "true"), Bool
	case 'f':
		return s.literal(b, i, "false"), Bool
	case 'n':
		return s.literal(b, i, "null"), Null
	}
	return s.number(b, i), Number
}

// array reads values from i, the byte behind the bracket.
func (s *Scanner) array(b []byte, i, depth int) int {
	if depth > MaxDepth {
		return s.refuse(TooDeep, i-1)
	}
	if i = space(b, i); i < len(b) && b[i] == ']' {
		return i + 1
	}
	for {
		if i, _ = s.value(b, i, depth); i < 0 {
			return -1
		}
		if i = space(b, i); i >= len(b) {
			return s.refuse(CutOff, i)
		}
		switch b[i] {
		case ',':
			i = space(b, i+1)
		case ']':
			return i + 1
		default:
			return s.refuse(Syntax, i)
		}
	}
}

// literal reads the word w at i.
func (s *Scanner) literal(b []byte, i int, w string) int {
	if len(b)-i >= len(w) && string(b[i:i+len(w)]) == w {
		return i + len(w)
	}
	return s.refuse(Syntax, i)
}

// space returns the index of the first byte from i on that is not white space
// (RFC 8259, 2).
func space(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\t' || b[i] == '\r' || b[i] == '\n') {
		i++
	}
	return i
}
