package multiline

import "bytes"

// goesOn says whether a line goes on with the open record, and notes how it
// stands then.
func (m *Machine) goesOn(k kind, line []byte) bool {
	if k == indent {
		return m.indentedGoesOn(line)
	}
	switch m.state {
	case head, body:
		return m.headGoesOn(k, line)
	case zapHead, goStack:
		return m.become(goStack, k == letter && isGoFunction(line)) || m.state == zapHead && m.headGoesOn(k, line)
	case frames, framesBlank:
		return m.framesGoOn(k, line)
	case goDump, goBlank:
		return m.goGoesOn(k, line)
	case pyTrace, pyDone, pyBlank, pyChain:
		return m.pythonGoesOn(line)
	case nodeCode, nodeCaret, nodeThrown, nodeError:
		return m.nodeGoesOn(k, line)
	case ruby:
		return isRubyFrame(line)
	case rustMessage, dartMessage:
		return m.messageGoesOn(line)
	case rust:
		return hasPrefix(line, "note: ") || hasPrefix(line, "stack backtrace:")
	case numbered:
		return numberedGoesOn(k, line)
	}
	return false
}

// indentedGoesOn: an indented line belongs to the one above, whatever that is,
// unless it has a time or a level of its own.
func (m *Machine) indentedGoesOn(line []byte) bool {
	text := bytes.TrimLeft(line, " \t")
	if isFresh(text) || isObject(text) {
		return false
	}
	switch m.state {
	case head, zapHead, body:
		m.state = body
		if m.knows(Java|DotNet|Node) && isFrame(text) {
			m.state = frames
		}
	case framesBlank:
		m.state = frames
	case goBlank:
		m.state = goDump
	case pyBlank, pyChain:
		m.state = pyDone
	case nodeCode:
		m.state = nodeCaret
	case nodeCaret:
		m.state = nodeThrown
	case rustMessage:
		m.state = rust
	case dartMessage:
		m.state = numbered
	}
	return true
}

func (m *Machine) headGoesOn(k kind, line []byte) bool {
	switch k {
	case closing:
		return m.state == body
	case dot:
		return m.state == body && hasPrefix(line, "... ")
	case letter:
		return line[0] == 'C' && m.knows(Java) && m.framesAgain(hasPrefix(line, "Caused by: ")) ||
			line[0] == 'S' && m.knows(PHP) && m.become(numbered, hasPrefix(line, "Stack trace:")) ||
			(line[0] == 'f' || line[0] == 't') && m.knows(Python) && isTask(line)
	case hash:
		return m.knows(PHP|Dart) && m.become(numbered, hasPrefix(line, "#0 ") && isNumbered(line))
	}
	return false
}

func (m *Machine) become(s state, goesOn bool) bool {
	if goesOn {
		m.state = s
	}
	return goesOn
}

func (m *Machine) framesAgain(goesOn bool) bool { return m.become(frames, goesOn) }

// framesGoOn: frames without indentation come from loggers that strip it.
func (m *Machine) framesGoOn(k kind, line []byte) bool {
	switch k {
	case closing:
		return m.state == frames
	case dash:
		return m.framesAgain(hasPrefix(line, "--- End of "))
	case dot:
		return hasPrefix(line, "... ")
	case paren:
		return m.knows(Node) && hasPrefix(line, "(Use `node ")
	case letter:
		return m.framesAgain(isFrame(line) ||
			hasPrefix(line, "Caused by: ") || hasPrefix(line, "Suppressed: ") || hasPrefix(line, "Wrapped by: ") ||
			hasPrefix(line, "nested exception is:") || m.knows(Node) && hasPrefix(line, "Node.js v"))
	}
	return false
}

func (m *Machine) goGoesOn(k kind, line []byte) bool {
	return m.become(goDump, k == bracket && (hasPrefix(line, "[signal ") || hasPrefix(line, "[originating from goroutine ")) ||
		k == dot && hasPrefix(line, "...") ||
		k == letter && (isGoroutine(line) || isGoFrame(line) || isRegister(line) || isGoNote(line)))
}

// isGoNote recognises what the Go runtime writes around the stacks.
func isGoNote(line []byte) bool {
	switch line[0] {
	case 'c':
		return hasPrefix(line, "created by ")
	case 'r':
		return hasPrefix(line, "runtime stack:") || hasPrefix(line, "runtime: ")
	case 'f':
		return hasPrefix(line, "fatal error: ")
	case 'e':
		return hasPrefix(line, "exit status ")
	case 'P':
		return hasPrefix(line, "PC=")
	case 'p':
		return hasPrefix(line, "panic during ")
	case 's':
		return hasPrefix(line, "signal arrived during ")
	}
	return false
}

func (m *Machine) pythonGoesOn(line []byte) bool {
	switch m.state {
	case pyTrace:
		n := token(line)
		return m.become(pyDone, isPythonException(line) || isRubyPlace(line, n))
	case pyDone:
		return isDatabaseNote(line)
	case pyBlank:
		if isDatabaseNote(line) {
			return m.become(pyDone, true)
		}
		return m.become(pyChain, hasPrefix(line, "During handling of the above exception, another exception occurred:") ||
			hasPrefix(line, "The above exception was the direct cause of the following exception:"))
	case pyChain:
		return m.become(pyTrace, hasPrefix(line, "Traceback (most recent call last):"))
	}
	return false
}

// nodeGoesOn: Node.js shows the line of code, a caret below it, and what was
// thrown: a value, or an error behind a blank line.
func (m *Machine) nodeGoesOn(k kind, line []byte) bool {
	switch m.state {
	case nodeCode:
		return m.become(nodeCaret, !isLogLine(line))
	case nodeCaret:
		return m.become(nodeThrown, k == caret)
	case nodeThrown:
		return m.framesAgain(!isLogLine(line))
	}
	return m.framesAgain(isException(line[:token(line)]) || hasPrefix(line, "Uncaught "))
}

func (m *Machine) messageGoesOn(line []byte) bool {
	next := rust
	if m.state == dartMessage {
		next = numbered
	}
	return m.become(next, !isLogLine(line))
}

func numberedGoesOn(k kind, line []byte) bool {
	switch k {
	case hash:
		return isNumbered(line)
	case less:
		return hasPrefix(line, "<asynchronous suspension>")
	case letter:
		return hasPrefix(line, "Stack trace:") || hasPrefix(line, "Next ") || hasPrefix(line, "PHP Stack trace:") || hasPrefix(line, "PHP   ")
	}
	return false
}
