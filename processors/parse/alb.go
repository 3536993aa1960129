package parse

// albLayouts has the access log of AWS's application load balancers
// (https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-access-logs.html).
// Fields are added at the end from time to time.
var albLayouts = []*layout{compiled(layout{
	product: "aws.elb", dataset: "aws_elb.access", escape: escapeHex, optional: 18, loose: true,
	pieces: []piece{
		{before: "", field: word("aws.elb.type")},
		{before: " ", field: accessField{means: meansISO}},
		{before: " ", field: word("aws.elb.name")},
		{before: " ", field: accessField{means: meansPeer}},
		{before: " ", field: word("aws.elb.target")},
		{before: " ", field: seconds("aws.elb.request_processing_time", 0)},
		{before: " ", field: seconds("aws.elb.target_processing_time", 0)},
		{before: " ", field: seconds("aws.elb.response_processing_time", 0)},
		{before: " ", field: accessField{means: meansStatus}},
		{before: " ", field: number("aws.elb.target_status_code")},
		{before: " ", field: accessBytesIn},
		{before: " ", field: accessBytesOut},
		{before: ` "`, field: accessField{means: meansRequest}},
		{before: `" "`, field: accessUserAgent},
		{before: `" `, field: word("tls.cipher")},
		{before: " ", field: word("aws.elb.ssl_protocol")},
		{before: " ", field: word("aws.elb.target_group_arn")},
		{before: ` "`, field: accessField{means: meansXRay}},
		{before: `" "`, field: accessField{means: meansHost}},
		{before: `" "`, field: text("aws.elb.chosen_cert_arn")},
		{before: `" `, field: number("aws.elb.matched_rule_priority")},
		{before: " ", field: word("aws.elb.request_creation_time")},
		{before: ` "`, field: text("aws.elb.actions_executed")},
		{before: `" "`, field: text("aws.elb.redirect_url")},
		{before: `" "`, field: text("aws.elb.error_reason")},
	},
	after: `"`,
})}

// parseALB knows a line by the type of its request.
func parseALB(l *line) bool {
	s := l.text
	space := nextSpace(s, 0)
	switch string(s[:space]) {
	case "http", "https", "h2", "grpcs", "ws", "wss":
		return l.parseLayouts(0, albLayouts)
	}
	return l.fail(reasonMisfit, 0)
}
