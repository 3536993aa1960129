package parse

import (
	"time"

	"github.com/tailrace/tailrace/internal/strictjson"
	"github.com/tailrace/tailrace/pipeline/event"
)

// klogHeader is the length of "L0102 15:04:05.000000 ", klog's fixed part.
const klogHeader = 22

// parseKlog reads Lmmdd hh:mm:ss.uuuuuu threadid file:line] msg. The line
// names neither year nor zone: the year is the one that puts the time next to
// the runtime's.
func parseKlog(l *line) bool {
	ns, ok := l.klogTime()
	if !ok {
		return l.fail(reasonMisfit, 0)
	}
	i := klogHeader
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
	l.setTime(ns)
	l.r.Severity, l.r.SeverityText = klogSeverity(l.text[0]), event.Text(l.span(0, 1))
	l.addInt("thread.id", id)
	l.klogMessage(message)
	return true
}

func klogSeverity(c byte) uint8 {
	switch c {
	case 'I':
		return sevInfo
	case 'W':
		return sevWarn
	case 'E':
		return sevError
	case 'F':
		return sevFatal
	}
	return 0
}

// klogTime reads the fixed part.
func (l *line) klogTime() (int64, bool) {
	s := l.text
	if len(s) < klogHeader || klogSeverity(s[0]) == 0 || s[5] != ' ' || s[8] != ':' || s[11] != ':' || s[14] != '.' || s[21] != ' ' {
		return 0, false
	}
	frac, n := fraction(s[14:21])
	if n != 7 {
		return 0, false
	}
	return l.nearest(civil{month: two(s, 1), day: two(s, 3), hour: two(s, 6), min: two(s, 9), sec: two(s, 12)}, frac)
}

// nearest is the time that d, which has no year, means: in the year that puts
// it next to the runtime's stamp.
func (l *line) nearest(d civil, frac int64) (int64, bool) {
	reference := l.runtimeTime
	if reference == 0 {
		reference = l.r.Observed
	}
	at := time.Unix(0, reference).In(l.p.zone)
	d.year = at.Year()
	switch months := d.month - int(at.Month()); {
	case months > 6:
		d.year--
	case months < -6:
		d.year++
	}
	return l.clock.local(d, frac)
}

// klogPlace reads file:line] at i and returns where the message begins.
func (l *line) klogPlace(i int) (message int, ok bool) {
	file, colon := i, -1
	for ; i < len(l.text) && l.text[i] != ']'; i++ {
		if l.text[i] == ':' {
			colon = i
		}
		if l.text[i] <= ' ' {
			return 0, false
		}
	}
	if colon < 0 || i == len(l.text) {
		return 0, false
	}
	n, ok := wholeNumber(l.text[colon+1 : i])
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

// klogMessage takes what InfoS and ErrorS write, "msg" key="v" k2=v2, apart;
// anything else is the message as a whole.
func (l *line) klogMessage(i int) {
	l.r.Body = event.Text(l.span(i, len(l.text)))
	if i == len(l.text) || l.text[i] != '"' {
		return
	}
	end := closingQuote(l.text, i+1)
	if end < 0 {
		return
	}
	pairs, bare, to := l.scanPairs(end + 1)
	if to < len(l.text) || bare >= 0 || pairs == 0 && end+1 < len(l.text) || l.lastWins() {
		return
	}
	m := strictjson.Member{Value: uint32(i), ValueEnd: uint32(end + 1), Kind: kindQuoted, EscapedValue: true}
	if strictjson.IsString(l.text[i : end+1]) {
		m.Kind = strictjson.String
	}
	l.r.Body = event.Value{}
	l.setValue(&l.r.Body, &m)
	var f found
	f.classify(l.text, l.members)
	l.takeTrace(&f)
	l.addPairs()
}
