package reflimit

import "bytes"

// cut returns what stands before sep in line, and what stands behind it.
func cut(line []byte, sep string) (field, rest []byte) {
	field, rest, _ = bytes.Cut(line, []byte(sep))
	return field, rest
}

// appendNginx takes a line of the combined format apart from left to right.
func (e *Encoder) appendNginx(b, line []byte) []byte {
	text := line[criHead:]
	client, rest := cut(text, " - ")
	user, rest := cut(rest, " [")
	_, rest = cut(rest, `] "`)
	method, rest := cut(rest, " ")
	target, rest := cut(rest, " HTTP/")
	version, rest := cut(rest, `" `)
	status, rest := cut(rest, " ")
	size, rest := cut(rest, ` "`)
	referer, rest := cut(rest, `" "`)
	agent, rest := cut(rest, `" "00-`)

	// The line's second is the runtime's, which has the fraction.
	b = e.appendHead(b, line[:30])
	b = appendField(b, `,"client.address":"`, client)
	if user[0] != '-' {
		b = appendField(b, `,"user.name":"`, user)
	}
	b = appendField(b, `,"http.request.method":"`, method)
	path, query, found := bytes.Cut(target, []byte("?"))
	b = appendField(b, `,"url.path":"`, path)
	if found {
		b = appendField(b, `,"url.query":"`, query)
	}
	b = appendField(b, `,"network.protocol.version":"`, version)
	b = appendNumber(b, `,"http.response.status_code":`, status)
	b = appendNumber(b, `,"http.response.body.size":`, size)
	if referer[0] != '-' {
		b = append(appendField(b, `,"http.request.header.referer":["`, referer), ']')
	}
	b = appendField(b, `,"user_agent.original":"`, agent)
	number := "9"
	if status[0] == '5' {
		number = "17"
		b = appendField(b, `,"error.type":"`, status)
	}
	b = append(b, `},"severity_number":`...)
	b = append(b, number...)
	b = appendField(b, `,"trace_id":"`, rest[:32])
	b = appendField(b, `,"span_id":"`, rest[33:49])
	b = append(b, `,"trace_flags":`...)
	b = append(b, rest[51], ',')
	b = append(b, `"body":{"text":"`...)
	b = appendQuoted(b, text)
	return append(b, "\"}}\n"...)
}

func appendField(b []byte, name string, value []byte) []byte {
	b = append(b, name...)
	b = append(b, value...)
	return append(b, '"')
}

func appendNumber(b []byte, name string, value []byte) []byte {
	b = append(b, name...)
	return append(b, value...)
}

// appendQuoted escapes the quotes of an access line.
func appendQuoted(b, text []byte) []byte {
	for {
		end := bytes.IndexByte(text, '"')
		if end < 0 {
			return append(b, text...)
		}
		b = append(b, text[:end]...)
		b = append(b, '\\', '"')
		text = text[end+1:]
	}
}
