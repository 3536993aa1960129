package parse

import (
	"github.com/tailrace/tailrace/internal/strictjson"
)

// linkerdLayouts has the access log of Linkerd's proxy in its format apache
// (linkerd2-proxy, linkerd/http/access-log/src/lib.rs).
var linkerdLayouts = []*layout{compiled(layout{
	product: "linkerd", dataset: "linkerd.access",
	pieces: []piece{
		{before: "", field: accessField{means: meansPeer}},
		{before: " ", field: word("linkerd.client_id")},
		{before: " - [", field: accessField{means: meansISO}},
		{before: `] "`, field: accessField{means: meansMethod}},
		{before: " ", field: accessField{means: meansTarget}},
		{before: " ", field: accessField{means: meansProtocol}},
		{before: `" `, field: accessField{means: meansStatus}},
	},
})}

func parseLinkerd(l *line) bool { return l.parsePeerLayouts(0, linkerdLayouts) }

// linkerdObject has the format json of the same.
var linkerdObject = untraced(newAccessObject("linkerd.access", []objectKey{
	{"client.addr", accessField{means: meansPeer}},
	{"client.id", word("linkerd.client_id")},
	{"timestamp", accessField{means: meansISO}},
	{"method", accessField{means: meansMethod}},
	{"uri", accessField{means: meansTarget}},
	{"version", accessField{means: meansProtocol}},
	{"host", accessField{means: meansHost}},
	{"user_agent", accessUserAgent},
	{"status", accessField{means: meansStatus}},
	{"request_bytes", accessBodyIn},
	{"response_bytes", accessBodyOut},
	{"total_ns", seconds(attrDuration, 9)},
	{"processing_ns", seconds("linkerd.processing_time", 9)},
	{"trace_id", text("linkerd.trace_id")},
},
	[]string{"client.addr"}, []string{"status"}, []string{"uri"}, []string{"total_ns", "processing_ns", "client.id"}))

func untraced(o *accessObject) *accessObject {
	o.untraced = true
	return o
}

// parseLinkerdJSON takes no trace id but X-Ray's: the proxy writes the first of
// x-b3-traceid, x-request-id and x-amzn-trace-id under trace_id, and a request's
// id can look like a trace's.
func parseLinkerdJSON(l *line) bool {
	if !l.parseObject(linkerdObject) {
		return false
	}
	id := l.fieldNamed("linkerd.trace_id")
	if id == nil {
		return true
	}
	if text := l.b.Bytes(id.Value.Span); len(text) == 35 && text[1] == '-' || len(text) > 5 && string(text[:5]) == "Root=" {
		var c context
		if _, ok := decodeTrace(&c, famXRay, strictjson.String, text); ok {
			l.give(&c)
			return true
		}
	}
	if id.Value.Span.Len >= minID {
		l.r.RequestID = id.Value.Span
	}
	return true
}
