package parse

import (
	"fmt"
	"strings"
	"testing"
)

// severityRows are the severities that programs write and their numbers in the
// OpenTelemetry log data model: its appendix B
// (https://opentelemetry.io/docs/specs/otel/logs/data-model-appendix/), and for what
// is not in there the programs' own order, of which the source tells. Each line is
// what the program writes, with the level for the %s; pairs are level=number.
var severityRows = []struct{ program, source, line, pairs string }{
	{"syslog (RFC 5424)", "RFC 5424, 6.2.1; log data model, appendix B", "<%s>1 2026-03-05T10:11:12.5Z host app - - - m", "7=5 6=9 5=10 4=13 3=17 2=18 1=19 0=21 191=5 184=21 165=10"},
	{"syslog (RFC 3164)", "RFC 3164, 4.1.1; log data model, appendix B", "<%s>Mar  5 10:11:12 host app[3]: m", "7=5 6=9 5=10 4=13 3=17 2=18 1=19 0=21"},
	{"log4j", "log data model, appendix B", "10:11:12.123 [main] %-5s c.s.App - m", "TRACE=1 DEBUG=5 INFO=9 WARN=13 ERROR=17 FATAL=21"},
	{"Spring Boot", "logback, Level; log data model, appendix B", "2026-03-05T10:11:12.123Z %5s 1 --- [main] c.s.App : m", "TRACE=1 DEBUG=5 INFO=9 WARN=13 ERROR=17 FATAL=21"},
	{"java.util.logging", "log data model, appendix B", `{"time":"2026-03-05T10:11:12.5Z","level":"%s","message":"m"}`, "FINEST=1 FINER=5 FINE=6 CONFIG=7 INFO=9 WARNING=13 SEVERE=17"},
	{".NET's JSON console", "log data model, appendix B", `{"EventId":0,"LogLevel":"%s","Category":"c","Message":"m","State":{}}`, "Trace=1 Debug=5 Information=9 Warning=13 Error=17 Critical=21"},
	{".NET's simple console", "SimpleConsoleFormatter.GetLogLevelString; log data model, appendix B", "%s: Shop.Orders[0]\n      m", "trce=1 dbug=5 info=9 warn=13 fail=17 crit=21"},
	{"Serilog's compact JSON", "Serilog.Events.LogEventLevel, of which Verbose is the least", `{"@t":"2026-03-05T10:11:12.5Z","@mt":"m","@l":"%s"}`, "Verbose=6 Debug=5 Warning=13 Error=17 Fatal=21"},
	{"zap", "log data model, appendix B", `{"level":"%s","ts":1772705472.1,"caller":"a/b.go:1","msg":"m"}`, "debug=5 info=9 warn=13 error=17 dpanic=18 panic=19 fatal=21"},
	{"zerolog", "zerolog.Level; its panic as zap's", `{"level":"%s","time":"2026-03-05T10:11:12Z","message":"m"}`, "trace=1 debug=5 info=9 warn=13 error=17 fatal=21 panic=19"},
	{"logrus", "logrus.Level; its panic as zap's", `time="2026-03-05T10:11:12Z" level=%s msg=m`, "trace=1 debug=5 info=9 warning=13 error=17 fatal=21 panic=19"},
	{"slog", "log/slog, Level: the number is 9 more", `{"time":"2026-03-05T10:11:12.5Z","level":"%s","msg":"m"}`, "DEBUG=5 INFO=9 WARN=13 ERROR=17 INFO+2=11 DEBUG-4=1 WARN+1=14 ERROR+3=20"},
	{"winston", "winston, config.npm.levels; OpenTelemetry's transport for winston", `{"level":"%s","message":"m","timestamp":"2026-03-05T10:11:12.5Z"}`, "error=17 warn=13 info=9 http=7 verbose=6 debug=5 silly=1"},
	{"winston with syslog's levels", "RFC 5424, 6.2.1; log data model, appendix B", `{"level":"%s","message":"m"}`, "emerg=21 alert=19 crit=18 error=17 warning=13 notice=10 info=9 debug=5"},
	{"Google Cloud", "LogSeverity of Cloud Logging; names by log data model, appendix B", `{"severity":"%s","time":"2026-03-05T10:11:12.5Z","message":"m"}`, "DEBUG=5 INFO=9 NOTICE=10 WARNING=13 ERROR=17 CRITICAL=21 ALERT=19 EMERGENCY=21"},
	{"pino", "pino, levels", `{"level":%s,"time":1772705472123,"pid":1,"hostname":"h","msg":"m"}`, "10=1 20=5 30=9 40=13 50=17 60=21"},
	{"bunyan", "bunyan, Levels", `{"name":"a","hostname":"h","pid":1,"level":%s,"msg":"m","time":"2026-03-05T10:11:12.5Z","v":0}`, "10=1 20=5 30=9 40=13 50=17 60=21"},
	{"Python's numbers", "logging, Logging Levels", `{"asctime":"2026-03-05 10:11:12,123","levelno":%s,"message":"m"}`, "10=5 20=9 30=13 40=17 50=21 25=9"},
	{"structlog's numbers", "structlog.stdlib.add_log_level_number", `{"timestamp":"2026-03-05T10:11:12.5Z","level_number":%s,"event":"m"}`, "10=5 20=9 30=13 40=17 50=21"},
	{"Python's logging", "logging, Logging Levels", "2026-03-05 10:11:12,123 - shop - %s - m", "DEBUG=5 INFO=9 WARNING=13 ERROR=17 CRITICAL=21"},
	{"klog", "k8s.io/klog/v2, severity", "%s0305 10:11:12.123456       1 server.go:42] m", "I=9 W=13 E=17 F=21"},
	{"PostgreSQL", "Table 19.2, Message Severity Levels", "2026-03-05 10:11:12.123 UTC [31] %s:  m", "DEBUG5=1 DEBUG4=2 DEBUG3=3 DEBUG2=4 DEBUG1=5 LOG=9 INFO=9 NOTICE=10 WARNING=13 ERROR=17 FATAL=18 PANIC=21"},
	{"PostgreSQL's jsonlog", "Table 19.2, Message Severity Levels", `{"timestamp":"2026-03-05 10:11:12.123 UTC","pid":31,"session_id":"6b02f93a.6d5e","line_num":3,"error_severity":"%s","message":"m","backend_type":"client backend"}`, "DEBUG5=1 LOG=9 NOTICE=10 WARNING=13 ERROR=17 FATAL=18 PANIC=21"},
	{"MongoDB", "Log Messages, Severity Levels", `{"t":{"$date":"2026-03-05T10:11:12.123+00:00"},"s":"%s","c":"NETWORK","id":22943,"ctx":"listener","msg":"m"}`, "D5=1 D4=2 D3=3 D2=4 D1=5 I=9 W=13 E=17 F=21"},
	{"Redis", "server.c, serverLogRaw", "1:M 05 Mar 2026 10:11:12.123 %s m", ".=5 -=9 *=10 #=13"},
	{"RabbitMQ", "RFC 5424, 6.2.1, by Erlang's logger", "2026-03-05 10:11:12.654321+00:00 [%s] <0.620.0> m", "debug=5 info=9 notice=10 warning=13 error=17 critical=18 alert=19 emergency=21"},
	{"RabbitMQ's JSON", "RFC 5424, 6.2.1, by Erlang's logger", `{"time":"2026-11-22 21:12:57.089407+00:00","level":"%s","msg":"m","domain":"rabbitmq","pid":"<0.620.0>"}`, "debug=5 info=9 notice=10 warning=13 error=17 critical=18 alert=19 emergency=21"},
	{"JSON with another pid", "log data model, appendix B", `{"level":"%s","msg":"m","pid":620}`, "critical=21 fatal=21"},
	{"nginx's error log", "error_log; RFC 5424, 6.2.1", "2026/03/05 10:11:12 [%s] 31#31: *48 m", "debug=5 info=9 notice=10 warn=13 error=17 crit=18 alert=19 emerg=21"},
	{"Apache's error log", "core, LogLevel; RFC 5424, 6.2.1", "[Thu Mar 05 10:11:12.123456 2026] [core:%s] [pid 31:tid 140] AH00094: m", "trace8=1 trace7=1 trace6=2 trace5=2 trace4=3 trace3=3 trace2=4 trace1=4 debug=5 info=9 notice=10 warn=13 error=17 crit=18 alert=19 emerg=21"},
	{"MySQL", "Error Log Output Format", "2026-03-05T10:11:12.123456Z 0 [%s] [MY-010116] [Server] m", "System=9 Note=9 Warning=13 ERROR=17"},
	{"MariaDB", "sql/log.cc, print_buffer_to_file", "2026-03-05 10:11:12 0 [%s] m", "Note=9 Warning=13 ERROR=17"},
	{"syslog without a host", "RFC 5424, 6.2.1; log data model, appendix B", "<%s>Mar  5 10:11:12 app[31]: m", "134=9 133=10 132=13 131=17 129=19"},
	{"AWS Lambda", "advanced logging controls, as log4j", `{"timestamp":"2026-03-05T10:11:12.5Z","level":"%s","message":"m","requestId":"8f5072ee-cd3a-4d5e-9a4c-0a1b2c3d4e5f"}`, "TRACE=1 DEBUG=5 INFO=9 WARN=13 ERROR=17 FATAL=21"},
	{"Ruby's Logger", "Logger::Severity", "%s, [2026-03-05T10:11:12.123456 #31]  INFO -- prog: m", "D=5 I=9 W=13 E=17 F=21"},
	{"Elasticsearch", "log4j; log data model, appendix B", "[2026-03-05T10:11:12,123][%-5s][o.e.n.Node] [node] m", "TRACE=1 DEBUG=5 INFO=9 WARN=13 ERROR=17 FATAL=21"},
	{"CoreDNS", "plugin/pkg/log", "[%s] plugin/errors: 2 example.org. A: m", "DEBUG=5 INFO=9 WARNING=13 ERROR=17 FATAL=21"},
	{"Envoy itself", "spdlog, SPDLOG_LEVEL_NAMES", "[2026-03-05 10:11:12.123][1][%s][main] [source/server/server.cc:1] m", "trace=1 debug=5 info=9 warning=13 error=17 critical=21"},
	{"in other spellings", "what loggers in the wild write", `{"level":"%s","msg":"m"}`, "Err=17 EROR=17 warn=13 WaRnInG=13 dbg=5 information=9 [INFO]=9 INFO:=9 \\u001b[32minfo\\u001b[0m=9 loud=0"},
	{"an access log", "the status: a 5xx is the server's error", `203.0.113.9 - - [05/Mar/2026:10:11:12 +0000] "GET / HTTP/1.1" %s 1 "-" "x"`, "200=9 302=9 404=9 499=9 500=17 503=17"},
}

// TestSeveritiesOfPrograms reads a line of each program with each of its levels.
func TestSeveritiesOfPrograms(t *testing.T) {
	for _, row := range severityRows {
		for pair := range strings.FieldsSeq(row.pairs) {
			at := strings.LastIndexByte(pair, '=')
			line := fmt.Sprintf(row.line, pair[:at])
			if strings.HasPrefix(row.program, "Ruby") {
				line = strings.Replace(line, " INFO", map[byte]string{'D': "DEBUG", 'I': " INFO", 'W': " WARN", 'E': "ERROR", 'F': "FATAL"}[pair[0]], 1)
			}
			b := batchOf(&event0, []byte(line))
			b.Records[0].Lines = 1 + uint32(strings.Count(line, "\n"))
			New(Options{}).Process(b)
			if got := fmt.Sprint(b.Records[0].Severity); got != pair[at+1:] {
				t.Errorf("%s: %q has severity %s, want %s by %s", row.program, line, got, pair[at+1:], row.source)
			}
		}
	}
}
