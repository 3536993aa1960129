package parse

import "bytes"

// parseSpring reads Spring Boot's default layouts (its logback defaults.xml):
// of version 2 with Sleuth's brackets perhaps, and of 3 with the application's
// name and the correlation id perhaps:
//
//	2026-03-05 10:11:12.123  INFO [shop,{trace},{span}] 1 --- [main] c.e.App : message
//	2026-03-05T10:11:12.123Z  INFO 1 --- [shop] [main] [{trace}-{span}] c.e.App : message
func parseSpring(l *line) bool {
	t := l.isoAt(0)
	if t.end == 0 || !l.hasAt(t.end, " ") {
		return l.fail(reasonMisfit, t.end)
	}
	level := l.blanks(t.end)
	levelTo := nextSpace(l.text, level)
	if log4jLevel(l.text[level:levelTo]) == 0 || levelTo == len(l.text) {
		return l.fail(reasonMisfit, level)
	}
	i := levelTo + 1
	from, to, end := l.bracketAt(i)
	if end != 0 {
		i = l.blanks(end)
	}
	i, pid, ok := l.digitsAt(i)
	if !ok {
		return l.fail(reasonMisfit, i)
	}
	logger := l.springThread(i)
	if logger == 0 {
		return l.fail(reasonMisfit, i)
	}
	colon := bytes.Index(l.text[logger:], []byte(" : "))
	if colon < 1 {
		return l.fail(reasonMisfit, logger)
	}
	l.setStamp(t)
	l.setLevel(log4jLevel(l.text[level:levelTo]), level, levelTo)
	l.addInt("process.pid", pid)
	l.addText("log.logger", l.span(logger, logger+len(bytes.TrimRight(l.text[logger:logger+colon], " "))))
	if end != 0 {
		l.springCorrelation(from, to)
	}
	l.springBrackets(i + len(" --- "))
	l.message(logger + colon + len(" : "))
	return true
}

// springThread is where the logger begins behind ` --- ` and the brackets, 0
// when it is not so.
func (l *line) springThread(i int) int {
	if !l.hasAt(i, " --- [") {
		return 0
	}
	_, _, end := l.bracketAt(i + len(" --- "))
	for range 3 {
		if end == 0 {
			return 0
		}
		if i = l.blanks(end); !l.hasAt(i, "[") {
			return i
		}
		_, _, end = l.bracketAt(i)
	}
	return 0
}

// springBrackets takes the thread, the application's name before it and what
// correlates lines behind it.
func (l *line) springBrackets(i int) {
	var from, to [3]int
	n := 0
	for ; n < len(from); n++ {
		f, t, end := l.bracketAt(i)
		if end == 0 {
			break
		}
		from[n], to[n], i = f, t, l.blanks(end)
	}
	if n > 1 && l.springCorrelation(from[n-1], to[n-1]) {
		n--
	}
	if n > 1 {
		l.addText("spring.application.name", l.span(from[0], to[0]))
	}
	l.addText("thread.name", l.span(from[n-1], to[n-1]))
}

// springCorrelation takes a trace context between brackets and the application's
// name before it, and reports whether they are what correlates lines: they are
// empty or full of commas where there is no trace.
func (l *line) springCorrelation(from, to int) bool {
	s := l.text[from:to]
	commas := bytes.Count(s, []byte(","))
	if app := bytes.IndexByte(s, ','); app > 0 && commas >= 2 {
		l.addText("spring.application.name", l.span(from, from+app))
	}
	var c context
	if parseBracket(s, &c) && l.give(&c) {
		return true
	}
	return from == to || commas >= 2
}
