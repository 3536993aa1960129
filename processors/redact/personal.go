package redact

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"net/netip"
)

// personal finds what is not a secret but somebody's, where that is asked for.
func (s *scanner) personal(c classes) {
	for at := bytes.IndexByte(s.text, '@'); c.emails && at >= 0; {
		s.email(at)
		next := bytes.IndexByte(s.text[at+1:], '@')
		if next < 0 {
			break
		}
		at += 1 + next
	}
	if !c.cards && !c.ips {
		return
	}
	for i := 0; i < len(s.text); {
		if !addressBytes(s.text[i]) {
			i++
			continue
		}
		end := i
		for end < len(s.text) && addressBytes(s.text[end]) {
			end++
		}
		if c.ips {
			s.address(i, end)
		}
		i = end
	}
	if c.cards {
		s.cards()
	}
}

// addressBytes are those of an IP address.
func addressBytes(b byte) bool { return isHex(b) || b == '.' || b == ':' }

const (
	// maxLocal and maxDomain bound an e-mail address (RFC 5321, 4.5.3.1).
	maxLocal  = 64
	maxDomain = 255
	// maxAddress is the longest text of an IP address, minAddress the shortest.
	maxAddress = len("ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255")
	minAddress = len("a::")
)

// email takes the address around an @.
func (s *scanner) email(at int) {
	from := at
	for from > max(0, at-maxLocal) && (keyBytes.has(s.text[from-1]) || s.text[from-1] == '+' || s.text[from-1] == '%') {
		from--
	}
	if from > 0 && s.backslashes(from)%2 == 1 {
		end, _ := s.escape(from - 1)
		from = min(max(end, from+1), at)
	}
	for from < at && s.text[from] == '.' {
		from++
	}
	to := s.skip(alnum|dash|dot, at+1, maxDomain)
	for to > at+1 && !alnum.has(s.text[to-1]) {
		to--
	}
	dotAt := bytes.LastIndexByte(s.text[at+1:to], '.')
	if from == at || dotAt <= 0 || !letter.has(s.text[to-1]) {
		return
	}
	s.pseudonym(ruleEmail, from, to, bytes.ToLower(s.text[from:to]))
}

// address takes an IP address that is text[from:to], with or without a port or
// a full stop behind it.
func (s *scanner) address(from, to int) {
	if from > 0 && base64ID.has(s.text[from-1]) || to < len(s.text) && base64ID.has(s.text[to]) {
		return
	}
	for to > from && s.text[to-1] == '.' || to-from > 1 && s.text[to-1] == ':' && s.text[to-2] != ':' {
		to--
	}
	port := 0
	if i := bytes.IndexByte(s.text[from:to], ':'); i > 0 && bytes.IndexByte(s.text[from:from+i], '.') > 0 {
		port, to = to, from+i
	}
	text := s.text[from:to]
	if len(text) > maxAddress || len(text) < minAddress || bytes.IndexByte(text, '.') < 0 && bytes.Count(text, []byte(":")) < 2 {
		return
	}
	a, err := netip.ParseAddr(string(text))
	if err != nil || a.IsLoopback() || a.IsUnspecified() {
		return
	}
	full := a.As16()
	s.bracket = port > 0
	s.pseudonym(ruleIP, from, to, full[:])
}

// pseudonym notes text[from:to], which stands for what: by what is written is
// the same for the same and tells nothing to who does not have the key.
func (s *scanner) pseudonym(r rule, from, to int, what []byte) {
	before := len(s.matches)
	s.extra(r, from, to)
	if s.mac == nil && r != ruleIP || len(s.matches) == before || s.matches[before].number {
		return
	}
	s.sum = append(s.sum[:0], noAddress[:]...)
	if s.mac != nil {
		s.mac.Reset()
		s.mac.Write([]byte{byte(r)})
		s.mac.Write(what)
		s.sum = s.mac.Sum(s.sum[:0])
	}
	at := len(s.pseudonyms)
	switch r {
	case ruleEmail:
		s.pseudonyms = hex.AppendEncode(s.pseudonyms, s.sum[:8])
		s.pseudonyms = append(s.pseudonyms, "@email.invalid"...)
	case ruleIP:
		s.pseudonyms = s.appendAddress(s.pseudonyms)
	}
	s.matches[before].by = word{at, len(s.pseudonyms)}
}

// noAddress stands for all addresses where there is no key: one that is none
// would make an access log's line one that no format explains.
var noAddress [12]byte

// appendAddress appends one of 2001:db8::/32, which belongs to nobody (RFC
// 3849), in brackets where a port follows.
func (s *scanner) appendAddress(dst []byte) []byte {
	a := [16]byte{0x20, 0x01, 0x0d, 0xb8}
	copy(a[4:], s.sum)
	if !s.bracket {
		return netip.AddrFrom16(a).AppendTo(dst)
	}
	return append(netip.AddrFrom16(a).AppendTo(append(dst, '[')), ']')
}

// newMAC is nil without a key.
func newMAC(key []byte) hash.Hash {
	if key == nil {
		return nil
	}
	return hmac.New(sha256.New, key)
}

// cards takes numbers of payment cards: digits alone or in groups, by the
// issuers' lengths and prefixes, whose check digit is right (ISO/IEC 7812-1).
func (s *scanner) cards() {
	for i := 0; i < len(s.text); {
		if !digit.has(s.text[i]) {
			i++
			continue
		}
		end, digits := s.digits(i)
		apart := i == 0 || !(base64ID | dot).has(s.text[i-1]) || s.escapeBefore(i)
		if apart && (end == len(s.text) || !base64ID.has(s.text[end])) && issued(digits) && luhn(digits) {
			s.extra(ruleCard, i, end)
			i = end
			continue
		}
		if to := s.grouped(i, end); apart && to > 0 {
			s.extra(ruleCard, i, to)
			i = to
			continue
		}
		i = s.groupEnd(i)
	}
}

// grouped is where a number ends that stands at i as on a card, in one piece or
// in groups of four, of 4-6-5 or of 4-6-4, and has other numbers behind a blank:
// an expiry date or an amount. It is 0 where none does.
func (s *scanner) grouped(i, end int) int {
	groups, n, at := [4]int{}, 0, i
	for ; n < len(groups) && at < end; n++ {
		to := s.groupEnd(at)
		groups[n], at = to-at, min(to+1, end)
		count, known := cardDigits[groups]
		if known && to < end && s.text[to] == ' ' {
			if _, digits := s.digitsIn(i, to); len(digits) == count && issued(digits) && luhn(digits) {
				return to
			}
		}
	}
	return 0
}

// cardDigits are how many digits the groups have that numbers are written in.
var cardDigits = map[[4]int]int{
	{14}: 14, {15}: 15, {16}: 16, {4, 4, 4, 4}: 16, {4, 6, 5}: 15, {4, 6, 4}: 14,
}

// groupEnd is where the digits at i end.
func (s *scanner) groupEnd(i int) int {
	for i < len(s.text) && digit.has(s.text[i]) {
		i++
	}
	return i
}

// maxCard is more digits than a card's number has.
const maxCard = 20

// digits reads a run of them, in which single blanks or dashes may stand, up to
// more than a card has.
func (s *scanner) digits(from int) (end int, digits []byte) {
	return s.digitsIn(from, len(s.text))
}

// digitsIn is digits in text[:to].
func (s *scanner) digitsIn(from, to int) (end int, digits []byte) {
	digits = s.number[:0]
	for end = from; end < to && len(digits) < maxCard; end++ {
		c := s.text[end]
		if (c == ' ' || c == '-') && end+1 < len(s.text) && digit.has(s.text[end+1]) && digit.has(s.text[end-1]) {
			continue
		}
		if !digit.has(c) {
			break
		}
		digits = append(digits, c)
	}
	return end, digits
}

// issued reports whether a number has the length and prefix of Visa,
// Mastercard, American Express, Discover, JCB, Diners Club or UnionPay.
func issued(d []byte) bool {
	if len(d) < 14 || len(d) > 16 {
		return false
	}
	p := 0
	for _, c := range d[:4] {
		p = p*10 + int(c-'0')
	}
	switch len(d) {
	case 14:
		return p >= 3000 && p < 3060 || p/100 == 36 || p/100 == 38
	case 15:
		return p/100 == 34 || p/100 == 37
	}
	return p/1000 == 4 || p >= 5100 && p < 5600 || p >= 2221 && p < 2721 || p == 6011 || p >= 6440 && p < 6600 || p >= 3528 && p < 3590 || p/100 == 62
}

func luhn(d []byte) bool {
	sum := 0
	for i, c := range d {
		n := int(c - '0')
		if (len(d)-i)%2 == 0 {
			if n *= 2; n > 9 {
				n -= 9
			}
		}
		sum += n
	}
	return sum%10 == 0
}
