package parse

// levels are what a program calls its levels, where its names mean something else
// than they do in the log data model's appendix B, or are not in it, or tell that
// a line is the program's.
type levels []struct {
	name   string
	number uint8
}

// of is the number of the level s, 0 for what is no level of the program's.
func (t levels) of(s []byte) uint8 {
	for i := range t {
		if name := t[i].name; len(name) == len(s) && name[0] == s[0] && name == string(s) {
			return t[i].number
		}
	}
	return 0
}

// syslogLevels are RFC 5424's names (6.2.1), as RabbitMQ (Erlang's logger) writes
// them.
var syslogLevels = levels{
	{"info", sevInfo}, {"warning", sevWarn}, {"error", sevError}, {"debug", sevDebug}, {"notice", 10},
	{"critical", 18}, {"alert", 19}, {"emergency", sevFatal}, {"err", sevError}, {"crit", 18}, {"emerg", sevFatal},
	{"INFO", sevInfo}, {"WARNING", sevWarn}, {"ERROR", sevError}, {"DEBUG", sevDebug}, {"NOTICE", 10},
	{"CRITICAL", 18}, {"ALERT", 19}, {"EMERGENCY", sevFatal},
}

// postgresLevels are PostgreSQL's message severities
// (https://www.postgresql.org/docs/current/runtime-config-logging.html). LOG is
// what the server tells its administrator, FATAL ends a session, PANIC all.
var postgresLevels = levels{
	{"LOG", sevInfo}, {"ERROR", sevError}, {"FATAL", 18}, {"WARNING", sevWarn}, {"NOTICE", 10}, {"INFO", sevInfo}, {"PANIC", sevFatal},
	{"DEBUG1", sevDebug}, {"DEBUG2", 4}, {"DEBUG3", 3}, {"DEBUG4", 2}, {"DEBUG5", 1}, {"DEBUG", sevDebug},
}

// mongoLevels are MongoDB's severities
// (https://www.mongodb.com/docs/manual/reference/log-messages/).
var mongoLevels = levels{
	{"I", sevInfo}, {"W", sevWarn}, {"E", sevError}, {"F", sevFatal},
	{"D1", 5}, {"D2", 4}, {"D3", 3}, {"D4", 2}, {"D5", 1}, {"D", sevDebug},
}

// log4jLevels are those of log4j and logback
// (https://logging.apache.org/log4j/2.x/manual/customloglevels.html).
var log4jLevels = levels{
	{"INFO", sevInfo}, {"WARN", sevWarn}, {"ERROR", sevError}, {"DEBUG", sevDebug}, {"TRACE", sevTrace}, {"FATAL", sevFatal},
}

// pythonLevels are those of Python's logging
// (https://docs.python.org/3/library/logging.html#logging-levels).
var pythonLevels = levels{
	{"INFO", sevInfo}, {"WARNING", sevWarn}, {"ERROR", sevError}, {"DEBUG", sevDebug}, {"CRITICAL", sevFatal},
}

// rubyLevels are those of Ruby's Logger
// (https://docs.ruby-lang.org/en/3.4/Logger/Severity.html); ANY is of what was
// written without one.
var rubyLevels = levels{
	{"INFO", sevInfo}, {"WARN", sevWarn}, {"ERROR", sevError}, {"DEBUG", sevDebug}, {"FATAL", sevFatal}, {"ANY", sevInfo},
}

// rustLevels are those of the crate tracing
// (https://docs.rs/tracing/latest/tracing/struct.Level.html).
var rustLevels = levels{
	{"INFO", sevInfo}, {"WARN", sevWarn}, {"ERROR", sevError}, {"DEBUG", sevDebug}, {"TRACE", sevTrace},
}

// dotNetLevels are the names that .NET's simple console gives to levels
// (Microsoft.Extensions.Logging.Console, SimpleConsoleFormatter).
var dotNetLevels = levels{
	{"info", sevInfo}, {"warn", sevWarn}, {"fail", sevError}, {"dbug", sevDebug}, {"trce", sevTrace}, {"crit", sevFatal},
}

// envoyLevels are those of spdlog (SPDLOG_LEVEL_NAMES), in which Envoy writes its
// own log.
var envoyLevels = levels{
	{"info", sevInfo}, {"warning", sevWarn}, {"error", sevError}, {"debug", sevDebug}, {"trace", sevTrace}, {"critical", sevFatal}, {"warn", sevWarn},
}

// corednsLevels are what CoreDNS writes in brackets (plugin/pkg/log).
var corednsLevels = levels{
	{"INFO", sevInfo}, {"WARNING", sevWarn}, {"ERROR", sevError}, {"DEBUG", sevDebug}, {"FATAL", sevFatal},
}

// capnslogLevels are the letters of etcd's logger before 3.4
// (github.com/coreos/pkg/capnslog).
var capnslogLevels = levels{
	{"I", sevInfo}, {"W", sevWarn}, {"E", sevError}, {"N", 10}, {"D", sevDebug}, {"T", sevTrace}, {"C", 18},
}

// mysqlLevels are the priorities of MySQL's and MariaDB's error logs
// (https://dev.mysql.com/doc/refman/8.4/en/error-log-format.html).
var mysqlLevels = levels{
	{"Note", sevInfo}, {"Warning", sevWarn}, {"ERROR", sevError}, {"Error", sevError}, {"System", sevInfo},
}

// redisLevels are debug, verbose, notice and warning as Redis maps them to those
// of syslog (server.c, serverLogRaw).
var redisLevels = levels{{".", sevDebug}, {"-", sevInfo}, {"*", 10}, {"#", sevWarn}}

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
