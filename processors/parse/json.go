package parse

import "github.com/tailrace/tailrace/internal/strictjson"

// parseJSON reads a structured logger's object by the key conventions of
// appKeys. Without a message the whole line is the body. In a stream that was
// found to be of such objects it leaves those of servers' own to the formats
// that know more of them: a server may write both to one stream.
func parseJSON(l *line) bool {
	if !l.scan() {
		return false
	}
	var f found
	f.classify(l.text, l.members)
	if f.best[roleServer] != 0 && l.sticky && l.src.candidates == nil {
		return l.fail(reasonMisfit, 0)
	}
	l.applicationOf(&f, &[numRoles]bool{})
	l.addMembers()
	return true
}

// scan takes the line as one JSON object and sets members to its own.
func (l *line) scan() bool {
	if len(l.text) > 0 && l.text[0] > ' ' && l.text[0] != '{' {
		return l.fail(reason(strictjson.NotObject), 0)
	}
	if !l.scanner.Scan(l.text) {
		return l.fail(reason(l.scanner.Problem), l.scanner.At)
	}
	l.members = l.scanner.Members
	return true
}
