package parse

import "bytes"

// parseRuby reads Ruby's Logger::Formatter:
//
//	I, [2026-03-05T10:11:12.123456 #31]  INFO -- prog: message
func parseRuby(l *line) bool {
	t := l.rubyTime()
	if t.end == 0 {
		return l.fail(reasonMisfit, 0)
	}
	i, pid, ok := l.digitsAt(t.end + len(" #"))
	if !ok || !l.hasAt(i, "] ") {
		return l.fail(reasonMisfit, i)
	}
	level := l.blanks(i + 1)
	n := bytes.Index(l.text[level:], []byte(" -- "))
	if n < 1 || rubyLevel(l.text[level:level+n]) == 0 {
		return l.fail(reasonMisfit, level)
	}
	prog := level + n + len(" -- ")
	colon := bytes.Index(l.text[prog:], []byte(": "))
	if colon < 0 {
		return l.fail(reasonMisfit, prog)
	}
	l.setStamp(t)
	l.setLevel(rubyLevel(l.text[level:level+n]), level, level+n)
	l.addInt("process.pid", pid)
	if colon > 0 {
		l.addText("log.logger", l.span(prog, prog+colon))
	}
	l.message(prog + colon + len(": "))
	return true
}

func (l *line) rubyTime() stamp {
	if !l.hasAt(1, ", [") {
		return stamp{}
	}
	t := l.isoAt(len("I, ["))
	if !l.hasAt(t.end, " #") {
		return stamp{}
	}
	return t
}
