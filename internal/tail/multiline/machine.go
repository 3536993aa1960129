// Package multiline knows which lines of a log belong together: the frames of a
// stack trace to its first line, the trace to the line that a logger wrote before
// it, an indented line to the one above. It looks at the lines of one stream in
// their order and at nothing else: it has neither I/O nor a clock, keeps no line,
// and what it says of a line depends only on those of the record before it. A
// reader that begins at the first line of a record so finds the same records
// again.
package multiline

// Verdict says what a line is to the record before it.
type Verdict uint8

const (
	// Alone is a record that nothing goes on with.
	Alone Verdict = iota
	// Begin begins a record that may go on.
	Begin
	// Trace is Begin, unless the record before it is what a logger wrote of an
	// error (IsError of its first line): then it is Continue.
	Trace
	// Rest is Begin for a line that by its look goes on with something, but
	// there is nothing before it.
	Rest
	// Continue goes on with the record before it.
	Continue
)

// Machine follows the lines of one stream. The zero Machine has seen none and
// knows every language.
type Machine struct {
	state state
	// Only is the one language to look for.
	Only Language
}

// state is what the open record is.
type state uint8

const (
	// nothing can be gone on with.
	nothing state = iota
	// head is a record of one line, zapHead one of zap's console encoder that a
	// stack may follow, body one with indented lines.
	head
	zapHead
	body
	// frames are behind an exception's header of Java, .NET or JavaScript,
	// framesBlank behind a blank line there.
	frames
	framesBlank
	// goDump is behind panic:, fatal error: or a goroutine's header, goBlank
	// behind a blank line there.
	goDump
	goBlank
	// goStack is inside the stack that zap writes, which has no goroutine's header.
	goStack
	// pyTrace is inside a traceback, pyDone behind its exception, pyBlank behind
	// a blank line there, pyChain behind the sentence that joins two tracebacks.
	pyTrace
	pyDone
	pyBlank
	pyChain
	// nodeCode awaits the line of code that Node.js shows, nodeCaret the mark below
	// it, nodeThrown what was thrown, nodeError an error behind a blank line.
	nodeCode
	nodeCaret
	nodeThrown
	nodeError
	ruby
	// rustMessage awaits the message of a panic, rust is behind it.
	rustMessage
	rust
	// dartMessage awaits the message of an exception; numbered are the frames of
	// Dart and PHP, which begin with #0.
	dartMessage
	numbered
)

// Reset forgets the record: the next line begins one.
func (m *Machine) Reset() { m.state = nothing }

// IsOpen says whether the next line may go on with the record.
func (m *Machine) IsOpen() bool { return m.state != nothing }

// IsTrace says whether the record goes on for certain, since it begins as only
// stack traces do. It tells of records of one line.
func (m *Machine) IsTrace() bool { return m.state > body }

// Next takes the next line, which stands without its newline.
func (m *Machine) Next(line []byte) Verdict {
	before := m.state
	if n := len(line) - 1; n >= 0 && line[n] == '\r' {
		line = line[:n]
	}
	if len(line) == 0 || line[0] == ' ' && isBlank(line) {
		return m.blank()
	}
	kind := kinds[line[0]]
	if before != nothing && m.goesOn(kind, line) {
		return Continue
	}
	v := m.begin(kind, line)
	if v == Trace && before != head && before != zapHead && before != body {
		return Begin
	}
	return v
}

// blank takes an empty line. Those inside of traces belong to them.
func (m *Machine) blank() Verdict {
	switch m.state {
	case frames:
		m.state = framesBlank
	case goDump:
		m.state = goBlank
	case pyDone:
		m.state = pyBlank
	case nodeThrown:
		m.state = nodeError
	case pyBlank, pyChain, ruby, numbered:
	default:
		m.state = nothing
		return Alone
	}
	return Continue
}

// kind is what the first byte of a line tells.
type kind uint8

const (
	other kind = iota
	letter
	digit
	indent
	// closing brackets end what was indented.
	closing
	brace
	bracket
	slash
	// dot, dash, hash, less and caret begin some lines of traces.
	dot
	dash
	hash
	less
	caret
	paren
)

var kinds = func() (k [256]kind) {
	for c := byte('a'); c <= 'z'; c++ {
		k[c], k[c-'a'+'A'] = letter, letter
	}
	for c := byte('0'); c <= '9'; c++ {
		k[c] = digit
	}
	for c, of := range map[byte]kind{
		'_': letter, ' ': indent, '\t': indent, '}': closing, ')': closing, ']': closing, '{': brace, '[': bracket,
		'/': slash, '.': dot, '-': dash, '#': hash, '<': less, '^': caret, '(': paren,
	} {
		k[c] = of
	}
	return k
}()
