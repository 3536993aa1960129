package parse

// parseMySQL reads the error log of MySQL (the traditional sink) and MariaDB:
//
//	2026-03-05T10:11:12.123456Z 0 [Note] [MY-000000] [InnoDB] message
//	2026-03-05 10:11:12 0 [Note] message
func parseMySQL(l *line) bool {
	t := l.mysqlTime()
	if t.end == 0 || !l.hasAt(t.end, " ") {
		return l.fail(reasonMisfit, 0)
	}
	if l.hasAt(t.end, " [") {
		return l.mysqlEntrypoint(t)
	}
	i, thread, ok := l.digitsAt(t.end + 1)
	if !ok || !l.hasAt(i, " [") {
		return l.fail(reasonMisfit, i)
	}
	from, to, end := l.bracketAt(i + 1)
	if !l.hasAt(end, " ") {
		return l.fail(reasonMisfit, i)
	}
	level := mysqlLevel(l.text[from:to])
	if level == 0 {
		return l.fail(reasonMisfit, from)
	}
	l.setStamp(t)
	l.setLevel(level, from, to)
	l.addInt("thread.id", thread)
	l.message(l.mysqlCode(end + 1))
	return true
}

// mysqlEntrypoint reads what the script says that the images of MySQL and MariaDB
// begin with (docker-entrypoint.sh, mysql_log):
//
//	2026-03-05 10:11:12+00:00 [Note] [Entrypoint]: message
func (l *line) mysqlEntrypoint(t stamp) bool {
	const name = " [Entrypoint]: "
	from, to, end := l.bracketAt(t.end + 1)
	level := mysqlLevel(l.text[from:to])
	if level == 0 || !l.hasAt(end, name) {
		return l.fail(reasonMisfit, t.end+1)
	}
	l.setStamp(t)
	l.setLevel(level, from, to)
	l.addConst("mysql.subsystem", "Entrypoint")
	l.message(end + len(name))
	return true
}

// mysqlTime allows MariaDB's blank before an hour of one digit.
func (l *line) mysqlTime() stamp {
	const hour = len("2026-03-05 ")
	s := l.text
	if len(s) < isoSize || s[hour] != ' ' {
		return l.isoAt(0)
	}
	l.scratch = append(l.scratch[:0], s[:isoSize]...)
	l.scratch[hour] = '0'
	ns, ok := l.clock.parse(l.scratch)
	if !ok {
		return stamp{}
	}
	return stamp{ns: ns, end: isoSize}
}

// mysqlCode reads the error code and subsystem that MySQL 8 writes.
func (l *line) mysqlCode(i int) (message int) {
	from, to, end := l.bracketAt(i)
	if end == 0 || !l.hasAt(from, "MY-") {
		return i
	}
	l.addText("mysql.error_code", l.span(from, to))
	i = end + 1
	if from, to, end = l.bracketAt(i); end != 0 {
		l.addText("mysql.subsystem", l.span(from, to))
		i = end + 1
	}
	return min(i, len(l.text))
}
