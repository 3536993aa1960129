package parse

// The log-format-upstream of ingress-nginx
// (https://kubernetes.github.io/ingress-nginx/user-guide/nginx-configuration/log-format/),
// and that of before 0.26, which has no alternative upstream.
const (
	ingressHead = `$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" ` +
		`$request_length $request_time [$proxy_upstream_name] `
	ingressTail = `$upstream_addr $upstream_response_length $upstream_response_time $upstream_status $req_id`
	// ingressStream is its log-format-stream.
	ingressStream = `[$remote_addr] [$time_local] $protocol $status $bytes_sent $bytes_received $session_time`
)

var ingressLayouts = []*layout{
	own(datasetIngress, nginxLayout, ingressHead+`[$proxy_alternative_upstream_name] `+ingressTail),
	own(datasetIngress, nginxLayout, ingressHead+ingressTail),
	own(datasetIngress, nginxLayout, ingressStream),
}

const datasetIngress = "ingress_nginx.access"

func parseIngress(l *line) bool {
	if !hasCLF(l.text) {
		return l.fail(reasonMisfit, 0)
	}
	return l.parseLayouts(0, ingressLayouts)
}
