package render

import "bytes"

var newline = []byte{'\n'}

// indent is before the lines below the first: nothing that a program writes can
// look like a line of its own.
const indent = "    "

// stack is the stack trace of the exception that the document tells of, without
// the line that is its message.
func (l *line) stack() []byte {
	stack := l.get("exception.stacktrace")
	if l.ecs {
		stack = l.get("error.stack_trace")
	}
	if first, rest, _ := bytes.Cut(stack, newline); bytes.Equal(first, l.said) {
		return rest
	}
	return stack
}

// below shows text on lines of its own, without those that are blank.
func (l *line) below(text []byte) {
	for shown := range bytes.Lines(text) {
		shown = bytes.TrimRight(shown, " \t\r\n")
		if len(shown) == 0 {
			continue
		}
		l.dst = append(append(l.dst, '\n'), indent...)
		l.open(dim)
		// Frames begin with a tab, which has no width of its own.
		for ; shown[0] == '\t'; shown = shown[1:] {
			l.dst = append(l.dst, indent...)
		}
		l.dst = Escape(l.dst, shown)
		l.close(dim)
	}
}
