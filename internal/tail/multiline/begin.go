package multiline

import "bytes"

// begin takes a line that does not go on with the one before.
func (m *Machine) begin(k kind, line []byte) Verdict {
	m.state = head
	if line[len(line)-1] == ':' && m.knows(Go) && endsInGoroutine(line) {
		m.state = goDump
		if k == letter && hasPrefix(line, "goroutine ") {
			return Trace
		}
		return Begin
	}
	switch k {
	case letter, slash:
		return m.word(line)
	case digit:
		if isAccess(line) {
			return m.alone()
		}
		if m.knows(Go) && isZapError(line) {
			m.state = zapHead
		}
	case indent:
		return m.indented(line)
	case brace:
		if isObject(line) {
			return m.alone()
		}
	case bracket:
		if isEnvoy(line) {
			return m.alone()
		}
	case hash:
		if m.knows(PHP|Dart) && isNumbered(line) {
			m.state = numbered
			return Rest
		}
	}
	return Begin
}

func (m *Machine) alone() Verdict {
	m.state = nothing
	return Alone
}

func (m *Machine) knows(l Language) bool { return m.Only == 0 || m.Only&l != 0 }

// indented takes an indented line with nothing before it.
func (m *Machine) indented(line []byte) Verdict {
	text := bytes.TrimLeft(line, " \t")
	switch {
	case m.knows(Python) && bytes.HasPrefix(text, []byte("+ Exception Group Traceback (")):
		m.state = pyDone
		return Trace
	case isObject(text):
		return m.alone()
	case isFresh(text):
		return Begin
	case m.knows(Java|DotNet|Node) && isFrame(text):
		m.state = frames
	}
	return Rest
}

// word takes a line that begins with a word or a path.
func (m *Machine) word(line []byte) Verdict {
	if s := m.phrase(line); s != nothing {
		m.state = s
		if s == pyTrace {
			return Trace
		}
		return Begin
	}
	if line[len(line)-1] == ':' && m.knows(Ruby) && isRailsError(line) {
		m.state = ruby
		return Begin
	}
	n := token(line)
	switch {
	case n == len(line) || line[n] == ':':
		return m.name(line, n)
	case line[n] != ' ':
		return m.place(line)
	}
	return Begin
}

// place takes a line that begins with no class: maybe with the place of an error.
func (m *Machine) place(line []byte) Verdict {
	n := bytes.IndexByte(line[:min(len(line), maxToken)], ':')
	switch {
	case n <= 0:
	case m.knows(Ruby) && isRubyPlace(line, n) && bytes.IndexByte(line[:n], ' ') < 0:
		m.state = ruby
		return Trace
	case m.knows(Node) && isNodePlace(line):
		m.state = nodeCode
	}
	return Begin
}

// name takes a line that begins with a name, which ends at n, and a colon, or is
// nothing else.
func (m *Machine) name(line []byte, n int) Verdict {
	switch name := line[:n]; {
	case m.knows(Java|DotNet|Node) && isException(name):
		// A name without a package is also what many programs begin a message of
		// one line with.
		if bytes.IndexByte(name, '.') >= 0 {
			m.state = frames
		}
		return Trace
	case m.knows(Java|DotNet) && isClass(name):
		return Trace
	}
	return m.place(line)
}

// phrases are how traces begin, by their first letter.
var phrases = [128][]phrase{
	'E': {{`Exception in thread "`, Java, frames}},
	'F': {{"Fatal error: Uncaught ", PHP, numbered}, {"Fatal error:  Uncaught ", PHP, numbered}},
	'P': {{"PHP Fatal error:  Uncaught ", PHP, numbered}, {"PHP Warning:  Uncaught ", PHP, numbered}, {"PHP Stack trace:", PHP, numbered}},
	'S': {{"SIG", Go, goDump}},
	'T': {{"Traceback (most recent call last):", Python | Ruby, pyTrace}},
	'U': {{"Unhandled exception. ", DotNet, frames}, {"Unhandled Exception: ", DotNet, frames}, {"Unhandled exception:", Dart, dartMessage}},
	'f': {{"fatal error: ", Go, goDump}},
	'p': {{"panic: ", Go, goDump}},
	'r': {{"runtime stack:", Go, goDump}, {"runtime: goroutine stack exceeds ", Go, goDump}},
	's': {{"stack backtrace:", Rust, rust}},
	't': {{"thread '", Rust, rust}},
}

type phrase struct {
	text string
	of   Language
	then state
}

// phrase is what a line begins, judged by its first words.
func (m *Machine) phrase(line []byte) state {
	all := phrases[line[0]&127]
	for i := range all {
		p := &all[i]
		if len(line) < len(p.text) || line[1] != p.text[1] || string(line[:len(p.text)]) != p.text || !m.knows(p.of) {
			continue
		}
		switch line[0] {
		case 't':
			return rustPanic(line)
		case 'S':
			return goSignal(line)
		}
		return p.then
	}
	return nothing
}

// rustPanic is what follows "thread 'main' panicked at src/main.rs:2:5:". The
// message is a line of its own since Rust 1.73, and in the header before.
func rustPanic(line []byte) state {
	switch {
	case !bytes.Contains(line, []byte("panicked at ")):
		return nothing
	case line[len(line)-1] == ':':
		return rustMessage
	}
	return rust
}

// goSignal is what follows "SIGQUIT: quit".
func goSignal(line []byte) state {
	if n := token(line); n <= len("SIGVTALRM") && hasPrefix(line[n:], ": ") {
		return goDump
	}
	return nothing
}
