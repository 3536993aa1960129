package parse

// parseRabbitMQ reads RabbitMQ's text log, with a zone since 3.9:
//
//	2026-03-05 10:11:12.654321+00:00 [info] <0.620.0> message
//	2026-03-05 10:11:12.654 [info] <0.620.0> message
func parseRabbitMQ(l *line) bool {
	t := l.isoAt(0)
	if t.end == 0 || !l.hasAt(t.end, " [") {
		return l.fail(reasonMisfit, t.end)
	}
	from, to, end := l.bracketAt(t.end + 1)
	if end == 0 || !l.hasAt(end, " <") {
		return l.fail(reasonMisfit, t.end)
	}
	level := syslogLevel(l.text[from:to])
	process := l.erlangProcess(end + 1)
	if level == 0 || process == 0 {
		return l.fail(reasonMisfit, from)
	}
	l.setStamp(t)
	l.setLevel(level, from, to)
	l.addText("rabbitmq.process", l.span(end+1, process))
	l.message(min(process+1, len(l.text)))
	return true
}

// erlangProcess is the index behind <0.620.0> at i, 0 when there is no such.
func (l *line) erlangProcess(i int) int {
	for at := i + 1; at < len(l.text); at++ {
		switch c := l.text[at]; {
		case c == '>':
			return at + 1
		case c != '.' && c-'0' > 9:
			return 0
		}
	}
	return 0
}
