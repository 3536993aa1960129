package parse

// The levels of programs whose names mean something else than they do in the
// log data model's appendix B, or that are not in it. Each returns 0 for what
// is no level of the program's.

// syslogLevel has RFC 5424's names, as RabbitMQ (Erlang's logger) writes them.
func syslogLevel(s []byte) uint8 {
	switch string(s) {
	case "debug", "DEBUG":
		return sevDebug
	case "info", "INFO":
		return sevInfo
	case "notice", "NOTICE":
		return 10
	case "warning", "WARNING":
		return sevWarn
	case "error", "ERROR", "err":
		return sevError
	case "critical", "CRITICAL", "crit":
		return 18
	case "alert", "ALERT":
		return 19
	case "emergency", "EMERGENCY", "emerg":
		return sevFatal
	}
	return 0
}

// postgresLevel has PostgreSQL's message severities
// (https://www.postgresql.org/docs/current/runtime-config-logging.html). LOG is
// what the server tells its administrator, FATAL ends a session, PANIC all.
func postgresLevel(s []byte) uint8 {
	switch string(s) {
	case "DEBUG5":
		return 1
	case "DEBUG4":
		return 2
	case "DEBUG3":
		return 3
	case "DEBUG2":
		return 4
	case "DEBUG1", "DEBUG":
		return sevDebug
	case "LOG", "INFO":
		return sevInfo
	case "NOTICE":
		return 10
	case "WARNING":
		return sevWarn
	case "ERROR":
		return sevError
	case "FATAL":
		return 18
	case "PANIC":
		return sevFatal
	}
	return 0
}

// mongoLevel has MongoDB's severities
// (https://www.mongodb.com/docs/manual/reference/log-messages/).
func mongoLevel(s []byte) uint8 {
	switch string(s) {
	case "F":
		return sevFatal
	case "E":
		return sevError
	case "W":
		return sevWarn
	case "I":
		return sevInfo
	case "D":
		return sevDebug
	}
	if len(s) == 2 && s[0] == 'D' && s[1] >= '1' && s[1] <= '5' {
		return 6 - (s[1] - '0')
	}
	return 0
}

// log4jLevel has the levels of log4j and logback.
func log4jLevel(s []byte) uint8 {
	switch string(s) {
	case "TRACE":
		return sevTrace
	case "DEBUG":
		return sevDebug
	case "INFO":
		return sevInfo
	case "WARN":
		return sevWarn
	case "ERROR":
		return sevError
	case "FATAL":
		return sevFatal
	}
	return 0
}
