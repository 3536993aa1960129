package parse

// The levels of programs, where their names mean something else than they do in the
// log data model's appendix B, or are not in it, or tell that a line is the
// program's: a table for each source. Each returns 0 for what is no level of the
// program's.

// syslogLevel has RFC 5424's names (6.2.1), as RabbitMQ (Erlang's logger) writes
// them.
func syslogLevel(s []byte) uint8 {
	switch string(s) {
	case "info", "INFO":
		return sevInfo
	case "warning", "WARNING":
		return sevWarn
	case "error", "err", "ERROR":
		return sevError
	case "debug", "DEBUG":
		return sevDebug
	case "notice", "NOTICE":
		return 10
	case "critical", "crit", "CRITICAL":
		return 18
	case "alert", "ALERT":
		return 19
	case "emergency", "emerg", "EMERGENCY":
		return sevFatal
	}
	return 0
}

// postgresLevel has PostgreSQL's message severities
// (https://www.postgresql.org/docs/current/runtime-config-logging.html). LOG is
// what the server tells its administrator, FATAL ends a session, PANIC all.
func postgresLevel(s []byte) uint8 {
	switch string(s) {
	case "LOG", "INFO":
		return sevInfo
	case "ERROR":
		return sevError
	case "FATAL":
		return 18
	case "WARNING":
		return sevWarn
	case "NOTICE":
		return 10
	case "PANIC":
		return sevFatal
	case "DEBUG1", "DEBUG":
		return sevDebug
	case "DEBUG2":
		return 4
	case "DEBUG3":
		return 3
	case "DEBUG4":
		return 2
	case "DEBUG5":
		return 1
	}
	return 0
}

// mongoLevel has MongoDB's severities
// (https://www.mongodb.com/docs/manual/reference/log-messages/).
func mongoLevel(s []byte) uint8 {
	switch string(s) {
	case "I":
		return sevInfo
	case "W":
		return sevWarn
	case "E":
		return sevError
	case "F":
		return sevFatal
	case "D1":
		return 5
	case "D2":
		return 4
	case "D3":
		return 3
	case "D4":
		return 2
	case "D5":
		return 1
	case "D":
		return sevDebug
	}
	return 0
}

// log4jLevel has those of log4j and logback
// (https://logging.apache.org/log4j/2.x/manual/customloglevels.html).
func log4jLevel(s []byte) uint8 {
	switch string(s) {
	case "INFO":
		return sevInfo
	case "WARN":
		return sevWarn
	case "ERROR":
		return sevError
	case "DEBUG":
		return sevDebug
	case "TRACE":
		return sevTrace
	case "FATAL":
		return sevFatal
	}
	return 0
}

// pythonLevel has those of Python's logging
// (https://docs.python.org/3/library/logging.html#logging-levels).
func pythonLevel(s []byte) uint8 {
	switch string(s) {
	case "INFO":
		return sevInfo
	case "WARNING":
		return sevWarn
	case "ERROR":
		return sevError
	case "DEBUG":
		return sevDebug
	case "CRITICAL":
		return sevFatal
	}
	return 0
}

// rubyLevel has those of Ruby's Logger
// (https://docs.ruby-lang.org/en/3.4/Logger/Severity.html); ANY is of what was
// written without one.
func rubyLevel(s []byte) uint8 {
	switch string(s) {
	case "INFO", "ANY":
		return sevInfo
	case "WARN":
		return sevWarn
	case "ERROR":
		return sevError
	case "DEBUG":
		return sevDebug
	case "FATAL":
		return sevFatal
	}
	return 0
}

// rustLevel has those of the crate tracing
// (https://docs.rs/tracing/latest/tracing/struct.Level.html).
func rustLevel(s []byte) uint8 {
	switch string(s) {
	case "INFO":
		return sevInfo
	case "WARN":
		return sevWarn
	case "ERROR":
		return sevError
	case "DEBUG":
		return sevDebug
	case "TRACE":
		return sevTrace
	}
	return 0
}

// dotNetLevel has the names that .NET's simple console gives to levels
// (Microsoft.Extensions.Logging.Console, SimpleConsoleFormatter).
func dotNetLevel(s []byte) uint8 {
	switch string(s) {
	case "info":
		return sevInfo
	case "warn":
		return sevWarn
	case "fail":
		return sevError
	case "dbug":
		return sevDebug
	case "trce":
		return sevTrace
	case "crit":
		return sevFatal
	}
	return 0
}

// envoyLevel has those of spdlog (SPDLOG_LEVEL_NAMES), in which Envoy writes its
// own log.
func envoyLevel(s []byte) uint8 {
	switch string(s) {
	case "info":
		return sevInfo
	case "warning", "warn":
		return sevWarn
	case "error":
		return sevError
	case "debug":
		return sevDebug
	case "trace":
		return sevTrace
	case "critical":
		return sevFatal
	}
	return 0
}

// corednsLevel has what CoreDNS writes in brackets (plugin/pkg/log).
func corednsLevel(s []byte) uint8 {
	switch string(s) {
	case "INFO":
		return sevInfo
	case "WARNING":
		return sevWarn
	case "ERROR":
		return sevError
	case "DEBUG":
		return sevDebug
	case "FATAL":
		return sevFatal
	}
	return 0
}

// capnslogLevel has the letters of etcd's logger before 3.4
// (github.com/coreos/pkg/capnslog).
func capnslogLevel(s []byte) uint8 {
	switch string(s) {
	case "I":
		return sevInfo
	case "W":
		return sevWarn
	case "E":
		return sevError
	case "N":
		return 10
	case "D":
		return sevDebug
	case "T":
		return sevTrace
	case "C":
		return 18
	}
	return 0
}

// mysqlLevel has the priorities of MySQL's and MariaDB's error logs
// (https://dev.mysql.com/doc/refman/8.4/en/error-log-format.html).
func mysqlLevel(s []byte) uint8 {
	switch string(s) {
	case "Note", "System":
		return sevInfo
	case "Warning", "Warn":
		return sevWarn
	case "ERROR", "Error":
		return sevError
	}
	return 0
}

// redisLevel has debug, verbose, notice and warning as Redis maps them to those
// of syslog (server.c, serverLogRaw).
func redisLevel(s []byte) uint8 {
	switch string(s) {
	case ".":
		return sevDebug
	case "-":
		return sevInfo
	case "*":
		return 10
	case "#":
		return sevWarn
	}
	return 0
}

// apacheLevel has syslog's names and eight levels of tracing, of which trace8 says
// most (https://httpd.apache.org/docs/2.4/mod/core.html#loglevel).
func apacheLevel(level []byte) uint8 {
	if len(level) == 6 && string(level[:5]) == "trace" && level[5] >= '1' && level[5] <= '8' {
		return uint8(sevTrace + ('8'-level[5])/2)
	}
	return severityName(level)
}

// klogLevel has the letters that klog's and glog's lines begin with
// (k8s.io/klog/v2/internal/severity).
func klogLevel(c byte) uint8 {
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
