package redact

import (
	"slices"
)

// everyByte is all that may stand outside of an anchor.
var everyByte = newEveryByte()

func newEveryByte() (all []byte) {
	for b := range 256 {
		all = append(all, byte(b))
	}
	return all
}

// anchor is what stands at the beginning of a secret or its key; find tells
// whether there is one at a place, and returns its end or 0.
type anchor struct {
	text string
	// fold says that it may be in upper case too, and have any punctuation of
	// keys where text, which is in lower case, has _.
	fold bool
	// next are the bytes that may follow it, 0 if any may, and more says that
	// only these stand behind that one too, if the line goes on.
	next class
	more bool
	find func(s *scanner, at int) int
}

// at are the bytes that may stand at a place of the anchor, all outside of it.
func (a *anchor) at(i int) []byte {
	switch {
	case i == len(a.text) && a.next != 0:
		return a.next.bytes()
	case i > len(a.text) && a.more:
		return a.next.withEnd()
	case i < 0 || i >= len(a.text):
		return everyByte
	case a.fold && letter.has(a.text[i]):
		return []byte{a.text[i], a.text[i] &^ 0x20}
	case a.fold && a.text[i] == '_':
		return []byte("_-.")
	}
	return []byte{a.text[i]}
}

// size is the length of the anchor with what may follow a short one.
func (a *anchor) size() int { return max(len(a.text), headSize) }

// heads are the ways to write the beginning of the anchor.
func (a *anchor) heads() (all []uint32) {
	texts := [][]byte{{}}
	for i := range headSize {
		var longer [][]byte
		for _, t := range texts {
			for _, c := range a.at(i) {
				longer = append(longer, append(t[:i:i], c))
			}
		}
		texts = longer
	}
	for _, t := range texts {
		all = append(all, headOf(t))
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// keyAnchors are the keys in keyRules without what they may begin with.
var keyAnchors = []string{"password", "passwd", "passphrase", "authorization", "cookie", "secret", "credential", "token", "signature"}

// shortKeys are those of three letters.
var shortKeys = []string{"pwd", "sig"}

// keyOf stands before "key" in keyRules, with or without punctuation between.
var keyOf = []string{"api", "access", "private", "account", "signing", "encryption", "subscription", "auth", "master", "app", "application"}

// pemAnchor is the part of a private key's first line that is looked for,
// pemOffset where it stands.
const (
	pemAnchor = "-BEGIN "
	pemOffset = len(pemDash) - 1
)

// anchorsOfSecrets are those of all rules that are on by default.
func anchorsOfSecrets() []anchor {
	all := []anchor{
		{text: pemAnchor, find: (*scanner).privateKey},
		{text: "bearer ", fold: true, find: (*scanner).bearer},
		{text: ":AA", next: base64ID, more: true, find: (*scanner).telegram},
		{text: jwtHead, next: base64ID, more: true, find: (*scanner).jwt},
	}
	keys := slices.Clone(keyAnchors)
	for _, of := range keyOf {
		keys = append(keys, of+"key", of+"_key")
	}
	for _, k := range keys {
		all = append(all, anchor{text: k, fold: true, find: (*scanner).key})
	}
	for _, k := range shortKeys {
		all = append(all, anchor{text: k, fold: true, next: keyEnd, find: (*scanner).key})
	}
	for i := range tokens {
		t := &tokens[i]
		all = append(all, anchor{text: t.prefix[t.anchor:], next: t.set, more: true, find: func(s *scanner, at int) int { return s.token(t, at-t.anchor) }})
	}
	return all
}
