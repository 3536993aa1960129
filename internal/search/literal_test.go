package search

import (
	"fmt"
	"regexp/syntax"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestRequiredLiterals lists, for each expression, what a document must have
// one of before it is read as JSON; nothing where there is no telling.
func TestRequiredLiterals(t *testing.T) {
	for expr, want := range map[string]string{
		"timeout":              "timeout",
		"connection (refused)": "connection ",
		"timeout|refused":      "refused timeout",
		"tim(eout|ed out)":     "tim",
		"(abc)+d":              "abc",
		"(abc){2,3}":           "abc",
		"(abc)?":               "",
		"abc*":                 "ab",
		"a.*b":                 "",
		"GET /api/v1":          "GET ",
		"status_code=503":      "status_code",
		`say "hello"`:          "hello",
		"größe":                "größe",
		"(?i)Timeout":          "timeout(fold)",
		"(?i)disk":             "di(fold)",
		"(?i)größe":            "gr(fold)",
		"[0-9]+":               "",
		"a|":                   "",
		"\x1b\\[31mred":        "[31mred",
	} {
		t.Run(expr, func(t *testing.T) {
			re, err := syntax.Parse(expr, syntax.Perl)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, show(required(re.Simplify()))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func show(lits []literal) string {
	var all []string
	for _, l := range lits {
		s := string(l.text)
		if l.fold {
			s = strings.ToLower(s) + "(fold)"
		}
		all = append(all, s)
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}

// TestTooManyAlternatives: searching for very many texts is no short cut.
func TestTooManyAlternatives(t *testing.T) {
	var words []string
	for i := range maxLiterals + 1 {
		words = append(words, fmt.Sprintf("%cword%d", 'a'+i, i))
	}
	re, err := syntax.Parse(strings.Join(words, "|"), syntax.Perl)
	if err != nil {
		t.Fatal(err)
	}
	if got := required(re.Simplify()); got != nil {
		t.Errorf("%d literals", len(got))
	}
}

func TestHidesText(t *testing.T) {
	for text, want := range map[string]int{
		`plain`:             none,
		`\u001b[31m \u007f`: none,
		`\u0041`:            0,
		`\u001b \u0061`:     7,
		`\u00`:              0,
		`\u`:                0,
	} {
		if got := hidesText([]byte(text)); got != want {
			t.Errorf("hidesText(%q) = %d, want %d", text, got, want)
		}
	}
}

// FuzzFold compares the search that ignores case with the plain one over
// lower-cased text.
func FuzzFold(f *testing.F) {
	f.Add("a Timeout of TIMEOUTS", "timeout")
	f.Add("xXxX", "xx")
	f.Add("", "a")
	f.Fuzz(func(t *testing.T, text, word string) {
		if word == "" || !isASCII(text+word) {
			return
		}
		want := strings.Index(strings.ToLower(text), strings.ToLower(word))
		if got := rarestOf([]byte(word)).indexFold([]byte(text), []byte(word)); got != want {
			t.Errorf("%q in %q at %d, want %d", word, text, got, want)
		}
	})
}

func isASCII(s string) bool {
	for _, c := range []byte(s) {
		if c >= 0x80 {
			return false
		}
	}
	return true
}

// FuzzPattern: no expression may be matched where its required literals are
// missing, or the short cut would lose lines.
func FuzzPattern(f *testing.F) {
	for _, expr := range []string{"time(out|d)", "(?i)abc|k", "a{2,3}b", `\bword\b`, "x*yz+", "(?s:a.b)", "[ab]cd"} {
		f.Add(expr, `time\u006fut abcABC aab`, true)
	}
	f.Fuzz(func(t *testing.T, expr, text string, ignoreCase bool) {
		p, err := CompilePattern(expr, PatternOptions{IgnoreCase: ignoreCase})
		if err != nil || len(p.needs) == 0 || !p.found([]byte(text)) {
			return
		}
		if strings.ToValidUTF8(text, "") != text {
			return // JSON holds valid UTF-8 only
		}
		doc := quote(text)
		s := newSeeker(p.needs)
		s.reset(doc)
		if s.next(0) == none {
			t.Errorf("%q matches %q, but %s was passed over (needs %s)", expr, text, doc, show(p.needs))
		}
	})
}
