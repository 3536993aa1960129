package parse

// nginxObject are the variables of nginx that become attributes, as keys of an
// object written with escape=json, and what many call some of them.
var nginxObject = newAccessObject("nginx.access", append(nginxKeys(
	"remote_addr", "remote_user", "msec", "time_iso8601", "time_local",
	"request", "request_method", "request_uri", "uri", "args", "query_string", "server_protocol", "scheme",
	"status", "body_bytes_sent", "bytes_sent", "bytes_received", "request_length", "request_time",
	"http_referer", "http_referrer", "http_user_agent", "http_x_forwarded_for",
	"http_host", "host", "server_name", "server_port", "request_id", "http_x_request_id",
	"upstream_addr", "upstream_status", "upstream_response_time", "upstream_response_length",
	"upstream_connect_time", "upstream_header_time", "upstream_bytes_sent", "upstream_bytes_received", "upstream_cache_status",
	"connection", "connection_requests", "gzip_ratio", "ssl_protocol", "ssl_cipher",
), nginxAliases...),
	[]string{"status"},
	[]string{"request", "request_uri", "uri", "request_proto"},
	[]string{"remote_addr", "body_bytes_sent", "time_local", "time_iso8601", "msec"})

// nginxAliases are keys that are no variables: of the time, and those of the
// object in ingress-nginx's documentation (user-guide/nginx-configuration/log-format).
var nginxAliases = []objectKey{
	{"@timestamp", accessField{means: meansTime}},
	{"timestamp", accessField{means: meansTime}},
	{"time", accessField{means: meansTime}},
	{"method", accessField{means: meansMethod}},
	{"path", accessField{means: meansPath}},
	{"request_query", accessField{means: meansQuery}},
	{"request_proto", accessField{means: meansProtocol}},
	{"vhost", accessField{means: meansHost}},
	{"x_forwarded_for", accessForwardedFor},
}

func nginxKeys(names ...string) (keys []objectKey) {
	for _, name := range names {
		keys = append(keys, objectKey{name, nginxField(name)})
	}
	return keys
}

// parseNginxJSON reads an access log written with escape=json, whose keys are
// named after nginx's variables.
func parseNginxJSON(l *line) bool { return l.parseObject(nginxObject) }
