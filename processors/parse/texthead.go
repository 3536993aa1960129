package parse

import "github.com/tailrace/tailrace/pipeline/event"

// textHead reads the time that the line begins with, possibly in brackets, and
// a level behind it. A time without a zone is only taken when there is no
// better one: a container's idea of its zone is anybody's guess. It returns
// where the time ends if there is a level too, else 0.
func (l *line) textHead() (end int) {
	from := 0
	if len(l.text) > 0 && l.text[0] == '[' {
		from = 1
	} else if len(l.text) > 0 && l.text[0] == esc {
		from = colour(l.text)
	}
	t := l.isoAt(from)
	if t.end == 0 {
		t = l.goTime()
	}
	if t.end == 0 {
		l.levelFirst()
		return 0
	}
	if !t.zoned {
		t = l.zoneBehind(from, t)
	}
	if t.zoned || l.clock.zoned || l.runtimeTime == 0 {
		l.setTime(t.ns)
	}
	if !l.textLevel(t.end) {
		return 0
	}
	return t.end
}

// zoneBehind is the time at from with the zone that stands behind it and a blank,
// by its abbreviation or offset, as gunicorn and PostgreSQL write it.
func (l *line) zoneBehind(from int, t stamp) stamp {
	const longest = len("+00:00")
	s, zone := l.text, t.end+1
	if zone+1 >= len(s) || s[t.end] != ' ' || s[zone]-'A' >= 26 && (s[zone] != '+' && s[zone] != '-' || s[zone+1]-'0' > 9) {
		return t
	}
	end := zone
	for end < len(s) && end <= zone+longest && zoneBytes[s[end]] {
		end++
	}
	if levelInText(s[zone:end]) {
		return t
	}
	if ns, ok := l.clock.parse(s[from:end]); ok {
		t.ns, t.zoned, t.end = ns, true, end
	}
	return t
}

// goTime reads the time that Go's log package writes, and slog without a handler of
// its own: 2026/03/05 10:11:12, maybe with microseconds.
func (l *line) goTime() (t stamp) {
	const size = len("2006/01/02 15:04:05")
	s := l.text
	if len(s) < size || s[4] != '/' || s[7] != '/' {
		return t
	}
	ns, ok := l.clock.parse(s[:size])
	if !ok {
		return t
	}
	end := size
	if frac, n := fraction(s[end:]); n > 0 {
		ns, end = ns+frac, end+n
	}
	return stamp{ns: ns, end: end}
}

// levelFirst takes the level of a line without a time, which is its first word: in
// capitals before a colon, as uvicorn has it ("INFO:     Started"), in brackets, as
// HAProxy's notices do ("[WARNING]  (8) : …"), or behind brackets with a time or the
// seconds since a start, as php-fpm and Linkerd's proxy have them ("[     0.001234s]
// INFO …").
func (l *line) levelFirst() {
	start, colon := 0, true
	if len(l.text) > 0 && l.text[0] == esc {
		start, colon = colour(l.text), false
	}
	if from, to, end := l.bracketAt(0); end > 0 {
		switch word := l.text[from:to]; {
		case len(word) > 0 && word[0] <= 'Z' && levelInText(word):
			l.setLevel(l.severities.of(word), from, to)
			return
		case len(word) == 0 || word[0]-'0' > 9:
			return
		}
		start, colon = l.blanks(end), false
	}
	end := start
	for end < len(l.text) && l.text[end]-'A' < 26 {
		end++
	}
	// What PHP says into FPM's log has a level of its own behind that NOTICE.
	if word := l.text[start:end]; levelInText(word) && (!colon || l.hasAt(end, ":")) && !l.hasAt(end, ": PHP message: ") {
		l.setLevel(l.severities.of(word), start, end)
	}
}

// headWords is how many words behind the time may be the level: a thread, a
// process or a logger may come first.
const headWords = 4

// textLevel takes the first word from i on that is a level in capitals, or in
// brackets, between tabs (zap's console encoder) or in a colour, where no other
// word is likely to be one.
func (l *line) textLevel(i int) bool {
	s := l.text
	for range headWords {
		for i < len(s) && !wordByte(s[i]) {
			if s[i] == esc {
				i += colour(s[i:])
				continue
			}
			i++
		}
		start := i
		for i < len(s) && wordByte(s[i]) {
			i++
		}
		word := s[start:i]
		if levelInText(word) && (word[0] <= 'Z' || l.between(start, l.blanks(i), '[', ']') || l.between(start, i, '\t', '\t') || l.between(start, l.blanks(i), 'm', esc)) {
			l.r.Severity, l.r.SeverityText = l.severities.of(word), event.Text(l.span(start, i))
			return true
		}
	}
	return false
}

// between reports whether text[from:to] stands between these two bytes.
func (l *line) between(from, to int, before, behind byte) bool {
	return from > 0 && l.text[from-1] == before && to < len(l.text) && l.text[to] == behind
}
