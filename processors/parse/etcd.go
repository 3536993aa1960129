package parse

import "bytes"

// parseEtcd reads the text log of etcd up to 3.4 (capnslog). Its JSON is zap's.
//
//	2026-03-05 10:11:12.123456 I | etcdmain: message
func parseEtcd(l *line) bool {
	t := l.isoAt(0)
	if t.end == 0 || len(l.text) < t.end+5 || l.text[t.end] != ' ' || !l.hasAt(t.end+2, " | ") {
		return l.fail(reasonMisfit, t.end)
	}
	level := capnslogLevel(l.text[t.end+1 : t.end+2])
	from := t.end + 5
	colon := bytes.Index(l.text[from:], []byte(": "))
	if level == 0 || colon < 1 || hasSpace(l.text[from:from+colon]) {
		return l.fail(reasonMisfit, from)
	}
	l.setStamp(t)
	l.setLevel(level, t.end+1, t.end+2)
	l.addText("log.logger", l.span(from, from+colon))
	l.message(from + colon + 2)
	return true
}
