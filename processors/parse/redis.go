package parse

import "time"

// parseRedis reads what Redis and Valkey write (serverLogRaw in their
// server.c), in local time:
//
//	31:M 05 Mar 2026 10:11:12.123 * Ready to accept connections
func parseRedis(l *line) bool {
	const stampSize = len("05 Mar 2026 10:11:12.123")
	i, pid, ok := l.digitsAt(0)
	s := l.text
	if !ok || len(s) < i+3+stampSize+3 || s[i] != ':' || s[i+2] != ' ' {
		return l.fail(reasonMisfit, i)
	}
	role := redisRole(s[i+1])
	at := i + 3 + stampSize
	ns, timed := l.clock.parseDayMonth(s[i+3 : at])
	level := redisLevel(s[at+1 : at+2])
	if role == "" || !timed || s[at] != ' ' || level == 0 || s[at+2] != ' ' {
		return l.fail(reasonMisfit, i)
	}
	l.setLocalTime(ns)
	l.setLevel(level, at+1, at+2)
	l.addInt("process.pid", pid)
	l.addConst("redis.role", role)
	l.messageBehind(at, at+3)
	return true
}

func redisRole(c byte) string {
	switch c {
	case 'X':
		return "sentinel"
	case 'C':
		return "child"
	case 'S':
		return "replica"
	case 'M':
		return "master"
	}
	return ""
}

// parseDayMonth reads 05 Mar 2026 10:11:12.123.
func (c *clock) parseDayMonth(s []byte) (int64, bool) {
	const whole = len("05 Mar 2026 10:11:12")
	if len(s) < whole || s[2] != ' ' || s[6] != ' ' || s[11] != ' ' || s[14] != ':' || s[17] != ':' {
		return 0, false
	}
	frac, n := fraction(s[whole:])
	if n < 0 || whole+n != len(s) || frac >= int64(time.Second) {
		return 0, false
	}
	return c.local(civil{
		year: two(s, 7)*100 + two(s, 9), month: month(s[3:6]), day: two(s, 0),
		hour: two(s, 12), min: two(s, 15), sec: two(s, 18),
	}, frac)
}
