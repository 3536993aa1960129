package render

import (
	"fmt"
	"unicode"
	"unicode/utf8"
)

// Escape appends s so that a terminal shows it and obeys nothing in it:
// control characters (C0, DEL, C1), bytes that are no UTF-8, and characters
// that hide or reorder others become \n, \r, \t, \xNN or \uNNNN. Printable
// text is unchanged.
func Escape(dst, s []byte) []byte {
	for i := 0; i < len(s); {
		if c := s[i]; c >= ' ' && c < 0x7f {
			dst = append(dst, c)
			i++
			continue
		}
		r, n := utf8.DecodeRune(s[i:])
		dst = escapeRune(dst, r, s[i:i+n])
		i += n
	}
	return dst
}

func escapeRune(dst []byte, r rune, raw []byte) []byte {
	switch {
	case r == '\n':
		return append(dst, `\n`...)
	case r == '\r':
		return append(dst, `\r`...)
	case r == '\t':
		return append(dst, `\t`...)
	case r == utf8.RuneError && len(raw) == 1, r < 0x80:
		return fmt.Appendf(dst, `\x%02x`, raw[0])
	case unsafe(r):
		return fmt.Appendf(dst, `\u%04x`, r)
	default:
		return append(dst, raw...)
	}
}

// unsafe are C1 controls, which terminals obey as ESC sequences, format
// characters such as the bidirectional overrides, and line separators.
func unsafe(r rune) bool {
	return unicode.Is(unicode.Cc, r) || unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Zl, r) || unicode.Is(unicode.Zp, r)
}
