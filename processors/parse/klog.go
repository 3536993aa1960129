package parse

import (
	"bytes"

	"github.com/tailrace/tailrace/internal/strictjson"
	"github.com/tailrace/tailrace/pipeline/event"
)

// klogHeader is the length of "L0102 15:04:05.000000 ", klog's fixed part.
const klogHeader = 22

// parseKlog reads Lmmdd hh:mm:ss.uuuuuu threadid file:line] msg. The line
// names neither year, which is then the one that puts the time next to the
// runtime's, nor zone.
func parseKlog(l *line) bool {
	ns, i := l.klogTime()
	if i == 0 {
		return l.fail(reasonMisfit, 0)
	}
	for i < len(l.text) && l.text[i] == ' ' {
		i++
	}
	pid := i
	for i < len(l.text) && l.text[i]-'0' <= 9 {
		i++
	}
	id, ok := wholeNumber(l.text[pid:i])
	if !ok || i == len(l.text) || l.text[i] != ' ' {
		return l.fail(reasonMisfit, i)
	}
	message, ok := l.klogPlace(i + 1)
	if !ok {
		return l.fail(reasonMisfit, i+1)
	}
	l.setLocalTime(ns)
	l.r.Severity, l.r.SeverityText = klogLevel(l.text[0]), event.Text(l.span(0, 1))
	l.addInt("thread.id", id)
	l.klogMessage(message)
	return true
}

// klogTime reads the fixed part, which glog of C++ writes with the year, and
// returns the index behind it, 0 when the line does not begin with it.
func (l *line) klogTime() (ns int64, end int) {
	s, year := l.text, 0
	if len(s) >= klogHeader+4 && klogLevel(s[0]) != 0 && s[9] == ' ' {
		year, s = two(s, 1)*100+two(s, 3), s[4:]
	} else if len(s) < klogHeader || klogLevel(s[0]) == 0 {
		return 0, 0
	}
	if s[5] != ' ' || s[8] != ':' || s[11] != ':' || s[14] != '.' || s[21] != ' ' {
		return 0, 0
	}
	frac, n := fraction(s[14:21])
	d := civil{year: year, month: two(s, 1), day: two(s, 3), hour: two(s, 6), min: two(s, 9), sec: two(s, 12)}
	var ok bool
	if year != 0 {
		ns, ok = l.clock.local(d, frac)
	} else {
		ns, ok = l.nearest(d, frac)
	}
	if n != 7 || !ok {
		return 0, 0
	}
	return ns, len(l.text) - len(s) + klogHeader
}

// nearest is the time that d, which has no year, means: in the year that puts
// it next to the runtime's stamp.
func (l *line) nearest(d civil, frac int64) (int64, bool) {
	today := l.today()
	d.year = today.year
	switch months := d.month - today.month; {
	case months > 6:
		d.year--
	case months < -6:
		d.year++
	}
	return l.clock.local(d, frac)
}

// klogPlace reads file:line] at i and returns where the message begins.
func (l *line) klogPlace(i int) (message int, ok bool) {
	file, s := i, l.text
	end := bytes.IndexByte(s[i:], ']')
	if end < 0 || hasSpace(s[i:i+end]) {
		return 0, false
	}
	i += end
	colon := file + bytes.LastIndexByte(s[file:i], ':')
	if colon < file {
		return 0, false
	}
	n, ok := wholeNumber(s[colon+1 : i])
	if !ok {
		return 0, false
	}
	l.addText("code.file.path", l.span(file, colon))
	l.addInt("code.line.number", n)
	if i++; i < len(l.text) && l.text[i] == ' ' {
		i++
	}
	return i, true
}

// klogMessage takes the message as a whole, unless it is structured.
func (l *line) klogMessage(i int) {
	if !l.klogStructured(i) {
		l.messageBehind(i, i)
	}
}

// multiLineValue ends a first line whose last value is on the lines below, each
// behind a tab, up to one with " >" (klog's serialize.go): then the whole is the
// message.
var multiLineValue = []byte("=<")

// klogStructured takes what InfoS and ErrorS write, "msg" key="v" k2=v2, apart.
func (l *line) klogStructured(i int) bool {
	if i == len(l.text) || l.text[i] != '"' || bytes.HasSuffix(l.text, multiLineValue) {
		return false
	}
	var m strictjson.Member
	end := l.quotedValue(&m, i)
	if end < 0 {
		return false
	}
	pairs, bare, to := l.scanPairs(end)
	if to < len(l.text) || bare >= 0 || pairs == 0 && end < len(l.text) || l.lastWins() {
		return false
	}
	l.setValue(&l.r.Body, &m)
	var f found
	f.classify(l.text, l.members)
	l.takeTrace(&f)
	l.addPairs()
	return true
}
