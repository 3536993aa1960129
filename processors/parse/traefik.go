package parse

// traefikLayouts has Traefik's common format
// (https://doc.traefik.io/traefik/observe/logs-and-access-logs/): combined, the
// number of the request, the router, the service's address and the duration.
var traefikLayouts = []*layout{compiled(layout{
	product: "traefik", dataset: "traefik.access", escape: escapeQuote, after: "ms",
	pieces: []piece{
		{before: "", field: accessField{means: meansClient}},
		{before: " - ", field: named(meansUser, "user.name")},
		{before: " [", field: accessField{means: meansCLF}},
		{before: `] "`, field: accessField{means: meansRequest}},
		{before: `" `, field: accessField{means: meansStatus}},
		{before: " ", field: accessBodyOut},
		{before: ` "`, field: accessReferer},
		{before: `" "`, field: accessUserAgent},
		{before: `" `, field: number("traefik.request_count")},
		{before: ` "`, field: word("traefik.router_name")},
		{before: `" "`, field: word("traefik.service_url")},
		{before: `" `, field: seconds(attrDuration, 3)},
	},
})}

func parseTraefik(l *line) bool {
	if n := len(l.text); n < 2 || string(l.text[n-2:]) != "ms" {
		return l.fail(reasonMisfit, max(n-2, 0))
	}
	return l.parseLayouts(0, traefikLayouts)
}

// traefikObject has the fields of Traefik's JSON format, whichever of them are
// kept.
var traefikObject = newAccessObject("traefik.access", []objectKey{
	{"ClientHost", accessField{means: meansClient}},
	{"ClientPort", accessField{means: meansPort}},
	{"ClientAddr", accessField{means: meansPeer}},
	{"ClientUsername", named(meansUser, "user.name")},
	{"StartUTC", accessField{means: meansISO}},
	{"StartLocal", accessField{means: meansISO}},
	{"time", accessField{means: meansISO}},
	{"RequestMethod", accessField{means: meansMethod}},
	{"RequestPath", accessField{means: meansTarget}},
	{"RequestProtocol", accessField{means: meansProtocol}},
	{"RequestScheme", accessField{means: meansScheme}},
	{"RequestAddr", accessField{means: meansHostPort}},
	{"RequestHost", accessField{means: meansHostPort}},
	{"RequestPort", accessField{means: meansHostPort}},
	{"DownstreamStatus", accessField{means: meansStatus}},
	{"DownstreamContentSize", accessBodyOut},
	{"RequestContentSize", accessBodyIn},
	{"Duration", seconds(attrDuration, 9)},
	{"OriginDuration", seconds("traefik.origin_duration", 9)},
	{"Overhead", seconds("traefik.overhead", 9)},
	{"OriginStatus", number("traefik.origin_status")},
	{"OriginContentSize", number("traefik.origin_content_size")},
	{"RequestCount", number("traefik.request_count")},
	{"RetryAttempts", number("traefik.retry_attempts")},
	{"GzipRatio", seconds("traefik.gzip_ratio", 0)},
	{"RouterName", text("traefik.router_name")},
	{"ServiceName", text("traefik.service_name")},
	{"ServiceURL", text("traefik.service_url")},
	{"ServiceAddr", text("traefik.service_addr")},
	{"entryPointName", text("traefik.entry_point_name")},
	{"TLSVersion", text("traefik.tls_version")},
	{"TLSCipher", text("tls.cipher")},
	{"request_User-Agent", accessUserAgent},
	{"request_Referer", accessReferer},
	{"request_X-Forwarded-For", accessForwardedFor},
	{"request_X-Request-Id", accessField{means: meansRequestID}},
	{"request_Traceparent", accessField{means: meansTraceparent}},
	{"request_B3", accessField{means: meansContext, context: headerB3}},
	{"level", accessField{}},
	{"msg", accessField{}},
},
	[]string{"RequestMethod", "RequestPath", "RequestHost", "RequestProtocol"},
	[]string{"DownstreamStatus", "OriginStatus", "DownstreamContentSize"},
	[]string{"RouterName", "ServiceName", "entryPointName", "Overhead", "StartUTC", "ClientHost", "ClientAddr", "RequestCount"})

func parseTraefikJSON(l *line) bool { return l.parseObject(traefikObject) }
