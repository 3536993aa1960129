package multiline

import (
	"bytes"
	"slices"
)

func hasPrefix(line []byte, text string) bool {
	return len(line) >= len(text) && string(line[:len(text)]) == text
}

func isBlank(line []byte) bool { return len(bytes.TrimLeft(line, " \t\r")) == 0 }

func isDigit(c byte) bool { return c-'0' <= 9 }

// digits is how many digits a text begins with.
func digits(p []byte) int {
	n := 0
	for n < len(p) && isDigit(p[n]) {
		n++
	}
	return n
}

// maxToken bounds how far a name is looked for.
const maxToken = 160

// nameByte says which bytes names of classes, files and modules have.
var nameByte = func() (is [256]bool) {
	for c := range is {
		k := kinds[c]
		is[c] = k == letter || k == digit || k == slash || k == dot || c == '$' || c == '-' || c == '@'
	}
	return is
}()

// token is where the name ends that a line begins with.
func token(line []byte) int {
	n := 0
	for n < len(line) && n < maxToken && nameByte[line[n]] {
		n++
	}
	return n
}

// isException says whether a name is one of an exception's class.
func isException(name []byte) bool {
	suffix := ""
	if len(name) > 0 {
		switch name[len(name)-1] {
		case 'n':
			suffix = "Exception"
		case 'r':
			suffix = "Error"
		case 'e':
			suffix = "Throwable"
		}
	}
	return suffix != "" && bytes.HasSuffix(name, []byte(suffix)) && bytes.IndexByte(name, '/') < 0
}

// isClass says whether a name is that of a class in a package or in another
// class, whatever it is called: com.shop.OutOfStock, Shop$OutOfStock.
func isClass(name []byte) bool {
	at := len(name) - 1
	for at > 0 && name[at] != '.' && name[at] != '$' && nameByte[name[at]] {
		at--
	}
	return at > 0 && (name[at] == '.' || name[at] == '$') &&
		at+1 < len(name) && name[at+1]-'A' < 26 && bytes.IndexByte(name, '/') < 0
}

// isPythonException recognises the line that ends a traceback: the name of a
// class, maybe with its module and an enclosing function, alone or before a colon.
func isPythonException(line []byte) bool {
	n := 0
	for n < len(line) && (kinds[line[n]] == letter || isDigit(line[n]) || bytes.IndexByte([]byte(".<>"), line[n]) >= 0) {
		n++
	}
	return n > 0 && (n == len(line) || line[n] == ':') && !isLogLine(line)
}

// isTask recognises what asyncio writes of a task behind a message
// (BaseEventLoop.default_exception_handler).
func isTask(line []byte) bool {
	return line[len(line)-1] == '>' && (hasPrefix(line, "future: <") || hasPrefix(line, "task: <"))
}

// databaseNotes are what psycopg and SQLAlchemy put behind the first line of an
// exception's message.
var databaseNotes = []string{"DETAIL:  ", "HINT:  ", "CONTEXT:  ", "LINE ", "[SQL: ", "[parameters: ", "(Background on this error at: "}

func isDatabaseNote(line []byte) bool {
	return slices.ContainsFunc(databaseNotes, func(note string) bool { return hasPrefix(line, note) })
}

// isFrame recognises a frame of Java, .NET and JavaScript.
func isFrame(text []byte) bool {
	return hasPrefix(text, "at ") && len(text) > len("at x") || hasPrefix(text, "eval at ")
}

// isGoroutine recognises "goroutine 1 [running]:", and with what Go 1.23 puts
// before the bracket: "goroutine 1 gp=0xc000002380 m=0 mp=0x5a2d80 [running]:".
func isGoroutine(line []byte) bool {
	if !hasPrefix(line, "goroutine ") {
		return false
	}
	rest := line[len("goroutine "):]
	n := digits(rest)
	return n > 0 && bytes.HasSuffix(line, []byte("]:")) && (hasPrefix(rest[n:], " [") || hasPrefix(rest[n:], " gp="))
}

// endsInGoroutine does so for the end of a line, as what a program logs of its
// own stack has it.
func endsInGoroutine(line []byte) bool {
	if !bytes.HasSuffix(line, []byte("]:")) {
		return false
	}
	at := bytes.LastIndex(line, []byte("goroutine "))
	return at >= 0 && isGoroutine(line[at:])
}

// isGoFrame recognises main.f(0x1, ...), net/http.(*conn).serve(...) and
// panic({0x1, 0x2}).
func isGoFrame(line []byte) bool {
	n := bytes.IndexByte(line, '(')
	return n > 0 && line[len(line)-1] == ')' && bytes.IndexByte(line[:n], ' ') < 0 &&
		(bytes.IndexByte(line[:n], '.') > 0 || string(line[:n]) == "panic")
}

// zapLevels are those at which zap adds a stack, in development or production, as
// its console encoder writes them.
var zapLevels = []string{"WARN", "ERROR", "DPANIC", "PANIC", "FATAL", "warn", "error", "dpanic", "panic", "fatal"}

// isZapError recognises a line of zap's console encoder by the tabs around its
// level, which stands behind the time.
func isZapError(line []byte) bool {
	const longest = len("2006-01-02T15:04:05.000000000+00:00")
	tab := bytes.IndexByte(line[:min(len(line), longest+1)], '\t')
	if tab < 0 || !isTime(line) {
		return false
	}
	level := line[tab+1:]
	tab = bytes.IndexByte(level[:min(len(level), len("DPANIC")+1)], '\t')
	return tab > 0 && slices.Contains(zapLevels, string(level[:tab]))
}

// isGoFunction recognises a function alone, with its package, as in
// "net/http.(*conn).serve" and "main.main.func1": zap's stacks have no arguments.
func isGoFunction(line []byte) bool {
	slash := 0
	for i, c := range line {
		switch {
		case c == '/':
			slash = i
		case kinds[c] == letter, isDigit(c), c >= 0x80, bytes.IndexByte([]byte(".-~%()*[]"), c) >= 0:
		default:
			return false
		}
	}
	return bytes.IndexByte(line[slash:], '.') > 0
}

// isRegister recognises a line of a dump such as "rax    0xca".
func isRegister(line []byte) bool {
	n := bytes.IndexByte(line, ' ')
	return n > 0 && n <= 6 && hasPrefix(bytes.TrimLeft(line[n:], " "), "0x")
}

// isNumbered recognises the frames of PHP and Dart: "#1 /app/pay.php(12): pay()",
// "#2 {main}" and "#3      main (file:///app/pay.dart:2:7)". Other programs number
// their lines in the same way.
func isNumbered(line []byte) bool {
	rest := line[1+digits(line[1:]):]
	if len(rest) == len(line)-1 {
		return false
	}
	return hasPrefix(rest, " {main}") || hasPrefix(rest, " [internal function]: ") ||
		hasPrefix(rest, "  ") && rest[len(rest)-1] == ')' || isPHPPlace(rest)
}

// isPHPPlace recognises "(12): " behind a path.
func isPHPPlace(text []byte) bool {
	at := bytes.Index(text, []byte("): "))
	if at < 0 {
		return false
	}
	open := bytes.LastIndexByte(text[:at], '(')
	return open > 0 && open+1 < at && digits(text[open+1:at]) == at-open-1
}

// isRailsError recognises "ZeroDivisionError (divided by 0):".
func isRailsError(line []byte) bool {
	n := token(line)
	return isException(line[:n]) && hasPrefix(line[n:], " (") && line[len(line)-2] == ')'
}

// isRubyPlace recognises "app.rb:12:in " whose name ends at n.
func isRubyPlace(line []byte, n int) bool {
	if n < len(".rb") || n == len(line) || line[n] != ':' || line[n-1] != 'b' || string(line[n-3:n]) != ".rb" {
		return false
	}
	d := digits(line[n+1:])
	return d > 0 && hasPrefix(line[n+1+d:], ":in ")
}

// isRubyFrame recognises a frame behind others: "app.rb:12:in 'pay'", and what is
// not in a file that is called after Ruby, such as "<internal:kernel>:187:in 'loop'",
// "bin/rails:4:in '<main>'" and "-e:in 'eval'". A place with a message begins a trace.
func isRubyFrame(line []byte) bool {
	at := bytes.Index(line, []byte(":in "))
	if at <= 0 || at+len(":in ") == len(line) || bytes.IndexByte(line[:at], ' ') >= 0 {
		return false
	}
	quote := line[at+len(":in ")]
	return (quote == '\'' || quote == '`') && !bytes.Contains(line[at:], []byte("': "))
}

// isNodePlace recognises the place of an error as Node.js shows it before the
// code: "/app/index.js:12", or "node:internal/modules/cjs/loader:1148".
func isNodePlace(line []byte) bool {
	// The space that most lines have is found faster than the last colon.
	if !isDigit(line[len(line)-1]) || bytes.IndexByte(line, ' ') >= 0 {
		return false
	}
	at := bytes.LastIndexByte(line, ':')
	if at < 0 || digits(line[at+1:]) < len(line)-at-1 {
		return false
	}
	return hasPrefix(line, "node:") || slices.ContainsFunc([]string{".js", ".mjs", ".cjs", ".ts"}, func(suffix string) bool {
		return bytes.HasSuffix(line[:at], []byte(suffix))
	})
}

// isObject says whether text is an object of JSON, by its brackets.
func isObject(text []byte) bool {
	return len(text) > 0 && text[0] == '{' && text[len(text)-1] == '}'
}

// isTime recognises a time that text begins with, maybe in a bracket:
// 2026-03-05, 2026/03/05, 10:11:12, 05/Mar/2026, 05 Mar 2026 and Mar  5 10:11:12.
func isTime(text []byte) bool {
	if len(text) > 0 && text[0] == '[' {
		text = text[1:]
	}
	if len(text) < len("10:11:12") {
		return false
	}
	switch n := digits(text); n {
	case 4:
		return (text[4] == '-' || text[4] == '/') && isDigit(text[5])
	case 2:
		return text[2] == ':' && isDigit(text[3]) && text[5] == ':' ||
			(text[2] == '/' || text[2] == ' ') && isMonth(text[3:])
	case 0:
		return isMonth(text) && text[3] == ' ' && (isDigit(text[4]) || isDigit(text[5]))
	}
	return false
}

func isMonth(text []byte) bool {
	const names = "JanFebMarAprMayJunJulAugSepOctNovDec"
	at := bytes.Index([]byte(names), text[:3])
	return at >= 0 && at%3 == 0
}

// levels are what loggers write in a column of their own, padded with spaces.
var levels = []string{
	"TRACE", "DEBUG", "INFO", "NOTICE", "WARN", "WARNING", "ERROR", "SEVERE", "FATAL", "CRITICAL",
}

// isFresh says whether what is behind the indentation is a logger's line: it has
// a time or a level.
func isFresh(text []byte) bool {
	if len(text) == 0 || kinds[text[0]] != letter {
		return isTime(text)
	}
	n := 0
	for n < len(text) && text[n]-'A' < 26 {
		n++
	}
	if n < 4 || n == len(text) || !bytes.ContainsRune([]byte(" [:|"), rune(text[n])) {
		return isTime(text)
	}
	return slices.Contains(levels, string(text[:n]))
}

// isKlog recognises "E0305 10:11:12".
func isKlog(line []byte) bool {
	return len(line) > len("E0305 10:") && bytes.IndexByte([]byte("IWEF"), line[0]) >= 0 &&
		digits(line[1:]) == 4 && line[5] == ' ' && isDigit(line[6]) && line[8] == ':'
}

// isLogLine recognises lines that go on with nothing, whatever is awaited.
func isLogLine(line []byte) bool {
	return line[0] == '{' || isFresh(line) || isKlog(line) || kinds[line[0]] == digit && isAccess(line)
}

// isAccess recognises an access log's line by the address that it begins with.
func isAccess(line []byte) bool {
	dots, digits := 0, 0
	for _, c := range line[:min(len(line), len("255.255.255.255,"))] {
		switch {
		case isDigit(c) && digits < 3:
			digits++
		case digits > 0 && c == '.' && dots < 3:
			dots, digits = dots+1, 0
		case digits > 0 && dots == 3:
			return c == ' ' || c == ':' || c == ','
		default:
			return isAccess6(line)
		}
	}
	return false
}

// isAccess6 does so for IPv6, whose first group ends with the fifth byte at the
// latest.
func isAccess6(line []byte) bool {
	if bytes.IndexByte(line[:min(len(line), len("2001:"))], ':') < 0 {
		return false
	}
	n := 0
	for n < len(line) && n < 45 && (isDigit(line[n]) || line[n] == ':' || (line[n]|0x20)-'a' < 6) {
		n++
	}
	return hasPrefix(line[n:], " - ") && bytes.Contains(line[:n], []byte("::"))
}

// isEnvoy recognises Envoy's access log: [2026-03-05T10:11:12.310Z] "GET.
func isEnvoy(line []byte) bool {
	end := bytes.IndexByte(line[:min(len(line), 40)], ']')
	return end > 0 && hasPrefix(line[end+1:], ` "`)
}

// errorWords are what a logger's line of an error has in it, most likely.
var errorWords = []string{"ERR", "rror", "WARN", "arning", "warn", "FATAL", "atal", "CRIT", "SEVERE", "panic", "PANIC", "fail", "xception"}

// headSize is how much of a record's first line is looked at for a level.
const headSize = 256

// IsError says whether a line is what a logger wrote of an error, so that the
// trace behind it belongs to it. A trace behind any other line is of an error
// that nobody caught.
func IsError(line []byte) bool {
	line = line[:min(len(line), headSize)]
	if isKlog(line) && line[0] != 'I' || hasPrefix(line, "E, [") || hasPrefix(line, "F, [") {
		return true
	}
	return slices.ContainsFunc(errorWords, func(w string) bool { return bytes.Contains(line, []byte(w)) })
}
