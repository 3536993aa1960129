package parse

import (
	"bytes"
)

// exception is what a trace in the lines of a record says, as places in them.
type exception struct {
	// kind is the name of the exception's class, or what a language calls the
	// end of a program; message may be empty.
	kind, message [2]int
	// head is the line that says it best, begin where the trace begins.
	head  [2]int
	begin int
	// end is the end of the text without blank lines.
	end int
}

// find looks for the first trace in the text.
func (e *exception) find(text []byte) bool {
	e.end = len(bytes.TrimRight(text, " \t\r\n"))
	for at := 0; at < e.end; at = e.next(text, at) {
		line := bytes.TrimLeft(text[at:e.lineEnd(text, at)], " \t")
		if look := beginnings(line); look != nil && look(e, text, at) {
			return true
		}
	}
	return false
}

// lineEnd is where the line ends that holds a place, next where the one behind it
// begins.
func (e *exception) lineEnd(text []byte, at int) int {
	if n := bytes.IndexByte(text[at:e.end], '\n'); n >= 0 {
		return at + n
	}
	return e.end
}

// textEnd is lineEnd before the CR of a program that ends its lines as on Windows.
func (e *exception) textEnd(text []byte, at int) int {
	end := e.lineEnd(text, at)
	if end > at && text[end-1] == '\r' {
		end--
	}
	return end
}

func (e *exception) next(text []byte, at int) int { return e.lineEnd(text, at) + 1 }

// beginnings tells by the look of a line, without its indentation, who explains
// the trace that it is in.
func beginnings(line []byte) func(*exception, []byte, int) bool {
	switch {
	case hasPrefix(line, "Traceback (most recent call last):"), hasPrefix(line, "+ Exception Group Traceback ("):
		return (*exception).python
	case hasPrefix(line, "panic: "), hasPrefix(line, "fatal error: "):
		return (*exception).colon
	case bytes.Contains(line, []byte("http: panic serving ")):
		return (*exception).serving
	case hasPrefix(line, "thread '") && bytes.Contains(line, []byte(" panicked at ")):
		return (*exception).rust
	case hasPrefix(line, "Unhandled exception:"):
		return (*exception).dart
	case hasPrefix(line, "at "), hasPrefix(line, "#0 "):
		return (*exception).frames
	case bytes.Contains(line, []byte(".rb:")) && bytes.Contains(line, []byte(":in ")):
		return (*exception).ruby
	}
	return nil
}

func hasPrefix(line []byte, text string) bool {
	return len(line) >= len(text) && string(line[:len(text)]) == text
}

// named takes "kind: message" of a line from a place on, or a kind alone.
func (e *exception) named(text []byte, at int) {
	end := e.textEnd(text, at)
	e.head = [2]int{at, end}
	e.kind, e.message = [2]int{at, end}, [2]int{}
	if n := bytes.Index(text[at:end], []byte(": ")); n >= 0 {
		e.kind[1] = at + n
		e.message = [2]int{at + n + 2, end}
	}
	for e.kind[1] > at && (text[e.kind[1]-1] == ':' || text[e.kind[1]-1] == ' ') {
		e.kind[1]--
	}
}

// colon is Go's panic: and fatal error:.
func (e *exception) colon(text []byte, at int) bool {
	e.named(text, at)
	e.begin = at
	return true
}

// serving is what Go's net/http logs of a handler's panic, behind a time.
func (e *exception) serving(text []byte, at int) bool {
	end := e.textEnd(text, at)
	kind := at + bytes.Index(text[at:end], []byte("panic serving "))
	e.kind = [2]int{kind, kind + len("panic")}
	// The address has a port.
	if n := bytes.Index(text[kind:end], []byte(": ")); n >= 0 {
		e.message = [2]int{kind + n + 2, end}
	}
	e.begin = min(e.next(text, at), e.end)
	e.head = [2]int{at, end}
	return e.begin < e.end
}

// python takes the exception that the last of the tracebacks ends with. Of a
// group it is the first line that has no place.
func (e *exception) python(text []byte, at int) bool {
	e.begin = at
	last, group := -1, -1
	for line := at; line < e.end; line = e.next(text, line) {
		switch rest := text[line:e.lineEnd(text, line)]; {
		case hasPrefix(bytes.TrimLeft(rest, " "), "+ Exception Group Traceback ("):
			group = e.group(text, line)
			last = group
		case hasPrefix(rest, "Traceback ("):
			last, group = -1, -1
		case last < 0 && len(rest) > 0 && rest[0] != ' ' && rest[0] != '\t':
			last = line
		}
	}
	if last < 0 {
		return false
	}
	e.named(text, last)
	if group < 0 && e.message[1] > 0 {
		e.message[1] = e.end
	}
	return true
}

func (e *exception) group(text []byte, at int) int {
	for line := e.next(text, at); line < e.end; line = e.next(text, line) {
		rest := text[line:e.lineEnd(text, line)]
		if name := bytes.TrimPrefix(rest, []byte("  | ")); len(name) > 0 && len(name) < len(rest) && name[0] != ' ' {
			return line + len("  | ")
		}
	}
	return -1
}

// rust has the message in a line of its own, or in quotes before the place.
func (e *exception) rust(text []byte, at int) bool {
	end := e.lineEnd(text, at)
	kind := at + bytes.Index(text[at:end], []byte(" panicked at ")) + 1
	e.begin, e.kind, e.head = at, [2]int{kind, kind + len("panic")}, [2]int{at, end}
	if message := kind + len("panicked at "); message < end && text[message] == '\'' {
		if n := bytes.LastIndexByte(text[message+1:end], '\''); n >= 0 {
			e.message = [2]int{message + 1, message + 1 + n}
		}
	} else if end < e.end {
		e.message = [2]int{end + 1, e.textEnd(text, end+1)}
		e.head = e.message
	}
	return true
}

func (e *exception) dart(text []byte, at int) bool {
	e.begin = at
	next := e.next(text, at)
	if next >= e.end {
		return false
	}
	e.named(text, next)
	if !isClassName(text[e.kind[0]:e.kind[1]]) {
		e.message, e.kind = e.head, [2]int{}
	}
	return true
}

// frames belong to the first line before them that begins with a class, or has
// one in it before a colon.
func (e *exception) frames(text []byte, at int) bool {
	for line := 0; line < at; line = e.next(text, line) {
		if name, ok := e.header(text, line); ok && !hasPrefix(text[name:], threadState) {
			e.named(text, name)
			e.begin = line
			if line == 0 && name > 0 && !isUncaught(text[:name]) {
				// What is before it is a logger's.
				e.begin = name
			}
			e.unbracket(text)
			return true
		}
	}
	return false
}

// unbracket takes the brackets off that Node.js puts around an error that has no
// stack of its own: "[AggregateError: All promises were rejected] {".
func (e *exception) unbracket(text []byte) {
	if e.kind[0] == 0 || text[e.kind[0]-1] != '[' {
		return
	}
	if n := bytes.LastIndexByte(text[:e.message[1]], ']'); n > e.message[0] {
		e.message[1] = n
	}
	if e.begin == e.kind[0] {
		e.begin--
	}
}

// threadState is in a dump of all threads of a Java process (jstack), which is no
// exception.
const threadState = "java.lang.Thread.State:"

// header finds the name of a class in a line.
func (e *exception) header(text []byte, at int) (int, bool) {
	end := e.textEnd(text, at)
	for at < end && (text[at] == ' ' || text[at] == '\t') {
		at++
	}
	for at < end {
		if text[at] == '[' && bytes.HasPrefix(text[at:end], []byte("[AggregateError: ")) {
			return at + 1, true
		}
		n := at
		for n < end && text[n] != ' ' && text[n] != ':' {
			n++
		}
		if (n == end || text[n] == ':') && isClassName(text[at:n]) {
			return at, true
		}
		for at = n; at < end && (text[at] == ' ' || text[at] == ':'); {
			at++
		}
	}
	return 0, false
}

// uncaught is what is written before the class of an exception that nobody
// caught.
var uncaught = []string{`Exception in thread "`, "Unhandled exception. ", "Unhandled Exception: ", "Uncaught ", "PHP Fatal error:  Uncaught ", "Fatal error: Uncaught "}

func isUncaught(line []byte) bool {
	for _, text := range uncaught {
		if hasPrefix(line, text) {
			return true
		}
	}
	return false
}

// isClassName says whether a word is the name of an exception's class.
func isClassName(word []byte) bool {
	for _, c := range word {
		if !wordByte(c) && c != '$' && c != '\\' || c == '-' {
			return false
		}
	}
	if bytes.HasSuffix(word, []byte("Exception")) || bytes.HasSuffix(word, []byte("Error")) || bytes.HasSuffix(word, []byte("Throwable")) {
		return true
	}
	at := max(bytes.LastIndexByte(word, '.'), bytes.LastIndexByte(word, '$'))
	return at > 0 && at+1 < len(word) && word[at+1]-'A' < 26 && word[0]-'0' > 9
}

// ruby has the class in brackets at the end of the message, which is behind the
// first place, or in the line before.
func (e *exception) ruby(text []byte, at int) bool {
	for line := 0; line <= at; line = e.next(text, line) {
		end := e.textEnd(text, line)
		open := bytes.LastIndex(text[line:end], []byte(" ("))
		if open < 0 || text[end-1] != ')' {
			continue
		}
		e.begin, e.head = line, [2]int{line, end}
		e.kind = [2]int{line + open + 2, end - 1}
		e.message = [2]int{line, line + open}
		for _, before := range []string{"': ", "-- : "} {
			if n := bytes.Index(text[line:line+open], []byte(before)); n >= 0 {
				e.message[0] = line + n + len(before)
			}
		}
		if line < at {
			e.begin = e.next(text, line)
		}
		return isClassName(text[e.kind[0]:e.kind[1]])
	}
	return false
}
