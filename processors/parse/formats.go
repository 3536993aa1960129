package parse

// What several formats have in common.
const (
	accessSeverity     = "17 for a status of 5xx, else 9"
	syslogSeverityText = "debug 5, info 9, notice 10, warn 13, error 17, crit 18, alert 19, emerg 21"
	clfTime            = "with a zone, seconds"
	noTrace            = "none"
	log4jSeverity      = "TRACE 1, DEBUG 5, INFO 9, WARN 13, ERROR 17, FATAL 21"
	postgresSeverity   = "DEBUG5 to DEBUG2 1 to 4, DEBUG1 and DEBUG 5, LOG and INFO 9, NOTICE 10, WARNING 13, ERROR 17, FATAL 18, PANIC 21"
	syslogNumbers      = "0 21, 1 19, 2 18, 3 17, 4 13, 5 10, 6 9, 7 5"
	textTrace          = "as in text"
	loggerKeys         = "[the keys that loggers have](formats.md#json)"
	jsonTrace          = "the keys of JSON's table, such as `traceparent`"
)

// Sets of first bytes.
const (
	digits0  = "0123456789"
	letters  = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	hosts    = digits0 + letters + ":"
	objects  = "{ \t"
	brackets = "["
)

// formats lists all formats in the order in which detection tries them: those
// that say more about a line first.
var formats = []format{
	{
		name:    "text",
		about:   "Anything else. The line is the body; a time and level at its head, or a level that comes first, and `trace_id=`, `span_id=` and `traceparent=` in it are found.",
		example: `2026-03-05 10:11:12.123 INFO [main] started on port 8080 [trace_id=4bf92f3577b34da6a3ce929d0e0e4736 span_id=00f067aa0ba902b7]`,
		time:    "ISO 8601 at the head of the line", severity: "the level behind it, by name", trace: "`trace_id=`, `span_id=`, `traceparent=` and their like",
		parse: parseText,
	},
	{
		name:    "log_format",
		about:   "The layout that a receiver's key `log_format` or `tailrace parse --log-format` gives, in the server's own words.",
		example: `log_format: '$remote_addr [$time_local] "$request" $status rt=$request_time'`,
		time:    "the server's", severity: accessSeverity, trace: "the headers and variables that carry it, such as `$http_traceparent` and `$otel_trace_id`",
		parse: parseGiven, given: true,
	},
	{
		name:    "custom",
		about:   "A format that `service.formats` defines, under the name that it has there.",
		example: `shop: {type: regexp, regex: '^(?P<time>\S+) (?P<level>\w+) (?P<msg>.*)$', body: msg}`,
		time:    "the field that `timestamp` names", severity: "the field that `severity` names", trace: "the fields that `trace` names, else as in text",
		parse: parseCustom, given: true,
	},
	{
		name:    "istio-json",
		about:   "Istio's access log as JSON, with Istio's default keys in any order.",
		example: `{"start_time":"2026-03-05T10:11:12.955Z","method":"GET","path":"/d","protocol":"HTTP/1.1","response_code":503,"response_flags":"UF,URX","duration":12,"bytes_sent":91,"authority":"d:9080","request_id":"1b7e44d2-90af-9c3e-8a55-0d4f6e2b7c19","upstream_cluster":"outbound|9080||d.ns.svc.cluster.local","upstream_transport_failure_reason":null,"requested_server_name":null,"downstream_remote_address":"10.6.1.7:50212"}`,
		time:    "`start_time`", severity: accessSeverity, trace: jsonTrace,
		heads: objects, shapes: shapeObject, parse: parseIstioJSON,
	},
	{
		name:    "envoy-json",
		about:   "Envoy's access log as JSON, with the operators' names as keys, as Envoy Gateway writes it.",
		example: `{"start_time":"2026-03-05T10:11:12.955Z","method":"GET","x-envoy-origin-path":"/d?a=1","protocol":"HTTP/2","response_code":200,"response_flags":"-","duration":12,"bytes_sent":91,":authority":"ex.test","upstream_host":"10.0.2.1:80","traceparent":"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}`,
		time:    "`start_time`", severity: accessSeverity, trace: jsonTrace,
		heads: objects, shapes: shapeObject, parse: parseEnvoyJSON,
	},
	{
		name:    "traefik-json",
		about:   "Traefik's access log as JSON, whichever of its fields are kept.",
		example: `{"ClientHost":"10.0.0.1","RequestMethod":"GET","RequestPath":"/a?b=1","RequestProtocol":"HTTP/1.1","DownstreamStatus":200,"DownstreamContentSize":17,"Duration":3123456,"RouterName":"web@kubernetes","ServiceURL":"http://10.0.0.9:80","trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","span_id":"00f067aa0ba902b7","level":"info","msg":"","time":"2026-03-05T10:11:12Z"}`,
		time:    "`StartUTC`, nanoseconds", severity: accessSeverity, trace: "`trace_id` and `span_id`, `TraceId` and `SpanId`, `request_Traceparent`",
		heads: objects, shapes: shapeObject, parse: parseTraefikJSON,
	},
	{
		name:    "linkerd-json",
		about:   "The access log of Linkerd's proxy in its format json (from specification).",
		example: `{"client.addr":"10.42.0.6:51160","client.id":"-","timestamp":"2026-03-05T10:11:12.071000001Z","method":"GET","uri":"http://api.ns/x","version":"HTTP/2.0","trace_id":"","request_bytes":"","user_agent":"curl/8","host":"api.ns","status":200,"response_bytes":"12","total_ns":"812345","processing_ns":"51234"}`,
		time:    "`timestamp`, nanoseconds", severity: accessSeverity, trace: "`trace_id` only where it is X-Ray's: the proxy writes a request's id there too",
		heads: objects, shapes: shapeObject, parse: parseLinkerdJSON,
	},
	{
		name:    "caddy",
		about:   "Caddy's access log.",
		example: `{"level":"info","ts":1772705472.1,"logger":"http.log.access","msg":"handled request","request":{"remote_ip":"10.0.0.1","proto":"HTTP/2.0","method":"GET","host":"ex.test","uri":"/a?b","headers":{"User-Agent":["curl/8.5"]}},"duration":0.004,"size":12,"status":200}`,
		time:    "`ts`", severity: accessSeverity, trace: "the headers `Traceparent` and `B3`, and top-level keys as in JSON",
		heads: objects, shapes: shapeObject, parse: parseCaddy,
	},
	{
		name:    "nginx-json",
		about:   "nginx access log as a JSON object keyed by nginx's variable names.",
		example: `{"time_iso8601":"2026-03-05T10:11:12+00:00","remote_addr":"203.0.113.9","request":"GET /a?b=1 HTTP/1.1","status":200,"body_bytes_sent":512}`,
		time:    "`msec`, `time_iso8601` or `time_local`", severity: accessSeverity, trace: jsonTrace,
		heads: objects, shapes: shapeObject, parse: parseNginxJSON,
	},
	{
		name:    "haproxy-json",
		about:   "HAProxy's access log as JSON whose keys are its manual's names of the fields.",
		example: `{"client_ip":"203.0.113.9","client_port":51002,"request_date":"05/Mar/2026:10:11:12.004","frontend_name":"web","backend_name":"app","server_name":"pod-7","Tr":18,"Ta":22,"status_code":200,"bytes_read":911,"termination_state":"----","http_request":"GET /i.html HTTP/1.1"}`,
		time:    "`request_date` or `accept_date`, without a zone, milliseconds", severity: accessSeverity, trace: jsonTrace,
		heads: objects, shapes: shapeObject, parse: parseHAProxyJSON,
	},
	{
		name:    "kubernetes-audit",
		about:   "The audit log of kube-apiserver.",
		example: `{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Metadata","auditID":"7a6e2b0c-4f31-4c8e-9d52-0c1f4e5a6b7c","stage":"ResponseComplete","requestURI":"/api/v1/pods?limit=500","verb":"list","user":{"username":"admin"},"sourceIPs":["10.0.0.1"],"responseStatus":{"code":200},"requestReceivedTimestamp":"2026-03-05T10:11:12.100000Z","stageTimestamp":"2026-03-05T10:11:12.123456Z"}`,
		time:    "`stageTimestamp`", severity: accessSeverity, trace: noTrace,
		heads: "{", shapes: shapeObject, parse: parseKubeAudit,
	},
	{
		name:    "mongodb",
		about:   "MongoDB's structured log since 4.4 (from specification).",
		example: `{"t":{"$date":"2026-03-05T10:11:12.123+00:00"},"s":"I","c":"NETWORK","id":22943,"ctx":"listener","msg":"Connection accepted","attr":{"remote":"10.0.0.1:5000"}}`,
		time:    "`t.$date`", severity: "D5 to D1 1 to 5, D 5, I 9, W 13, E 17, F 21", trace: noTrace,
		heads: "{", shapes: shapeObject, parse: parseMongoDB,
	},
	{
		name:    "postgresql-json",
		about:   "PostgreSQL's jsonlog.",
		example: `{"timestamp":"2026-03-05 10:11:12.123 UTC","pid":31,"session_id":"6b02f93a.6d5e","line_num":3,"error_severity":"ERROR","state_code":"22012","message":"division by zero","statement":"select 1/0","backend_type":"client backend"}`,
		time:    "`timestamp`", severity: postgresSeverity, trace: noTrace,
		heads: "{", shapes: shapeObject, parse: parsePostgresJSON,
	},
	{
		name:    "json",
		about:   "One JSON object per line, as structured loggers write it.",
		example: `{"time":"2026-03-05T10:11:12.123456789Z","level":"INFO","msg":"order placed","order":4711}`,
		time:    loggerKeys, severity: "by [name or number](formats-reference.md#levels-by-name), under " + loggerKeys, trace: loggerKeys,
		heads: objects, shapes: shapeObject, parse: parseJSON,
	},
	{
		name:    "traefik",
		about:   "Traefik's access log in its format common. Its genericCLF is the same as nginx's combined.",
		example: `10.0.0.1 - - [05/Mar/2026:10:11:12 +0000] "GET /a HTTP/1.1" 200 17 "-" "curl/8" 42 "web@docker" "http://10.0.0.9:80" 3ms`,
		time:    clfTime, severity: accessSeverity, trace: noTrace,
		heads: hosts, shapes: shapeTimed, parse: parseTraefik,
	},
	{
		name:    "ingress-nginx",
		about:   "The Kubernetes ingress controller's access log, with and without alternative upstreams, and that of its streams.",
		example: `198.51.100.7 - - [05/Mar/2026:10:11:12 +0000] "POST /pay HTTP/2.0" 502 150 "-" "curl/8.5" 612 1.204 [shop-pay-8080] [] 10.0.3.4:8080, 10.0.3.9:8080 0, 150 1.000, 0.204 502, 502 6f1c0e6bb1a64b0aa3d2a5a1c5f0d7e1`,
		time:    clfTime, severity: accessSeverity, trace: "none; `$req_id` is a request's id",
		heads: digits0 + "abcdefABCDEF:u[", shapes: shapeTimed, parse: parseIngress,
	},
	{
		name:    "nginx",
		about:   "nginx access log, `combined` or `main`; further fields may follow, a traceparent among them is found.",
		example: `203.0.113.9 - ann [05/Mar/2026:10:11:12 +0000] "GET /a?b=1 HTTP/1.1" 200 512 "-" "curl/8.5" "198.51.100.1"`,
		time:    clfTime, severity: accessSeverity, trace: "a traceparent among the further fields, or ids under their keys",
		heads: digits0 + "abcdefABCDEF:u", shapes: shapeTimed, parse: parseNginx,
		rival: "apache",
	},
	{
		name:    "apache",
		about:   "Apache access log: `common`, `combined`, `combinedio` and Debian's `vhost_combined`. A combined line without an escape or a `-` for the size is nginx's too, unless the file, the container or its image is called after Apache.",
		example: `shop.test:443 203.0.113.9 - - [05/Mar/2026:10:11:12 +0000] "GET / HTTP/1.1" 304 - "-" "U\"A"`,
		time:    clfTime, severity: accessSeverity, trace: noTrace,
		heads: hosts, shapes: shapeTimed, parse: parseApache,
	},
	{
		name:    "linkerd",
		about:   "The access log of Linkerd's proxy in its format apache (from specification).",
		example: `10.42.0.6:51160 web.ns.serviceaccount.identity.linkerd.cluster.local - [2026-03-05T10:11:12.071000001Z] "GET http://api.ns/x HTTP/2.0" 200`,
		time:    "RFC 3339, nanoseconds", severity: accessSeverity, trace: noTrace,
		heads: digits0 + "abcdefABCDEF:[", shapes: shapeTimed, parse: parseLinkerd,
	},
	{
		name:    "haproxy",
		about:   "HAProxy's `httplog`, `httpslog`, `tcplog` and error format, with or without the head that syslog (RFC 3164 or 5424) or its own formats `iso`, `timed` and `short` give it.",
		example: `203.0.113.9:51002 [05/Mar/2026:10:11:12.004] web~ app/pod-7 3/0/1/18/22 200 911 - - ---- 12/9/4/2/0 0/0 {ex.test|Agent X} {} "GET /i.html HTTP/1.1"`,
		time:    "without a zone, milliseconds", severity: accessSeverity, trace: noTrace,
		heads: digits0 + "abcdefABCDEFJMSOND:<", shapes: shapeTimed | shapeISO | shapeISOWord, parse: parseHAProxy,
	},
	{
		name:    "envoy",
		about:   "Envoy's default format, of HTTP and TCP.",
		example: `[2026-03-05T10:11:12.310Z] "POST /locations HTTP/2" 204 - 87 0 41 39 "10.9.8.7" "svc-a/2" "e3a90c57-2d61-9f08-b1c4-77d2a05e6b38" "loc" "10.0.2.1:80"`,
		time:    "RFC 3339, milliseconds", severity: accessSeverity, trace: "a traceparent behind the format; `x-request-id` is a request's id",
		heads: brackets, shapes: shapeBracket, parse: parseEnvoy,
	},
	{
		name:    "istio",
		about:   "Istio's default text format since 1.9, of HTTP and TCP.",
		example: `[2026-03-05T10:11:12.955Z] "GET /d HTTP/1.1" 200 - via_upstream - "-" 0 178 2 1 "-" "curl/8" "1b7e44d2-90af-9c3e-8a55-0d4f6e2b7c19" "d:9080" "10.6.2.1:9080" inbound|9080|| 127.0.0.6:40001 10.6.2.1:9080 10.6.1.7:50212 outbound_.9080_._.d.ns.svc.cluster.local default`,
		time:    "RFC 3339, milliseconds", severity: accessSeverity, trace: "a traceparent behind the format; `x-request-id` is a request's id",
		heads: brackets, shapes: shapeBracket, parse: parseIstio,
	},
	{
		name:    "aws-alb",
		about:   "The access log of AWS's application load balancers; fields that are added at its end are allowed (from specification).",
		example: `https 2026-03-05T10:11:12.500001Z app/lb/77aa 192.0.2.9:40112 10.0.0.1:8080 0.001 0.212 0.000 200 200 0 57 "GET https://ex.test:443/ HTTP/1.1" "curl/8" ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2 arn:tg "Root=1-69a95a70-0f1e2d3c4b5a69788796a5b4" "ex.test" "arn:c" 1 2026-03-05T10:11:12.000000Z "forward" "-" "-" "10.0.0.1:8080" "200" "-" "-" TID_9f`,
		time:    "of the response, microseconds", severity: accessSeverity, trace: "X-Ray's `Root`",
		heads: "hgw", parse: parseALB,
	},
	{
		name:    "nginx-error",
		about:   "nginx's error log, with what it says of the request.",
		example: `2026/03/05 10:11:12 [error] 31#31: *48 connect() failed (111: Connection refused) while connecting to upstream, client: 10.0.0.1, server: _, request: "GET / HTTP/1.1", upstream: "http://10.0.3.4:8080/", host: "ex.test"`,
		time:    "without a zone, seconds", severity: syslogSeverityText, trace: noTrace,
		heads: digits0, shapes: shapeSlashed, parse: parseNginxError,
	},
	{
		name:    "apache-error",
		about:   "Apache's error log in its default format.",
		example: `[Thu Mar 05 10:11:12.123456 2026] [core:error] [pid 31:tid 140] (13)Permission denied: [client 10.0.0.1:5000] AH00035: access to /a denied`,
		time:    "without a zone, microseconds", severity: syslogSeverityText + "; trace8 to trace1 are 1 to 4", trace: noTrace,
		heads: brackets, parse: parseApacheError,
	},
	{
		name:    "postgresql-csv",
		about:   "PostgreSQL's csvlog.",
		example: `2026-03-05 10:11:12.123 UTC,"ann","shop",31,"10.0.0.1:54498",6b02f93a.6d5e,3,"SELECT",2026-03-05 10:11:12 UTC,3/14,0,ERROR,22012,"division by zero",,,,,,"select 1/0",,,"psql","client backend",,0`,
		time:    "log_time, with its zone", severity: postgresSeverity, trace: textTrace,
		heads: digits0, shapes: shapeISO | shapeISOWord, parse: parsePostgresCSV,
	},
	{
		name:    "postgresql",
		about:   "PostgreSQL's stderr log with `%m [%p] ` before it, or `%m [%p] %q%u@%d `, or pgBadger's `%t [%p]: user=%u,db=%d,app=%a,client=%h `.",
		example: `2026-03-05 10:11:12.123 UTC [31] ann@shop ERROR:  division by zero`,
		time:    "at the head, with its zone", severity: postgresSeverity + "; DETAIL, HINT, CONTEXT and STATEMENT have none, `postgresql.field` names them", trace: textTrace,
		heads: digits0, shapes: shapeISO | shapeISOWord, parse: parsePostgres,
	},
	{
		name:    "mysql",
		about:   "The error log of MySQL and MariaDB, and of the script that their images begin with.",
		example: `2026-03-05T10:11:12.123456Z 0 [Warning] [MY-010068] [Server] CA certificate ca.pem is self signed.`,
		time:    "at the head; MariaDB's has no zone", severity: "System and Note 9, Warning and Warn 13, ERROR 17", trace: textTrace,
		heads: digits0, shapes: shapeISO | shapeISOBracket, parse: parseMySQL,
	},
	{
		name:    "rabbitmq",
		about:   "RabbitMQ's text log, of 3.9 and later and of before.",
		example: `2026-03-05 10:11:12.654321+00:00 [info] <0.620.0> Server startup complete; 0 plugins started.`,
		time:    "at the head, with a zone since 3.9", severity: "debug 5, info 9, notice 10, warning 13, error 17, critical 18, alert 19, emergency 21", trace: textTrace,
		heads: digits0, shapes: shapeISOBracket, parse: parseRabbitMQ,
	},
	{
		name:    "etcd",
		about:   "The text log of etcd up to 3.4; later ones write `json`.",
		example: `2026-03-05 10:11:12.123456 I | embed: ready to serve client requests`,
		time:    "at the head, without a zone", severity: "T 1, D 5, I 9, N 10, W 13, E 17, C 18", trace: textTrace,
		heads: digits0, shapes: shapeISOWord, parse: parseEtcd,
	},
	{
		name:    "redis",
		about:   "Redis and Valkey.",
		example: `31:M 05 Mar 2026 10:11:12.123 * Ready to accept connections`,
		time:    "at the head, without a zone", severity: "as Redis hands them to syslog: . 5, - 9, * 10, # 13", trace: textTrace,
		heads: digits0, parse: parseRedis,
	},
	{
		name:    "elasticsearch",
		about:   "The plain text log of Elasticsearch and OpenSearch, slow logs too.",
		example: `[2026-03-05T10:11:12,123][INFO ][o.e.n.Node               ] [node-1] started`,
		time:    "at the head, without a zone", severity: log4jSeverity, trace: textTrace,
		heads: brackets, shapes: shapeBracket, parse: parseElasticsearch,
	},
	{
		name:    "coredns",
		about:   "CoreDNS: queries in its formats common and combined, and what its plugins say.",
		example: `[INFO] 10.1.2.3:41234 - 4711 "A IN ex.test. udp 40 false 512" NOERROR qr,rd,ra 120 0.000512s`,
		time:    "none: the container runtime's", severity: "DEBUG 5, INFO 9, WARNING 13, ERROR 17, FATAL 21", trace: noTrace,
		heads: brackets, parse: parseCoreDNS,
	},
	{
		name:    "cassandra",
		about:   "Cassandra's system.log and its audit log in it, and the older layout of its console.",
		example: `INFO  [main] 2026-03-05 10:11:12,123 StorageService.java:99 - Node localhost/127.0.0.1:7000 state jump to NORMAL`,
		time:    "behind the thread, without a zone; on the console without a date, the day next to the runtime's", severity: log4jSeverity, trace: textTrace,
		heads: "TDIWEF", parse: parseCassandra,
	},
	{
		name:    "envoy-app",
		about:   "Envoy's own log, not that of requests.",
		example: `[2026-03-05 10:11:12.123][31][info][main] [source/server/server.cc:404] initializing epoch 0`,
		time:    "at the head, without a zone", severity: "trace 1, debug 5, info 9, warning 13, error 17, critical 21", trace: textTrace,
		heads: brackets, shapes: shapeBracket, parse: parseEnvoyApp,
	},
	{
		name:    "syslog-5424",
		about:   "Syslog as RFC 5424 has it.",
		example: `<165>1 2026-03-05T10:11:12.003Z web-1 shop 31 ID47 [opentelemetry trace_id="4bf92f3577b34da6a3ce929d0e0e4736" span_id="00f067aa0ba902b7"] order placed`,
		time:    "with its zone", severity: "of the priority: " + syslogNumbers, trace: "the parameters `trace_id` and `span_id` of structured data, and as in text",
		heads: "<", parse: parseSyslog5424,
	},
	{
		name:    "syslog",
		about:   "Syslog as RFC 3164 has it, with its priority or as files have it, and with rsyslog's time of RFC 3339.",
		example: `<34>Mar  5 10:11:12 web-1 sshd[31]: Connection closed by 10.0.0.1`,
		time:    "without year and zone: next to the runtime's, or RFC 3339's with its zone", severity: "of the priority, none without one: " + syslogNumbers, trace: textTrace,
		heads: digits0 + "<JFMASOND", shapes: shapesLoose | shapeISO | shapeISOWord, parse: parseSyslog3164,
	},
	{
		name:    "spring",
		about:   "Spring Boot's default layouts, with Sleuth's or Micrometer's ids.",
		example: `2026-03-05T10:11:12.123Z  INFO 1 --- [shop] [main] [4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7] com.example.App : order placed`,
		time:    "at the head", severity: log4jSeverity, trace: "`[application,trace,span]` before the process, `[trace-span]` behind the thread, and as in text",
		heads: digits0, shapes: shapeISO | shapeISOWord, parse: parseSpring,
	},
	{
		name:    "rust-tracing",
		about:   "What Rust's tracing writes by its subscriber's default, with the spans around an event, in colours or not.",
		example: `2026-03-05T10:11:12.123456Z  INFO request{method="GET"}: shop::cart: order placed order=4711`,
		time:    "at the head", severity: "TRACE 1, DEBUG 5, INFO 9, WARN 13, ERROR 17", trace: textTrace,
		heads: digits0 + "\x1b", shapes: shapesLoose | shapeISO | shapeISOWord, parse: parseRustTracing,
	},
	{
		name:    "log4j",
		about:   "The default layouts of log4j 2 and logback, with or without a date.",
		example: `10:11:12.123 [main] INFO  com.example.App - order placed`,
		time:    "at the head, without a zone; without a date the day next to the runtime's", severity: log4jSeverity, trace: textTrace,
		heads: digits0, shapes: shapeISOBracket | shapeClock, parse: parseLog4j,
	},
	{
		name:    "python",
		about:   "What Python's logging writes by default, and as its tutorial lays it out.",
		example: `2026-03-05 10:11:12,123 - shop.cart - WARNING - order refused`,
		time:    "at the head, without a zone, or none", severity: "DEBUG 5, INFO 9, WARNING 13, ERROR 17, CRITICAL 21", trace: textTrace,
		heads: digits0 + "DIWEC", shapes: shapesLoose | shapeISO, parse: parsePython,
	},
	{
		name:    "ruby",
		about:   "Ruby's Logger.",
		example: `I, [2026-03-05T10:11:12.123456 #31]  INFO -- shop: order placed`,
		time:    "in the brackets, without a zone", severity: "DEBUG 5, INFO and ANY 9, WARN 13, ERROR 17, FATAL 21", trace: textTrace,
		heads: "DIWEFA", parse: parseRuby,
	},
	{
		name:    "dotnet",
		about:   "The simple console formatter of .NET; the message is on the line behind, or on the same one (from specification).",
		example: `info: Microsoft.Hosting.Lifetime[14]`,
		time:    "none: the container runtime's", severity: "trce 1, dbug 5, info 9, warn 13, fail 17, crit 21", trace: textTrace,
		heads: "tdiwfc", parse: parseDotNet,
	},
	{
		name:    "klog",
		about:   "The log of Kubernetes' own components (klog, glog), with InfoS key=value pairs.",
		example: `I0305 10:11:12.123456       1 server.go:42] "Starting" version="v1.33.0"`,
		time:    "without year (but for glog of C++) and zone, microseconds", severity: "I 9, W 13, E 17, F 21", trace: "keys of InfoS as in JSON, else as in text",
		heads: "IWEF", parse: parseKlog,
	},
	{
		name:    "logfmt",
		about:   "key=value pairs, as go-logfmt and slog's TextHandler write them.",
		example: `time=2026-03-05T10:11:12.123Z level=INFO msg="order placed" order=4711`,
		time:    loggerKeys, severity: "by [name or number](formats-reference.md#levels-by-name), under " + loggerKeys, trace: loggerKeys,
		shapes: shapesAny, parse: parseLogfmt,
	},
}
