package redact

import (
	"bytes"
)

// keyRule says what a key stands for, by how it ends in lower case and without
// the punctuation in it, so that DB_PASSWORD, db.password and dbPassword are
// the same.
type keyRule struct {
	end  string
	rule rule
	// query says that it is the name of a parameter of a URL, before which
	// nothing may stand: in other places it means other things.
	query bool
	// weak says that the key is used for other things too: only values that
	// look random are secrets.
	weak bool
	// directory says that shells have the directory they are in under it.
	directory bool
}

// keyRules are in order: the first that fits is taken.
var keyRules = []keyRule{
	// The list of the OpenTelemetry semantic conventions for url.query, with
	// what signature version 4 and those of the same kind of Google, Alibaba
	// and Tencent have beside, and the cookie of CloudFront.
	{end: "awsaccesskeyid", rule: ruleURLParameter},
	{end: "xamzsignature", rule: ruleURLParameter},
	{end: "xamzcredential", rule: ruleURLParameter},
	{end: "xgoogsignature", rule: ruleURLParameter},
	{end: "xgoogcredential", rule: ruleURLParameter},
	{end: "xosssignature", rule: ruleURLParameter},
	{end: "xosscredential", rule: ruleURLParameter},
	{end: "qsignature", rule: ruleURLParameter},
	{end: "cloudfrontsignature", rule: ruleURLParameter},
	{end: "sig", rule: ruleURLParameter, query: true},
	{end: "signature", rule: ruleURLParameter, query: true},

	{end: "authorization", rule: ruleAuthorization},
	{end: "cookie", rule: ruleCookie},
	{end: "cookies", rule: ruleCookie},
	{end: "password", rule: rulePassword},
	{end: "passwd", rule: rulePassword},
	{end: "passphrase", rule: rulePassword},
	{end: "pwd", rule: rulePassword, directory: true},

	{end: "clientsecret", rule: ruleSecret},
	{end: "appsecret", rule: ruleSecret},
	{end: "apisecret", rule: ruleSecret},
	{end: "consumersecret", rule: ruleSecret},
	{end: "sharedsecret", rule: ruleSecret},
	{end: "jwtsecret", rule: ruleSecret},
	{end: "secret", rule: ruleSecret, weak: true},
	{end: "credential", rule: ruleSecret, weak: true},
	{end: "credentials", rule: ruleSecret, weak: true},

	// Cursors of listings, which need to be seen to follow them.
	{end: "pagetoken", rule: ruleNone},
	{end: "nexttoken", rule: ruleNone},
	{end: "continuationtoken", rule: ruleNone},
	{end: "cancellationtoken", rule: ruleNone},
	{end: "synctoken", rule: ruleNone},
	{end: "accesstoken", rule: ruleToken},
	{end: "refreshtoken", rule: ruleToken},
	{end: "idtoken", rule: ruleToken},
	{end: "authtoken", rule: ruleToken},
	{end: "apitoken", rule: ruleToken},
	{end: "sessiontoken", rule: ruleToken},
	{end: "securitytoken", rule: ruleToken},
	{end: "privatetoken", rule: ruleToken},
	{end: "vaulttoken", rule: ruleToken},
	{end: "bearertoken", rule: ruleToken},
	{end: "csrftoken", rule: ruleToken},
	{end: "xsrftoken", rule: ruleToken},
	{end: "token", rule: ruleToken, weak: true},

	{end: "apikey", rule: ruleAPIKey},
	{end: "secretkey", rule: ruleAPIKey},
	{end: "accesskey", rule: ruleAPIKey},
	{end: "privatekey", rule: ruleAPIKey},
	{end: "accountkey", rule: ruleAPIKey},
	{end: "signingkey", rule: ruleAPIKey},
	{end: "encryptionkey", rule: ruleAPIKey},
	{end: "subscriptionkey", rule: ruleAPIKey},
	{end: "authkey", rule: ruleAPIKey},
	{end: "masterkey", rule: ruleAPIKey},
	{end: "appkey", rule: ruleAPIKey},
	{end: "applicationkey", rule: ruleAPIKey},
}

// maxKey is the longest key that is looked at.
const maxKey = 64

// key looks at the word that an anchor is in: whether it is a key of a secret,
// and whether a value is assigned to it.
func (s *scanner) key(at int) int {
	k := s.word(at)
	if k.from < s.done {
		return 0
	}
	r := s.ruleOf(k)
	if r == nil || r.rule == ruleNone {
		return 0
	}
	v := s.assigned(k)
	if v.from == 0 || r.query && !s.inQuery(k.from) && !s.beginsQuery(k, v) {
		return 0
	}
	return s.secret(r, k, v)
}

// word is a part of the text.
type word struct{ from, to int }

// word is the key around a place, without an escape before it.
func (s *scanner) word(at int) word {
	w := word{from: at, to: at}
	for w.from > max(s.done, at-maxKey) && keyBytes.has(s.text[w.from-1]) {
		w.from--
	}
	w.to = s.skip(keyBytes, at, maxKey)
	if w.from == 0 || w.from == w.to {
		return w
	}
	switch before := s.text[w.from-1]; {
	case before == '\\' && s.backslashes(w.from)%2 == 1:
		if end, char := s.escape(w.from - 1); char != 0 {
			w.from = min(end, at)
		} else {
			w.from++
		}
	case before == '%' && w.from+2 <= at && isHex(s.text[w.from]) && isHex(s.text[w.from+1]):
		w.from += 2
	}
	return w
}

// ruleOf finds the rule of a key, nil when it has none.
func (s *scanner) ruleOf(k word) *keyRule {
	var room [maxKey * 2]byte
	name := room[:0]
	for _, c := range s.text[k.from:k.to] {
		if alnum.has(c) {
			name = append(name, c|0x20)
		}
	}
	if len(name) == 0 {
		return nil
	}
	for i := range keyRules {
		r := &keyRules[i]
		if r.end[len(r.end)-1] == name[len(name)-1] && bytes.HasSuffix(name, []byte(r.end)) && (!r.query || len(name) == len(r.end)) {
			return r
		}
	}
	return nil
}

// inQuery reports whether a parameter of a URL begins at a place.
func (s *scanner) inQuery(at int) bool {
	if at == 0 {
		return false
	}
	switch s.text[at-1] {
	case '?', '&', ';':
		return true
	}
	if at >= 3 && s.text[at-3] == '%' {
		code := s.text[at-2 : at]
		return string(code) == "26" || equalFold(code, "3f")
	}
	if at >= 6 {
		return s.queryEscape(at - 6)
	}
	return false
}

// beginsQuery reports whether a key that no ? or & stands before may be the
// first parameter of a query that is a field of its own, as $args of nginx is:
// another parameter follows, or the field has nothing else, or the value looks
// random.
func (s *scanner) beginsQuery(k word, v value) bool {
	if s.text[k.to] != '=' || v.quote != 0 {
		return false
	}
	if v.to < len(s.text) {
		switch behind := s.text[v.to]; {
		case behind == '&', s.queryEscape(v.to):
			return true
		case k.from > 0 && isQuote(behind) && s.text[k.from-1] == behind:
			return true
		}
	}
	return v.to-v.from > maxDoubt || random(s.text[v.from:v.to])
}

// queryEscape reports whether an & is written at a place as JSON of Go and
// Java has it.
func (s *scanner) queryEscape(at int) bool {
	_, char := s.escape(at)
	return char == '&'
}

// maxDoubt is the longest value that may be left: what is longer is a secret
// whatever it looks like, so that no byte is looked at for many keys.
const maxDoubt = 256

// secret decides about the value of a key.
func (s *scanner) secret(r *keyRule, k word, v value) int {
	switch {
	case v.list:
		return s.list(r, k, v)
	case v.to-v.from > maxDoubt:
		return s.add(r.rule, v.from, v.to)
	}
	switch r.rule {
	case ruleAuthorization:
		return s.credentials(k, v)
	case ruleCookie:
		return s.cookie(v)
	}
	text := s.text[v.from:v.to]
	if v.number {
		if r.weak {
			return 0
		}
		return s.addNumber(r.rule, v.from, v.to)
	}
	if placeholder(text) || r.directory && s.isDirectory(k, v) || r.weak && !random(text) || v.prose && !random(text) {
		return 0
	}
	return s.add(r.rule, v.from, v.to)
}

// isDirectory reports whether a value is the directory that a shell is in: PWD
// by itself, and not a part of a connection string.
func (s *scanner) isDirectory(k word, v value) bool {
	name := s.text[k.from:k.to]
	return s.text[v.from] == '/' && (equalFold(name, "pwd") || equalFold(name, "oldpwd")) && (k.from == 0 || s.text[k.from-1] != ';')
}

// list takes the texts of a JSON array, or what Go prints of a slice.
func (s *scanner) list(r *keyRule, k word, v value) int {
	end := 0
	for v.list && v.from < v.to {
		item := v
		item.list = false
		if n := s.secret(r, k, item); n > 0 {
			end = n
		}
		v = s.nextItem(v)
	}
	return end
}

// placeholder reports whether a value stands for one, or for none.
func placeholder(v []byte) bool {
	if len(v) == 0 || v[0] == '*' || bytes.HasPrefix(v, []byte("${")) || bytes.HasPrefix(v, []byte("{{")) {
		return true
	}
	for _, p := range placeholders {
		if equalFold(v, p) {
			return true
		}
	}
	return false
}

// placeholders are what programs write for a value that they do not have or
// do not show.
var placeholders = []string{
	"null", "nil", "none", "yes", "no", "true", "false", "undefined", "<nil>", "redacted", "[redacted]", "<redacted>", "(redacted)", "%s", "%v", "%q",
}

// minRandom is the least length of a value that is taken for random, longRandom
// that of one that need not have a digit.
const (
	minRandom  = 8
	longRandom = 20
)

// random reports whether a value may be a generated secret: long enough, with
// letters and digits or very long, and not made of words as names are.
func random(v []byte) bool {
	var letters, digits, uppers, dashes, others int
	for _, c := range v {
		switch {
		case '0' <= c && c <= '9':
			digits++
		case 'A' <= c && c <= 'Z':
			uppers++
		case 'a' <= c && c <= 'z':
			letters++
		case c == '-' || c == '/' || c == '.' || c == ':':
			dashes++
		default:
			others++
		}
	}
	if len(v) < minRandom || letters+uppers == 0 {
		return false
	}
	if dashes > 0 && uppers == 0 && others == 0 && !uuid(v) {
		return false
	}
	return digits > 0 || uppers > 0 && letters > 0 && len(v) >= longRandom
}

// uuid reports whether v has the form of one (RFC 9562).
func uuid(v []byte) bool {
	if len(v) != 36 {
		return false
	}
	for i, c := range v {
		if i == 8 || i == 13 || i == 18 || i == 23 {
			if c != '-' {
				return false
			}
		} else if !isHex(c) {
			return false
		}
	}
	return true
}
