package parse

import "bytes"

// parsePython reads what Python's logging writes: by default, and as its
// tutorial lays it out:
//
//	WARNING:root:message
//	2026-03-05 10:11:12,123 - shop.cart - ERROR - message
func parsePython(l *line) bool {
	t := l.isoAt(0)
	if t.end == 0 {
		return l.pythonDefault()
	}
	const between = " - "
	if !l.hasAt(t.end, between) {
		return l.fail(reasonMisfit, t.end)
	}
	name := t.end + len(between)
	n := bytes.Index(l.text[name:], []byte(between))
	if n < 1 || hasSpace(l.text[name:name+n]) {
		return l.fail(reasonMisfit, name)
	}
	level := name + n + len(between)
	m := bytes.Index(l.text[level:], []byte(between))
	if m < 1 || pythonLevel(l.text[level:level+m]) == 0 {
		return l.fail(reasonMisfit, level)
	}
	l.setStamp(t)
	l.setLevel(pythonLevel(l.text[level:level+m]), level, level+m)
	l.addText("log.logger", l.span(name, name+n))
	l.message(level + m + len(between))
	return true
}

func (l *line) pythonDefault() bool {
	colon := bytes.IndexByte(l.text, ':')
	if colon < 0 || pythonLevel(l.text[:colon]) == 0 {
		return l.fail(reasonMisfit, 0)
	}
	name := colon + 1
	n := bytes.IndexByte(l.text[name:], ':')
	if n < 1 || !pythonName(l.text[name:name+n]) {
		return l.fail(reasonMisfit, name)
	}
	l.setLevel(pythonLevel(l.text[:colon]), 0, colon)
	l.addText("log.logger", l.span(name, name+n))
	l.message(name + n + 1)
	return true
}

// pythonName reports whether s is a logger's name as modules give them.
func pythonName(s []byte) bool {
	for _, c := range s {
		if !wordByte(c) {
			return false
		}
	}
	return s[0]-'0' > 9
}
