package parse

// parseJSON reads a structured logger's object by the key conventions of
// appKeys. Without a message the whole line is the body.
func parseJSON(l *line) bool {
	if !l.scan() {
		return false
	}
	l.application()
	l.addMembers()
	return true
}

// scan takes the line as one JSON object and sets members to its own.
func (l *line) scan() bool {
	if !l.scanner.Scan(l.text) {
		return l.fail(reason(l.scanner.Problem), l.scanner.At)
	}
	l.members = l.scanner.Members
	return true
}
