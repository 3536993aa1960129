package parse

import "time"

// parseLog4j reads the default layouts of log4j 2 and logback, with a date too
// or with a time of day only:
//
//	10:11:12.123 [main] INFO  com.example.App - message
//	2026-03-05 10:11:12,123 [main] INFO  com.example.App - message
func parseLog4j(l *line) bool {
	t := l.isoAt(0)
	if t.end == 0 {
		t = l.timeOfDay(0)
	}
	if t.end == 0 || !l.hasAt(t.end, " [") {
		return l.fail(reasonMisfit, t.end)
	}
	thread, threadTo, end := l.bracketAt(t.end + 1)
	if end == 0 || !l.hasAt(end, " ") {
		return l.fail(reasonMisfit, t.end)
	}
	levelTo := nextSpace(l.text, end+1)
	level := log4jLevel(l.text[end+1 : levelTo])
	logger := l.blanks(levelTo)
	loggerTo := nextSpace(l.text, min(logger, len(l.text)))
	message := l.log4jMessage(loggerTo)
	if level == 0 || loggerTo == logger || message == 0 {
		return l.fail(reasonMisfit, end+1)
	}
	l.setStamp(t)
	l.setLevel(level, end+1, levelTo)
	l.addText("thread.name", l.span(thread, threadTo))
	l.addText("log.logger", l.span(logger, loggerTo))
	l.messageBehind(t.end, message)
	return true
}

// log4jMessage is the index behind what separates logger and message: a dash,
// and two since logback has key-value pairs, when there are none.
func (l *line) log4jMessage(i int) int {
	switch {
	case l.hasAt(i, " - "):
		return i + len(" - ")
	case l.hasAt(i, " -- "):
		return i + len(" -- ")
	}
	return 0
}

// timeOfDay reads 10:11:12.123 at i, on the day that puts it next to the
// runtime's stamp.
func (l *line) timeOfDay(i int) stamp {
	const whole = len("10:11:12")
	s := l.text[i:]
	if len(s) < whole || s[2] != ':' || s[5] != ':' {
		return stamp{}
	}
	frac, n := fraction(s[whole:])
	today := l.today()
	ns, ok := l.clock.local(civil{today.year, today.month, today.day, two(s, 0), two(s, 3), two(s, 6)}, frac)
	if n < 0 || !ok {
		return stamp{}
	}
	const day = 24 * int64(time.Hour)
	switch ahead := ns - l.reference(); {
	case ahead > day/2:
		ns -= day
	case ahead < -day/2:
		ns += day
	}
	return stamp{ns: ns, end: i + whole + n}
}
