package search

import "bytes"

// What highlighted text is put between (ECMA-48, 8.3.117: bold and red, and
// everything off).
const (
	highlightOn  = "\x1b[1;31m"
	highlightOff = "\x1b[0m"
)

// Highlight appends a coloured line with the pattern's matches emphasised.
// Matches are looked for between changes of colour, so that one that goes
// across such a change is not seen.
func (p *Pattern) Highlight(dst, line []byte) []byte {
	var style []byte
	for len(line) > 0 {
		at := bytes.Index(line, []byte("\x1b["))
		if at < 0 {
			at = len(line)
		}
		dst = p.highlightRun(dst, line[:at], style)
		line = line[at:]
		// Without an end, which no renderer writes, all that is left is style.
		end := bytes.IndexByte(line, 'm') + 1
		if end == 0 {
			end = len(line)
		}
		style = line[:end]
		dst, line = append(dst, style...), line[end:]
	}
	return dst
}

// highlightRun appends text that is all in one style.
func (p *Pattern) highlightRun(dst, text, style []byte) []byte {
	from := 0
	for _, m := range p.re.FindAllSubmatchIndex(text, -1) {
		start, end := m[2*p.group], m[2*p.group+1]
		if start == end {
			continue
		}
		dst = append(append(dst, text[from:start]...), highlightOn...)
		dst = append(append(dst, text[start:end]...), highlightOff...)
		dst = append(dst, style...)
		from = end
	}
	return append(dst, text[from:]...)
}
