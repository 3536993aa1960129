package parse

import (
	"bytes"

	"github.com/tailrace/tailrace/pipeline/event"
)

// redactedText stands for a value that must not be stored.
const redactedText = "REDACTED"

// secretParameter reports whether a query parameter's value is a credential:
// the list of the OpenTelemetry semantic conventions for url.query, with the
// security token that AWS's signature version 4 adds.
func secretParameter(name []byte) bool {
	switch string(name) {
	case "sig", "Signature", "AWSAccessKeyId", "X-Goog-Signature",
		"X-Amz-Signature", "X-Amz-Credential", "X-Amz-Security-Token":
		return true
	}
	return false
}

// note remembers where s, a query or URL, has values to redact.
func (a *access) note(s event.Span) {
	text := a.bytes(s)
	if bytes.IndexByte(text, '=') < 0 {
		return
	}
	at := bytes.IndexByte(text, '?') + 1
	for at < len(text) {
		end := len(text)
		if i := bytes.IndexByte(text[at:], '&'); i >= 0 {
			end = at + i
		}
		if eq := bytes.IndexByte(text[at:end], '='); eq > 0 && secretParameter(text[at:at+eq]) && string(text[at+eq+1:end]) != redactedText {
			a.hide(cut(s, at+eq+1, end))
		}
		at = end + 1
	}
}

// hide adds a secret unless it is known: a URL and its query share theirs.
func (a *access) hide(s event.Span) {
	for _, known := range a.secrets {
		if known == s {
			return
		}
	}
	a.secrets = append(a.secrets, s)
	a.l.explain("redacted a credential in the query")
}

// redacted is s, or a copy of it without the secrets in it.
func (a *access) redacted(s event.Span) event.Span {
	if len(a.secrets) == 0 || s.Len == 0 {
		return s
	}
	data, from := &a.l.b.Data, s.Off
	at := len(*data)
	for _, secret := range a.secrets {
		if secret.Off < from || secret.End() > s.End() {
			continue
		}
		*data = append(*data, (*data)[from:secret.Off]...)
		*data = append(*data, redactedText...)
		from = secret.End()
	}
	if from == s.Off {
		return s
	}
	*data = append(*data, (*data)[from:s.End()]...)
	return event.Span{Off: uint32(at), Len: uint32(len(*data) - at)}
}

// body makes the line the body, without the secrets.
func (a *access) body() {
	a.l.wholeBody()
	if len(a.secrets) == 0 {
		return
	}
	a.l.r.Body = event.Text(a.redacted(a.l.r.Line))
}
