package redact

import (
	"bytes"
)

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
	} else {
		s.keyOpen = to == len(s.text)
	}
	if len(bytes.TrimSpace(s.text[from:to])) == 0 {
		return 0
	}
	return s.add(rulePrivateKey, from, to)
}

// privateKey is the place of a stream in a key whose lines are records of their
// own, as those of a file that a program prints.
type privateKey struct {
	// left is how many lines it may still have, 0 outside of a key.
	left uint16
	// body says that a whole line of it has been seen.
	body bool
}

const (
	// maxKeyLines is more than an RSA key of 16384 bits has.
	maxKeyLines = 256
	// maxKeyLine is the most a line may have (RFC 1421, 4.3.2.4, and PGP), and
	// fullKeyLine less than a line has that is not the last.
	maxKeyLine  = 76
	fullKeyLine = 40
)

// next takes the next line of the stream, and reports whether it is nothing but
// a part of the key. The key ends with its last line, which is shorter, and
// with every line that cannot be one.
func (k *privateKey) next(s *scanner, text []byte) bool {
	k.left--
	text = bytes.TrimRight(text, " \t\r")
	switch {
	case isKeyHeader(text) && !k.body:
		return true
	case len(text) == 0 || len(text) > maxKeyLine || !isBase64(text) || len(text) < fullKeyLine && !k.body:
		*k = privateKey{}
		return false
	}
	s.matches = append(s.matches, match{to: len(text), rule: rulePrivateKey})
	if k.body = len(text) >= fullKeyLine; !k.body {
		*k = privateKey{}
	}
	return true
}

// keyHeaders are what may stand before the key itself (RFC 1421, 4.6, and RFC
// 9580, 6.2.2).
var keyHeaders = []string{"Proc-Type: ", "DEK-Info: ", "Version: ", "Comment: "}

// isKeyHeader reports whether a line is a header of a key, or the blank line
// behind them.
func isKeyHeader(text []byte) bool {
	for _, h := range keyHeaders {
		if len(text) >= len(h) && string(text[:len(h)]) == h {
			return true
		}
	}
	return len(text) == 0
}

func isBase64(text []byte) bool {
	for _, c := range text {
		if !alnum.has(c) && c != '+' && c != '/' && c != '=' {
			return false
		}
	}
	return true
}
