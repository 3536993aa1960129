package parse

// What several formats have in common.
const (
	accessSeverity     = "17 for a status of 5xx, else 9"
	syslogSeverityText = "debug 5, info 9, notice 10, warn 13, error 17, crit 18, alert 19, emerg 21"
	clfTime            = "with a zone, seconds"
	noTrace            = "none"
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
		about:   "Anything else. The line is the body; a time and level at its head and `trace_id=`, `span_id=` and `traceparent=` in it are found.",
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
		name:    "istio-json",
		about:   "Istio's access log as JSON, with Istio's default keys in any order.",
		example: `{"start_time":"2026-03-05T10:11:12.955Z","method":"GET","path":"/d","protocol":"HTTP/1.1","response_code":503,"response_flags":"UF,URX","duration":12,"bytes_sent":91,"authority":"d:9080","request_id":"1b7e44d2-90af-9c3e-8a55-0d4f6e2b7c19","upstream_cluster":"outbound|9080||d.ns.svc.cluster.local","upstream_transport_failure_reason":null,"requested_server_name":null,"downstream_remote_address":"10.6.1.7:50212"}`,
		time:    "`start_time`", severity: accessSeverity, trace: jsonTrace,
		heads: objects, parse: parseIstioJSON,
	},
	{
		name:    "envoy-json",
		about:   "Envoy's access log as JSON, with the operators' names as keys, as Envoy Gateway writes it.",
		example: `{"start_time":"2026-03-05T10:11:12.955Z","method":"GET","x-envoy-origin-path":"/d?a=1","protocol":"HTTP/2","response_code":200,"response_flags":"-","duration":12,"bytes_sent":91,":authority":"ex.test","upstream_host":"10.0.2.1:80","traceparent":"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}`,
		time:    "`start_time`", severity: accessSeverity, trace: jsonTrace,
		heads: objects, parse: parseEnvoyJSON,
	},
	{
		name:    "traefik-json",
		about:   "Traefik's access log as JSON, whichever of its fields are kept.",
		example: `{"ClientHost":"10.0.0.1","RequestMethod":"GET","RequestPath":"/a?b=1","RequestProtocol":"HTTP/1.1","DownstreamStatus":200,"DownstreamContentSize":17,"Duration":3123456,"RouterName":"web@kubernetes","ServiceURL":"http://10.0.0.9:80","trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","span_id":"00f067aa0ba902b7","level":"info","msg":"","time":"2026-03-05T10:11:12Z"}`,
		time:    "`StartUTC`, nanoseconds", severity: accessSeverity, trace: "`trace_id` and `span_id`, `TraceId` and `SpanId`, `request_Traceparent`",
		heads: objects, parse: parseTraefikJSON,
	},
	{
		name:    "linkerd-json",
		about:   "The access log of Linkerd's proxy in its format json.",
		example: `{"client.addr":"10.42.0.6:51160","client.id":"-","timestamp":"2026-03-05T10:11:12.071000001Z","method":"GET","uri":"http://api.ns/x","version":"HTTP/2.0","trace_id":"","request_bytes":"","user_agent":"curl/8","host":"api.ns","status":200,"response_bytes":"12","total_ns":"812345","processing_ns":"51234"}`,
		time:    "`timestamp`, nanoseconds", severity: accessSeverity, trace: "`trace_id` only where it is X-Ray's: the proxy writes a request's id there too",
		heads: objects, parse: parseLinkerdJSON,
	},
	{
		name:    "caddy",
		about:   "Caddy's access log.",
		example: `{"level":"info","ts":1772705472.1,"logger":"http.log.access","msg":"handled request","request":{"remote_ip":"10.0.0.1","proto":"HTTP/2.0","method":"GET","host":"ex.test","uri":"/a?b","headers":{"User-Agent":["curl/8.5"]}},"duration":0.004,"size":12,"status":200}`,
		time:    "`ts`", severity: accessSeverity, trace: "the headers `Traceparent` and `B3`, and top-level keys as in JSON",
		heads: objects, parse: parseCaddy,
	},
	{
		name:    "nginx-json",
		about:   "nginx access log as a JSON object keyed by nginx's variable names.",
		example: `{"time_iso8601":"2026-03-05T10:11:12+00:00","remote_addr":"203.0.113.9","request":"GET /a?b=1 HTTP/1.1","status":200,"body_bytes_sent":512}`,
		time:    "`msec`, `time_iso8601` or `time_local`", severity: accessSeverity, trace: jsonTrace,
		heads: objects, parse: parseNginxJSON,
	},
	{
		name:    "json",
		about:   "One JSON object per line, as structured loggers write it.",
		example: `{"time":"2026-03-05T10:11:12.123456789Z","level":"INFO","msg":"order placed","order":4711}`,
		time:    "the keys below", severity: "by name or number, the keys below", trace: "the keys below",
		heads: objects, parse: parseJSON,
	},
	{
		name:    "traefik",
		about:   "Traefik's access log in its format common. Its genericCLF is the same as nginx's combined.",
		example: `10.0.0.1 - - [05/Mar/2026:10:11:12 +0000] "GET /a HTTP/1.1" 200 17 "-" "curl/8" 42 "web@docker" "http://10.0.0.9:80" 3ms`,
		time:    clfTime, severity: accessSeverity, trace: noTrace,
		heads: hosts, parse: parseTraefik,
	},
	{
		name:    "ingress-nginx",
		about:   "The Kubernetes ingress controller's access log, with and without alternative upstreams, and that of its streams.",
		example: `198.51.100.7 - - [05/Mar/2026:10:11:12 +0000] "POST /pay HTTP/2.0" 502 150 "-" "curl/8.5" 612 1.204 [shop-pay-8080] [] 10.0.3.4:8080, 10.0.3.9:8080 0, 150 1.000, 0.204 502, 502 6f1c0e6bb1a64b0aa3d2a5a1c5f0d7e1`,
		time:    clfTime, severity: accessSeverity, trace: "none; `$req_id` is a request's id",
		heads: digits0 + "abcdefABCDEF:u[", parse: parseIngress,
	},
	{
		name:    "nginx",
		about:   "nginx access log, `combined` or `main`; further fields may follow, a traceparent among them is found.",
		example: `203.0.113.9 - ann [05/Mar/2026:10:11:12 +0000] "GET /a?b=1 HTTP/1.1" 200 512 "-" "curl/8.5" "198.51.100.1"`,
		time:    clfTime, severity: accessSeverity, trace: "a traceparent among the further fields",
		heads: digits0 + "abcdefABCDEF:u", parse: parseNginx,
		rival: "apache",
	},
	{
		name:    "apache",
		about:   "Apache access log: `common`, `combined`, `combinedio` and Debian's `vhost_combined`. A combined line without an escape or a `-` for the size is nginx's too, unless the file, the container or its image is called after Apache.",
		example: `shop.test:443 203.0.113.9 - - [05/Mar/2026:10:11:12 +0000] "GET / HTTP/1.1" 304 - "-" "U\"A"`,
		time:    clfTime, severity: accessSeverity, trace: noTrace,
		heads: hosts, parse: parseApache,
	},
	{
		name:    "linkerd",
		about:   "The access log of Linkerd's proxy in its format apache.",
		example: `10.42.0.6:51160 web.ns.serviceaccount.identity.linkerd.cluster.local - [2026-03-05T10:11:12.071000001Z] "GET http://api.ns/x HTTP/2.0" 200`,
		time:    "RFC 3339, nanoseconds", severity: accessSeverity, trace: noTrace,
		heads: digits0 + "abcdefABCDEF:[", parse: parseLinkerd,
	},
	{
		name:    "haproxy",
		about:   "HAProxy's `httplog`, `httpslog`, `tcplog` and error format, with or without the head that syslog gives it.",
		example: `203.0.113.9:51002 [05/Mar/2026:10:11:12.004] web~ app/pod-7 3/0/1/18/22 200 911 - - ---- 12/9/4/2/0 0/0 {ex.test|Agent X} {} "GET /i.html HTTP/1.1"`,
		time:    "without a zone, milliseconds", severity: accessSeverity, trace: noTrace,
		heads: digits0 + "abcdefABCDEFJMSOND:<", parse: parseHAProxy,
	},
	{
		name:    "envoy",
		about:   "Envoy's default format, of HTTP and TCP.",
		example: `[2026-03-05T10:11:12.310Z] "POST /locations HTTP/2" 204 - 87 0 41 39 "10.9.8.7" "svc-a/2" "e3a90c57-2d61-9f08-b1c4-77d2a05e6b38" "loc" "10.0.2.1:80"`,
		time:    "RFC 3339, milliseconds", severity: accessSeverity, trace: "none; `x-request-id` is a request's id",
		heads: brackets, parse: parseEnvoy,
	},
	{
		name:    "istio",
		about:   "Istio's default text format since 1.9, of HTTP and TCP.",
		example: `[2026-03-05T10:11:12.955Z] "GET /d HTTP/1.1" 200 - via_upstream - "-" 0 178 2 1 "-" "curl/8" "1b7e44d2-90af-9c3e-8a55-0d4f6e2b7c19" "d:9080" "10.6.2.1:9080" inbound|9080|| 127.0.0.6:40001 10.6.2.1:9080 10.6.1.7:50212 outbound_.9080_._.d.ns.svc.cluster.local default`,
		time:    "RFC 3339, milliseconds", severity: accessSeverity, trace: "none; `x-request-id` is a request's id",
		heads: brackets, parse: parseIstio,
	},
	{
		name:    "aws-alb",
		about:   "The access log of AWS's application load balancers; fields that are added at its end are allowed.",
		example: `https 2026-03-05T10:11:12.500001Z app/lb/77aa 192.0.2.9:40112 10.0.0.1:8080 0.001 0.212 0.000 200 200 0 57 "GET https://ex.test:443/ HTTP/1.1" "curl/8" ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2 arn:tg "Root=1-69a95a70-0f1e2d3c4b5a69788796a5b4" "ex.test" "arn:c" 1 2026-03-05T10:11:12.000000Z "forward" "-" "-" "10.0.0.1:8080" "200" "-" "-" TID_9f`,
		time:    "of the response, microseconds", severity: accessSeverity, trace: "X-Ray's `Root`",
		heads: "hgw", parse: parseALB,
	},
	{
		name:    "nginx-error",
		about:   "nginx's error log, with what it says of the request.",
		example: `2026/03/05 10:11:12 [error] 31#31: *48 connect() failed (111: Connection refused) while connecting to upstream, client: 10.0.0.1, server: _, request: "GET / HTTP/1.1", upstream: "http://10.0.3.4:8080/", host: "ex.test"`,
		time:    "without a zone, seconds", severity: syslogSeverityText, trace: noTrace,
		heads: digits0, parse: parseNginxError,
	},
	{
		name:    "apache-error",
		about:   "Apache's error log in its default format.",
		example: `[Thu Mar 05 10:11:12.123456 2026] [core:error] [pid 31:tid 140] (13)Permission denied: [client 10.0.0.1:5000] AH00035: access to /a denied`,
		time:    "without a zone, microseconds", severity: syslogSeverityText + "; trace8 to trace1 are 1 to 4", trace: noTrace,
		heads: brackets, parse: parseApacheError,
	},
	{
		name:    "klog",
		about:   "The log of Kubernetes' own components (klog, glog), with InfoS key=value pairs.",
		example: `I0305 10:11:12.123456       1 server.go:42] "Starting" version="v1.33.0"`,
		time:    "without year and zone, microseconds", severity: "I 9, W 13, E 17, F 21", trace: "keys of InfoS as in JSON",
		heads: "IWEF", parse: parseKlog,
	},
	{
		name:    "logfmt",
		about:   "key=value pairs, as go-logfmt and slog's TextHandler write them.",
		example: `time=2026-03-05T10:11:12.123Z level=INFO msg="order placed" order=4711`,
		time:    "the keys below", severity: "by name or number, the keys below", trace: "the keys below",
		parse: parseLogfmt,
	},
}
