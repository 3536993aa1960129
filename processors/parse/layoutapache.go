package parse

import (
	"fmt"
	"strings"
)

// apacheFields are the format strings of Apache's mod_log_config and mod_logio
// (https://httpd.apache.org/docs/2.4/mod/mod_log_config.html).
var apacheFields = map[byte]accessField{
	'h': {means: meansClient},
	'a': {means: meansClient},
	'A': word("apache.local_address"),
	'l': {},
	'u': named(meansUser, "user.name"),
	'r': {means: meansRequest},
	's': {means: meansStatus},
	'b': accessBodyOut,
	'B': accessBodyOut,
	'I': accessBytesIn,
	'O': accessBytesOut,
	'S': number("apache.bytes_transferred"),
	'D': seconds(attrDuration, 6),
	'T': seconds(attrDuration, 0),
	'v': {means: meansHost},
	'V': {means: meansHost},
	'p': number("server.port"),
	'm': {means: meansMethod},
	'U': {means: meansPath},
	'q': {means: meansQuery},
	'H': {means: meansProtocol},
	'P': number("process.pid"),
	'k': number("apache.keepalive_requests"),
	'X': word("apache.connection_status"),
	'L': word("apache.log_id"),
	'f': text("apache.file"),
	'R': word("apache.handler"),
}

// apacheLayout compiles what Apache's LogFormat says.
func apacheLayout(s string) (*layout, error) {
	if rest, ok := directive(s, "LogFormat"); ok {
		s = ""
		if words := quotedWords(rest); len(words) > 0 {
			s = words[0]
		}
	}
	// The configuration's escapes may have been pasted without the directive.
	s = strings.NewReplacer(`\"`, `"`, `\\`, `\`, `\t`, "\t").Replace(s)
	b := newLayoutBuilder("apache", escapeApache)
	if err := b.each('%', s, b.apacheString); err != nil {
		return nil, err
	}
	return b.done()
}

// apacheString adds the format string that s begins with, and returns its
// length: %, a condition on the status, > or <, an argument in braces, a letter.
func (b *layoutBuilder) apacheString(s string) (int, error) {
	n := 1
	for n < len(s) && strings.IndexByte("!<>,0123456789", s[n]) >= 0 {
		n++
	}
	argument := ""
	if n < len(s) && s[n] == '{' {
		end := strings.IndexByte(s, '}')
		if end < 0 {
			return 0, fmt.Errorf("%s: a brace is not closed", s)
		}
		argument, n = s[n+1:end], end+1
	}
	if n < len(s) && s[n] == '^' {
		n += 2
	}
	if n >= len(s) {
		return 0, fmt.Errorf("%s: the percent sign has no letter behind it", s)
	}
	letter, variable := s[n], s[:n+1]
	switch {
	case letter == '%':
		b.text("%")
	case letter == 't':
		b.apacheTime(variable, argument)
	case letter == 'q' && b.merge(variable):
	case argument != "":
		b.value(variable, apacheArgument(letter, argument))
	default:
		f, ok := apacheFields[letter]
		if !ok {
			return 0, unknownVariable("Apache", variable)
		}
		b.value(variable, f)
	}
	return n + 1, nil
}

// apacheTime adds %t, in brackets, or %{sec}t and its like.
func (b *layoutBuilder) apacheTime(variable, argument string) {
	argument = strings.TrimPrefix(strings.TrimPrefix(argument, "begin:"), "end:")
	switch argument {
	case "":
		b.text("[")
		b.value(variable, accessField{means: meansCLF})
		b.text("]")
	case "msec_frac", "usec_frac":
		// The time before it has whole seconds, and is read by itself.
		b.value(variable, accessField{})
	case "sec", "msec", "usec":
		b.value(variable, accessField{means: meansEpoch})
	case "%d/%b/%Y:%H:%M:%S %z", "%d/%b/%Y:%T %z":
		b.value(variable, accessField{means: meansCLF})
	case "%Y-%m-%dT%H:%M:%S%z", "%FT%T%z", "%Y-%m-%d %H:%M:%S %z", "%Y-%m-%dT%H:%M:%S", "%FT%T", "%Y-%m-%d %H:%M:%S", "%F %T":
		b.value(variable, accessField{means: meansISO})
	default:
		b.value(variable, text("apache.time"))
	}
}

// apacheArgument is what %{argument}letter says.
func apacheArgument(letter byte, argument string) accessField {
	switch letter {
	case 'i':
		return requestHeader(argument)
	case 'o':
		return responseHeader(argument)
	case 'e':
		return apacheVariable("env", argument)
	case 'n':
		return apacheVariable("note", argument)
	case 'C':
		return text("apache.cookie." + attributeName(argument))
	case 'T':
		return seconds(attrDuration, map[string]uint8{"ms": 3, "us": 6}[argument])
	case 'P':
		if argument == "tid" || argument == "hextid" {
			return word("apache.thread_id")
		}
		return number("process.pid")
	case 'p':
		if argument == "remote" {
			return accessField{means: meansPort}
		}
		return number("server.port")
	case 'a':
		return word("network.peer.address")
	}
	return text("apache." + attributeName(argument))
}

// apacheVariable is an environment variable or a note.
func apacheVariable(kind, name string) accessField {
	if strings.EqualFold(name, "unique_id") {
		return word("apache.unique_id")
	}
	if f, ok := traceVariable(name); ok {
		return f
	}
	return text("apache." + kind + "." + attributeName(name))
}
