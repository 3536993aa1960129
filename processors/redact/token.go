package redact

import (
	"bytes"
)

// maxLook is how much of a token is looked at to tell whether it is one.
const maxLook = 112

// token checks for one of the form t. What is cut off by the limit of a line
// counts if its prefix is whole.
func (s *scanner) token(t *token, at int) int {
	begin, from := at-t.lead, at+len(t.prefix)
	if begin < s.done || !bytes.HasPrefix(s.text[at:], []byte(t.prefix)) || s.skip(t.set, begin, t.lead) < at || !s.boundary(begin, t.border()) {
		return 0
	}
	end := s.skip(t.set, from, maxLook)
	switch cut := s.truncated && end == len(s.text); {
	case cut && end > from:
	case end-from < t.min, t.exact && (end-from != t.min || s.follows(end)), t.mixed && !mixed(s.text[from:end]):
		return 0
	}
	if t.place {
		begin = from
	}
	return s.add(t.rule, begin, s.run(t.set, end))
}

// border are the bytes that must not stand before a token.
func (t *token) border() class {
	if t.alone {
		return base64ID
	}
	return alnum
}

// mixed reports whether text has letters and digits.
func mixed(text []byte) bool {
	var all class
	for _, c := range text {
		all |= byteClasses[c] & alnum
	}
	return all == alnum
}

// follows reports whether a longer word than an exact token goes on at end.
func (s *scanner) follows(end int) bool {
	return end < len(s.text) && base64ID.has(s.text[end])
}

const (
	telegramSecret = 35
	// telegramID are the most digits of a bot's id.
	telegramID = 12
)

// telegram takes the secret part of a bot's token, 110201543:AAHdqT… (Telegram,
// "From BotFather to Hello World"), which is also part of its URLs.
func (s *scanner) telegram(at int) int {
	begin := at
	for begin > max(s.done, at-telegramID) && digit.has(s.text[begin-1]) {
		begin--
	}
	end := s.run(base64ID, at+1)
	if at-begin < 6 || end-at-1 != telegramSecret {
		return 0
	}
	return s.add(ruleVendor, at+1, end)
}

// jwtHead is how the base64 of a JSON object begins (RFC 7519, 3), and minHead
// the least length of a JOSE header: of {"alg":"ES256"}.
const (
	jwtHead = "eyJ"
	minHead = 20
)

// jwt takes a header and what follows: the object of an unsecured token, or at
// least two more parts.
func (s *scanner) jwt(at int) int {
	if !bytes.HasPrefix(s.text[at:], []byte(jwtHead)) || !s.boundary(at, base64ID) {
		return 0
	}
	end := s.run(base64ID, at)
	if s.truncated && end == len(s.text) {
		return s.add(ruleJWT, at, end)
	}
	if end-at < minHead-1 {
		return 0
	}
	object := bytes.HasPrefix(s.text[end:], []byte("."+jwtHead))
	parts := 1
	for ; end+1 < len(s.text) && s.text[end] == '.' && (base64ID | dot).has(s.text[end+1]) && parts < 5; parts++ {
		end = s.run(base64ID, end+1)
	}
	if parts < 2 || parts == 2 && !object {
		return 0
	}
	return s.add(ruleJWT, at, end)
}

// minBearer is the least length of what is taken for a bearer token outside an
// Authorization header.
const minBearer = 16

// bearer takes the credentials behind the scheme's name, wherever it stands.
func (s *scanner) bearer(at int) int {
	const scheme = "bearer "
	from := at + len(scheme)
	if from > len(s.text) || !equalFold(s.text[at:from], scheme) || !s.boundary(at, alnum) {
		return 0
	}
	end := s.bareEnd(from, false)
	if end-from < minBearer || !random(s.text[from:end]) {
		return 0
	}
	return s.add(ruleToken, from, end)
}
