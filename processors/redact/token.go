package redact

import (
	"bytes"
)

// token is a credential that is known by how it begins.
type token struct {
	rule   rule
	prefix string
	// anchor is where the part of the prefix begins that is looked for.
	anchor int
	// set are the bytes behind the prefix, of which there are at least min;
	// with exact as many and no more.
	set   class
	min   int
	exact bool
}

// tokens are the documented forms of credentials. A minimum is the length of
// the shortest that is or was issued; most vendors say that theirs may grow.
var tokens = []token{
	// IAM User Guide, "Unique identifiers": AKIA is a long-term access key,
	// ASIA a temporary one.
	{rule: ruleAWS, prefix: "AKIA", set: base32, min: 16, exact: true},
	{rule: ruleAWS, prefix: "ASIA", set: base32, min: 16, exact: true},

	// Google Cloud, "API keys", OAuth 2.0 access tokens and client secrets.
	{rule: ruleGoogle, prefix: "AIzaSy", set: base64ID, min: 33, exact: true},
	{rule: ruleGoogle, prefix: "ya29.", set: base64ID | dot, min: 20},
	{rule: ruleGoogle, prefix: "GOCSPX-", set: base64ID, min: 28},

	// GitHub, "About authentication": up to 255 characters.
	{rule: ruleGitHub, prefix: "ghp_", set: alnum, min: 36},
	{rule: ruleGitHub, prefix: "gho_", set: alnum, min: 36},
	{rule: ruleGitHub, prefix: "ghu_", set: alnum, min: 36},
	{rule: ruleGitHub, prefix: "ghs_", set: alnum, min: 36},
	{rule: ruleGitHub, prefix: "ghr_", set: alnum, min: 36},
	{rule: ruleGitHub, prefix: "github_pat_", anchor: 3, set: alnum | dash, min: 36},

	// GitLab, "Token overview": prefixes; routable tokens have dots.
	{rule: ruleGitLab, prefix: "glpat-", set: base64ID | dot, min: 20},
	{rule: ruleGitLab, prefix: "gldt-", set: base64ID | dot, min: 20},
	{rule: ruleGitLab, prefix: "glrt-", set: base64ID | dot, min: 20},
	{rule: ruleGitLab, prefix: "glptt-", set: base64ID | dot, min: 20},
	{rule: ruleGitLab, prefix: "glcbt-", set: base64ID | dot, min: 20},
	{rule: ruleGitLab, prefix: "gloas-", set: base64ID | dot, min: 20},
	{rule: ruleGitLab, prefix: "glsoat-", set: base64ID | dot, min: 20},
	{rule: ruleGitLab, prefix: "glagent-", set: base64ID | dot, min: 20},
	{rule: ruleGitLab, prefix: "glft-", set: base64ID | dot, min: 20},

	// Slack, "Token types", and incoming webhooks.
	{rule: ruleSlack, prefix: "xoxb-", set: base64ID, min: 10},
	{rule: ruleSlack, prefix: "xoxp-", set: base64ID, min: 10},
	{rule: ruleSlack, prefix: "xoxa-", set: base64ID, min: 10},
	{rule: ruleSlack, prefix: "xoxr-", set: base64ID, min: 10},
	{rule: ruleSlack, prefix: "xoxs-", set: base64ID, min: 10},
	{rule: ruleSlack, prefix: "xoxe-", set: base64ID, min: 10},
	{rule: ruleSlack, prefix: "xoxe.", set: base64ID | dot, min: 10},
	{rule: ruleSlack, prefix: "xapp-", set: base64ID, min: 10},

	// Stripe, "API keys": secret and restricted keys, live and of the sandbox,
	// and the secrets of webhooks.
	{rule: ruleStripe, prefix: "sk_live_", set: alnum, min: 16},
	{rule: ruleStripe, prefix: "sk_test_", set: alnum, min: 16},
	{rule: ruleStripe, prefix: "rk_live_", set: alnum, min: 16},
	{rule: ruleStripe, prefix: "rk_test_", set: alnum, min: 16},
	{rule: ruleStripe, prefix: "whsec_", set: alnum, min: 24},

	{rule: ruleVendor, prefix: "npm_", set: alnum, min: 36},
	{rule: ruleVendor, prefix: "pypi-AgE", set: base64ID, min: 50},
	{rule: ruleVendor, prefix: "rubygems_", set: alnum, min: 48},
	{rule: ruleVendor, prefix: "dckr_pat_", set: base64ID, min: 20},
	{rule: ruleVendor, prefix: "hvs.", set: base64ID, min: 24},
	{rule: ruleVendor, prefix: "hvb.", set: base64ID, min: 24},
	{rule: ruleVendor, prefix: "dop_v1_", set: alnum, min: 64},
	{rule: ruleVendor, prefix: "doo_v1_", set: alnum, min: 64},
	{rule: ruleVendor, prefix: "shpat_", set: alnum, min: 32},
	{rule: ruleVendor, prefix: "shpss_", set: alnum, min: 32},
	{rule: ruleVendor, prefix: "sk-proj-", set: base64ID, min: 20},
	{rule: ruleVendor, prefix: "sk-svcacct-", set: base64ID, min: 20},
	{rule: ruleVendor, prefix: "sk-admin-", set: base64ID, min: 20},
	{rule: ruleVendor, prefix: "sk-ant-", set: base64ID, min: 20},
	{rule: ruleVendor, prefix: "glsa_", set: alnum | dash, min: 32},
	{rule: ruleVendor, prefix: "glc_eyJ", set: base64ID, min: 32},
	{rule: ruleVendor, prefix: "NRAK-", set: alnum, min: 27},
	{rule: ruleVendor, prefix: "ATATT3xFfGF0", anchor: 3, set: base64ID, min: 60},
	{rule: ruleVendor, prefix: "PMAK-", set: base64ID, min: 50},
	{rule: ruleVendor, prefix: "AGE-SECRET-KEY-1", anchor: 11, set: alnum, min: 58},
	{rule: ruleVendor, prefix: "dapi", set: hexDigits, min: 32},
}

// token checks for one of the form t. What is cut off by the limit of a line
// counts if its prefix is whole.
func (s *scanner) token(t *token, at int) int {
	if at < s.done || !bytes.HasPrefix(s.text[at:], []byte(t.prefix)) || !s.boundary(at, alnum) {
		return 0
	}
	from := at + len(t.prefix)
	end := s.run(t.set, from)
	switch cut := s.truncated && end == len(s.text); {
	case cut && end > from:
	case end-from < t.min, t.exact && (end-from != t.min || s.follows(end)):
		return 0
	}
	return s.add(t.rule, at, end)
}

// follows reports whether a longer word than an exact token goes on at end.
func (s *scanner) follows(end int) bool {
	return end < len(s.text) && base64ID.has(s.text[end])
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

const (
	pemBegin = "-----BEGIN "
	pemKey   = "PRIVATE KEY"
	pemEnd   = "-----END "
	pemDash  = "-----"
	// maxLabel is the longest label of a private key, with some to spare.
	maxLabel = 40
)

// privateKey takes what is between the lines that begin and end a private key
// (RFC 7468, and PGP's with BLOCK behind it). Without an end, the rest of the
// line or string is key.
func (s *scanner) privateKey(at int) int {
	at -= pemOffset
	if at < s.done {
		return 0
	}
	label := s.text[at:min(len(s.text), at+len(pemBegin)+maxLabel)]
	if !bytes.HasPrefix(label, []byte(pemBegin)) {
		return 0
	}
	label = label[len(pemBegin):]
	end := bytes.Index(label, []byte(pemDash))
	if end < 0 || !bytes.Contains(label[:end], []byte(pemKey)) {
		return 0
	}
	from := at + len(pemBegin) + end + len(pemDash)
	to := len(s.text)
	if s.object {
		to = s.stringEnd(from, to)
	}
	if i := bytes.Index(s.text[from:to], []byte(pemEnd)); i >= 0 {
		to = from + i
	}
	return s.add(rulePrivateKey, from, to)
}
