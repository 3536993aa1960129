package redact

import (
	"bytes"
)

// maxScheme is longer than the name of any authentication scheme.
const maxScheme = 24

// schemes are the names in IANA's registry of HTTP authentication schemes and
// others in use. True are those that several parameters follow.
var schemes = map[string]bool{
	"basic": false, "bearer": false, "negotiate": false, "ntlm": false, "token": false, "apikey": false, "dpop": false,
	"gnap": false, "sharedkey": false, "sharedkeylite": false, "privatetoken": false, "bot": false, "splunk": false,
	"ssws": false, "geniekey": false, "goog1": false, "goog4-rsa-sha256": true, "sharedaccesssignature": true, "mac": true,
	"digest": true, "hawk": true, "hoba": true, "mutual": true, "oauth": true, "vapid": true, "signature": true,
	"hmac": true, "aws4-hmac-sha256": true, "aws4-ecdsa-p256-sha256": true, "scram-sha-1": true, "scram-sha-256": true,
	"googlelogin": true, "aws": false,
}

// schemeOf reports whether a word is a scheme, and whether several parameters
// follow it.
func schemeOf(name []byte) (several, known bool) {
	var room [maxScheme]byte
	lower := append(room[:0], name...)
	for i, c := range lower {
		if letter.has(c) {
			lower[i] = c | 0x20
		}
	}
	several, known = schemes[string(lower)]
	return several, known
}

// credentials takes those of an Authorization header and leaves its scheme.
func (s *scanner) credentials(k word, v value) int {
	end := s.skip(base64ID, v.from, maxScheme)
	several, known := schemeOf(s.text[v.from:end])
	if from := s.skip(space, end, maxBlanks); known && from > end && from < len(s.text) {
		switch {
		case v.quote != 0:
			return s.add(ruleAuthorization, from, v.to)
		case several:
			return s.add(ruleAuthorization, from, s.headerEnd(k, from))
		}
		return s.add(ruleAuthorization, from, s.bareEnd(from, v.list))
	}
	if from := s.skip(space, v.to, maxBlanks); !known && v.quote == 0 && from > v.to {
		if to := s.bareEnd(from, v.list); to-from <= maxDoubt && random(s.text[from:to]) && !random(s.text[v.from:v.to]) {
			// The scheme is one of somebody's own.
			return s.add(ruleAuthorization, from, to)
		}
	}
	text := s.text[v.from:v.to]
	if known && end == v.to || v.number || placeholder(text) || v.quote == 0 && !random(text) {
		return 0
	}
	return s.add(ruleAuthorization, v.from, v.to)
}

// headerEnd is the end of a header that may have blanks and quotes in it: the
// quote that stands before its name, or the end of the line.
func (s *scanner) headerEnd(k word, from int) int {
	if k.from > 0 && isQuote(s.text[k.from-1]) {
		return s.quotedEnd(from, s.text[k.from-1], s.backslashes(k.from-1))
	}
	to := len(s.text)
	if s.object {
		to = s.stringEnd(from, to)
	}
	for i := from; i < to; i++ {
		switch s.text[i] {
		case '\n', '\r':
			return i
		case '\\':
			if end := s.skipBackslashes(i); (end-i)%2 == 1 && end < len(s.text) && (s.text[end] == 'n' || s.text[end] == 'r') {
				return i
			} else if end > i+1 {
				i = end - 1
			}
		}
	}
	return to
}

// cookie takes the whole value in quotes, else as many pairs as there are.
func (s *scanner) cookie(v value) int {
	if v.number || placeholder(s.text[v.from:v.to]) {
		return 0
	}
	if v.quote != 0 {
		return s.add(ruleCookie, v.from, v.to)
	}
	end := s.pair(v.from, true)
	if end == 0 {
		return 0
	}
	for end < len(s.text) && s.text[end] == ';' {
		next := s.pair(s.skip(space, end+1, maxBlanks), false)
		if next == 0 {
			break
		}
		end = next
	}
	return s.add(ruleCookie, v.from, end)
}

// maxCookieName is the longest name that is looked for.
const maxCookieName = 128

// pair is the end of a cookie's name and value, or of an attribute of a
// Set-Cookie header (RFC 6265, 4.1), which may have no value; 0 when there is
// none.
func (s *scanner) pair(at int, first bool) int {
	end := s.skip(keyBytes, at, maxCookieName)
	if end == at {
		return 0
	}
	if end == len(s.text) || s.text[end] != '=' {
		if first {
			return 0
		}
		return end
	}
	if equalFold(s.text[at:end], "expires") {
		return s.date(end + 1)
	}
	return s.bareEnd(end+1, true)
}

// date is the end of a cookie's Expires, which has blanks: of its last word.
func (s *scanner) date(at int) int {
	end := s.bareEnd(at, false)
	if i := bytes.Index(s.text[at:min(len(s.text), at+len("Wed, 21 Oct 2015 07:28:00 GMT"))], []byte(" GMT")); i >= 0 {
		return at + i + len(" GMT")
	}
	return end
}

// maxAuthority is how much is looked at of a URL before its path.
const maxAuthority = 512

// userinfo takes names and passwords out of URLs (RFC 3986, 3.2.1); at is the
// first @ of the line.
func (s *scanner) userinfo(at int) {
	for at >= 0 {
		from := s.authority(at)
		end := s.lastAt(at)
		if from >= 0 {
			s.login(from, end)
		}
		next := bytes.IndexByte(s.text[end+1:], '@')
		if next < 0 {
			return
		}
		at = end + 1 + next
	}
}

// authority is where the one that an @ is in begins, -1 when it is in none. A
// data source name of MySQL's drivers has no scheme, but a protocol behind.
func (s *scanner) authority(at int) int {
	dsn := bytes.HasPrefix(s.text[at+1:], []byte("tcp(")) || bytes.HasPrefix(s.text[at+1:], []byte("unix("))
	i := at
	for i > max(0, at-maxAuthority) && s.inAuthority(s.text[i-1]) {
		i--
	}
	if i >= 3 && string(s.text[i-3:i]) == "://" {
		return i
	}
	if i >= 5 && s.text[i-1] == '/' && bytes.HasSuffix(s.text[:i], []byte(`:\/\/`)) {
		return i
	}
	if dsn {
		return i + bytes.LastIndexByte(s.text[i:at], '=') + 1
	}
	return -1
}

func (s *scanner) inAuthority(c byte) bool {
	switch c {
	case '/', '@', '"', '\'', '`', '<', '>', '\\', '?', '#':
		return false
	}
	return c > ' '
}

// lastAt is the last @ of an authority: a password may hold one, though it
// should not.
func (s *scanner) lastAt(at int) int {
	end := min(len(s.text), at+maxAuthority)
	for i := at + 1; i < end; i++ {
		if s.text[i] == '@' {
			at = i
		} else if !s.inAuthority(s.text[i]) {
			break
		}
	}
	return at
}

// login takes a name and its password, as the semantic conventions want of
// url.full. A name alone is no secret.
func (s *scanner) login(from, to int) {
	colon := bytes.IndexByte(s.text[from:to], ':')
	if colon < 0 || from+colon+1 == to {
		return
	}
	if colon > 0 {
		s.matches = append(s.matches, match{from: from, to: from + colon, rule: ruleURLUserinfo})
	}
	s.matches = append(s.matches, match{from: from + colon + 1, to: to, rule: ruleURLUserinfo})
}
