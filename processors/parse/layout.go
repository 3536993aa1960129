package parse

import (
	"errors"
	"fmt"

	"github.com/tailrace/tailrace/pipeline/event"
)

// A layout is how a server was told to write its access log: literals and
// values in turn. It is compiled once, from the server's own language or from
// the table of a format, and then matched in linear time.
type layout struct {
	// product is the server's name, the first part of the attributes that no
	// convention names.
	product, dataset string
	pieces           []piece
	// after is the literal behind the last value.
	after  string
	escape escape
	// both is the piece whose text nothing escapes, so that it may hold what
	// ends it: those behind it are matched from the line's end. It is the
	// number of pieces when there is none.
	both int
	// optional is the first piece that the line may end before; the number of
	// pieces when all must be there. loose allows further text.
	optional int
	loose    bool
	// cut allows the last quote to be missing.
	cut bool
	// json says that the layout is that of a JSON object.
	json bool
}

// piece is a value and the literal before it.
type piece struct {
	before string
	// head and tail are before and next, quick to compare.
	head, tail word8
	field      accessField
	// variable is the value's name in the server's language, for errors.
	variable string
	end      ending
	stop     byte
	// next is the literal behind the value.
	next string
	// may says that the line may end before the piece.
	may bool
	// sure says that the value before ends only where before stands.
	sure bool
	// take takes the value, kind is how it holds text, and stops is stop eight times.
	take  taker
	kind  event.Kind
	stops uint64
	// final values may end with the line, cut ones without their quote.
	final, cut bool
	// spaceless words need no look for white space unless they were found from
	// the line's end.
	spaceless bool
	// braces says that another value in braces may follow.
	braces bool
}

// ending says how a value's end is found.
type ending uint8

const (
	// endRest values go on to the line's end.
	endRest ending = iota
	// endStop values end at a byte that they cannot hold.
	endStop
	// endNext values end at the literal behind them.
	endNext
	// endQuote values end at the quote that nothing escapes.
	endQuote
	// endCLF values have a fixed length.
	endCLF
	// endUser values end where a time follows: a name may hold anything.
	endUser
	// endRequest values end at the quote that a status follows.
	endRequest
	// endList values are items with a comma and a space between them.
	endList
	// endBraces values stand in braces, and are left out with them.
	endBraces
)

// word8 is a literal as its first eight bytes and which of them there are.
type word8 struct{ bytes, mask uint64 }

func newWord8(literal string) (w word8) {
	for i := range min(len(literal), 8) {
		w.bytes |= uint64(literal[i]) << (8 * i)
		w.mask |= 0xff << (8 * i)
	}
	return w
}

// at reports whether the literal, of which w is the beginning, stands at s[i:].
func (w *word8) at(s []byte, i int, literal string) bool {
	if i+8 <= len(s) && len(literal) <= 8 {
		return eight(s, i)&w.mask == w.bytes
	}
	return len(s)-i >= len(literal) && string(s[i:i+len(literal)]) == literal
}

// quoted reports whether the value stands between quotes.
func (p *piece) quoted() bool {
	return p.before != "" && p.before[len(p.before)-1] == '"' && p.next != "" && p.next[0] == '"'
}

// free reports whether the value is text that may hold any byte.
func (f *accessField) free() bool {
	switch f.means {
	case meansText, meansHeader, meansUser, meansRequest, meansTarget, meansPath, meansQuery, meansCaptures:
		return true
	}
	return false
}

// compile settles how each value ends.
func (y *layout) compile() error {
	if len(y.pieces) == 0 {
		return errors.New("it has no variables: paste the server's own format, such as $remote_addr of nginx or %h of Apache")
	}
	y.both = len(y.pieces)
	if y.optional == 0 {
		y.optional = len(y.pieces)
	}
	for i := range y.pieces {
		p := &y.pieces[i]
		p.next = y.after
		if i+1 < len(y.pieces) {
			p.next = y.pieces[i+1].before
		}
		last := i+1 == len(y.pieces)
		p.final = last && y.loose || i+1 == y.optional
		if p.next == "" && !last && !y.startsItself(i+1) {
			return fmt.Errorf("%s and %s follow each other with nothing between, so where one ends cannot be told: put a space or quotes between them",
				p.variable, y.pieces[i+1].variable)
		}
		y.settle(i, p, last)
		p.cut, p.may = last && y.cut, i >= y.optional
		p.quicken()
		if i > 0 {
			y.pieces[i-1].braces = p.end == endBraces
			p.sure = y.pieces[i-1].endsAt(p.before)
		}
	}
	return nil
}

// quicken prepares what makes matching quick.
func (p *piece) quicken() {
	p.head, p.tail = newWord8(p.before), newWord8(p.next)
	if p.end == endStop && p.stop == ' ' && p.field.means == meansWord {
		p.spaceless, p.field.means = true, meansText
	}
	if p.end == endNext || p.end == endQuote {
		p.stop = p.next[0]
	}
	p.stops, p.take, p.kind = uint64(p.stop)*ones, p.quickly(), event.KindText
	if p.field.means == meansHeader {
		p.kind = event.KindTextArray
	}
}

// numeric reports whether the value is a number, for which a dash stands where
// there is none.
func (p *piece) numeric() bool {
	return p.field.means == meansInt || p.field.means == meansSeconds || p.field.means == meansStatus
}

// endsAt reports whether p's value ends nowhere but where the literal behind it
// stands.
func (p *piece) endsAt(literal string) bool {
	return p.end == endNext || p.end == endStop && !p.final && len(literal) == 1
}

// moreFree reports whether piece i is the one to be matched from both sides:
// what clients call themselves, or else the first text between quotes.
func (y *layout) moreFree(i int) bool {
	p := &y.pieces[i]
	if y.escape.closes() || p.field.means != meansText || !p.quoted() {
		return false
	}
	return y.both == len(y.pieces) || p.field.name == accessUserAgent.name
}

// startsItself reports whether piece i begins with a byte of its own.
func (y *layout) startsItself(i int) bool {
	switch y.pieces[i].field.means {
	case meansTarget, meansPath, meansCaptures:
		return true
	}
	return false
}

// settle chooses the ending of piece i.
func (y *layout) settle(i int, p *piece, last bool) {
	switch {
	case p.field.means == meansCaptures && !p.quoted():
		p.end = endBraces
	case p.quoted() && y.escape.closes():
		p.end = endQuote
	case last && p.next == "":
		p.end = endRest
	case p.next == "":
		p.end, p.stop = endStop, '/'
	case p.field.means == meansCLF:
		p.end = endCLF
	case p.field.means >= meansTexts && p.field.means <= meansTimes && !p.quoted():
		p.end = endList
	case p.field.means == meansUser && !last && y.pieces[i+1].field.means == meansCLF:
		p.end = endUser
	case p.field.means == meansRequest && p.quoted() && y.pieces[i+1].field.means == meansStatus:
		p.end = endRequest
	case p.field.free() || len(p.next) > 1 && p.next[0] != ' ' && p.next[0] != '"':
		p.end = endNext
		if y.moreFree(i) {
			y.both = i
		}
	default:
		p.end, p.stop = endStop, p.next[0]
	}
	if y.loose && last && !p.quoted() {
		p.end, p.stop = endStop, ' '
	}
}

// compiled is a layout of a format's own table.
func compiled(y layout) *layout {
	if err := y.compile(); err != nil {
		panic(fmt.Sprintf("the layout of %s: %v", y.dataset, err))
	}
	return &y
}

// own is a layout of a format's own that the server's language describes.
func own(dataset string, language func(string) (*layout, error), text string) *layout {
	y, err := language(text)
	if err != nil {
		panic(fmt.Sprintf("the layout of %s: %v", dataset, err))
	}
	y.dataset = dataset
	return y
}
