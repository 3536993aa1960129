package parse

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
	levelTo := nextSpace(l.text, level)
	number := rubyLevel(l.text[level:levelTo])
	if number == 0 || !l.hasAt(levelTo, " -- ") {
		return l.fail(reasonMisfit, level)
	}
	prog := levelTo + len(" -- ")
	colon := find(l.text, prog, ": ")
	if colon < 0 {
		return l.fail(reasonMisfit, prog)
	}
	l.setStamp(t)
	l.setLevel(number, level, levelTo)
	l.addInt("process.pid", pid)
	if colon > prog {
		l.addText("log.logger", l.span(prog, colon))
	}
	l.messageBehind(t.end, colon+len(": "))
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
