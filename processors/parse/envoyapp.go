package parse

// parseEnvoyApp reads Envoy's own log, not that of requests, in its default
// format, %Y-%m-%d %T.%e [thread][level][logger] [file:line]:
//
//	[2026-03-05 10:11:12.123][31][info][main] [source/server/server.cc:404] message
func parseEnvoyApp(l *line) bool {
	t := l.isoAt(1)
	if t.end == 0 || !l.hasAt(t.end, "][") {
		return l.fail(reasonMisfit, t.end)
	}
	i, thread, ok := l.digitsAt(t.end + 2)
	from, to, end := l.bracketAt(i + 1)
	if !ok || !l.hasAt(i, "][") || end == 0 || envoyLevel(l.text[from:to]) == 0 {
		return l.fail(reasonMisfit, i)
	}
	logger, loggerTo, i := l.bracketAt(end)
	place, placeTo, message := l.bracketAt(i + 1)
	if i == 0 || message == 0 || !l.hasAt(message, " ") {
		return l.fail(reasonMisfit, end)
	}
	file, fileTo, number, ok := l.sourceLine(place, placeTo)
	if !ok {
		return l.fail(reasonMisfit, place)
	}
	l.setStamp(t)
	l.setLevel(envoyLevel(l.text[from:to]), from, to)
	l.addInt("thread.id", thread)
	l.addText("log.logger", l.span(logger, loggerTo))
	l.addText("code.file.path", l.span(file, fileTo))
	l.addInt("code.line.number", number)
	l.message(message + 1)
	return true
}
