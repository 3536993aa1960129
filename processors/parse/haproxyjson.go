package parse

// haproxyObject has what HAProxy's manual calls the fields of its formats
// (https://docs.haproxy.org/3.0/configuration.html#8.2.3), as keys of an object:
// `log-format "%{+json}o %(client_ip)ci …"` since 3.0, and before that an object
// that log-format spells out.
var haproxyObject = newAccessObject(datasetHAProxy, []objectKey{
	{"client_ip", haproxyFields["ci"]},
	{"client_port", haproxyFields["cp"]},
	{"request_date", haproxyFields["tr"]},
	{"accept_date", haproxyFields["t"]},
	{"frontend_name", haproxyFields["ft"]},
	{"frontend_name_transport", haproxyFields["ft"]},
	{"backend_name", haproxyFields["b"]},
	{"server_name", haproxyFields["s"]},
	{"TR", haproxyFields["TR"]},
	{"Tw", haproxyFields["Tw"]},
	{"Tc", haproxyFields["Tc"]},
	{"Tr", haproxyFields["Tr"]},
	{"Td", haproxyFields["Td"]},
	{"Th", haproxyFields["Th"]},
	{"Ti", haproxyFields["Ti"]},
	{"Ta", haproxyFields["Ta"]},
	{"Tt", haproxyFields["Tt"]},
	{"status_code", haproxyFields["ST"]},
	{"bytes_read", haproxyFields["B"]},
	{"bytes_uploaded", haproxyFields["U"]},
	{"captured_request_cookie", haproxyFields["CC"]},
	{"captured_response_cookie", haproxyFields["CS"]},
	{"termination_state", haproxyFields["ts"]},
	{"actconn", haproxyFields["ac"]},
	{"feconn", haproxyFields["fc"]},
	{"beconn", haproxyFields["bc"]},
	{"srv_conn", haproxyFields["sc"]},
	{"retries", haproxyFields["rc"]},
	{"srv_queue", haproxyFields["sq"]},
	{"backend_queue", haproxyFields["bq"]},
	{"http_request", haproxyFields["r"]},
	{"unique_id", haproxyFields["ID"]},
	{"user_agent", accessUserAgent},
},
	[]string{"frontend_name", "frontend_name_transport"}, []string{"backend_name"}, []string{"client_ip"}, []string{"termination_state", "status_code"})

// parseHAProxyJSON reads HAProxy's access log as objects with its manual's names.
func parseHAProxyJSON(l *line) bool { return l.parseObject(haproxyObject) }
