package redact

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tailrace/tailrace/pipeline/event"
)

// hostile strings are put into keys and values.
var hostile = []string{`"`, `\`, `\\`, `\"`, "\n", "\u2028", "é", "'", "`", "{", "}", "[", "]", ",", ":", "=", "&", ";", " ", "<", "&amp;", `\u0026`, "%3D", "%", "@", "://", "--",
	"password", "token", "secret", "SG.", ":AA", "8Q~", "AZDO", ".atlasv1.", "sk-", "Authorization", "Cookie", "Basic ", "Digest ", "-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----", "eyJhbGci", ".", "sig=", "?", "null", "pwd=", "x", "1", "Expires=", " GMT"}

func randomText(r *rand.Rand) string {
	var s strings.Builder
	for range r.IntN(8) {
		s.WriteString(hostile[r.IntN(len(hostile))])
	}
	return s.String()
}

func randomValue(r *rand.Rand, depth int) any {
	switch n := r.IntN(7); {
	case n == 0 && depth > 0:
		m := map[string]any{}
		for range r.IntN(4) {
			m[randomText(r)] = randomValue(r, depth-1)
		}
		return m
	case n == 1 && depth > 0:
		return []any{randomValue(r, depth-1), randomValue(r, depth-1)}
	case n == 2:
		inner, _ := json.Marshal(map[string]any{randomText(r): randomText(r), "password": randomText(r)})
		return string(inner)
	case n == 3:
		return r.IntN(1000)
	case n == 4:
		return nil
	}
	return randomText(r)
}

// Whatever strings a line is made of, JSON stays JSON, and the value of a key
// that means a secret goes.
func TestJSONStaysJSON(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for range 2_000 {
		secret := "Zq" + randomText(r) + "Zq7"
		var line bytes.Buffer
		e := json.NewEncoder(&line)
		e.SetEscapeHTML(r.IntN(2) == 0)
		if err := e.Encode(map[string]any{"m": randomValue(r, 2), "my_password": secret, "n": randomValue(r, 2)}); err != nil {
			t.Fatal(err)
		}
		in := strings.TrimSpace(line.String())
		out := redacted(in, 0)
		var have map[string]any
		if err := json.Unmarshal([]byte(out), &have); err != nil {
			t.Fatalf("%v\n in %s\nout %s", err, in, out)
		}
		if v, ok := have["my_password"]; ok && v != marker {
			t.Fatalf("my_password is %v\n in %s\nout %s", v, in, out)
		}
	}
}

// Lines that make a scanner look back and forth. A search that looks at the rest
// of the line for every key in it takes seconds for each of these, and sixteen
// times as long for one that is four times as long.
func TestHostileLinesTakeLinearTime(t *testing.T) {
	for _, unit := range append([]string{
		"password", "password=", `"password":"`, `password: `, "token:", "eyJhbGci", "eyJhbGci.", "eyJhbGci-", "@", "a@", "://", "://a:", "://a:b@", "x:y@tcp(",
		"-----BEGIN PRIVATE KEY-----", `"-----BEGIN PRIVATE KEY-----",`, "Cookie: a", "Cookie: a=b; ", "Authorization: Digest ", `"Authorization":["`,
		"Cookie:a", "Authorization:basic.", "token%3Da%26", `\`, `password=\`, `\"password\":\"`, "secret.", "bearer ", "ghp_", "password=a,", "password=[",
		`{"password":[1,`, `\u0026sig`, "pwd=,pwd:", `" Authorization: Digest x",`,
	}, hostile...) {
		for _, head := range []string{"", "{"} {
			takesLinearTime(t, unit, head)
		}
	}
}

// takesLinearTime measures again where a machine may just have been slow, which
// is not so ten times in a row.
func takesLinearTime(t *testing.T, unit, head string) {
	t.Helper()
	const size, enough, attempts = 64 << 10, time.Second / 4, 10
	line := head + strings.Repeat(unit, size/len(unit))
	var long, short time.Duration
	for range attempts {
		if long = timeOf(t, line); long <= enough {
			return
		}
		if short = timeOf(t, line[:size/4]); long <= 9*short {
			return
		}
	}
	t.Errorf("%.20q repeated takes %v for %d bytes, and %v for %d", line, long, size, short, size/4)
}

func timeOf(t *testing.T, line string) time.Duration {
	p, b := built(DefaultConfig()), batchOf(line)
	return cpuTime(t, func() { p.Process(b) })
}

// cpuTime is that of f, which the load of the machine does not change much.
func cpuTime(t *testing.T, f func()) time.Duration {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	before := threadTime(t)
	f()
	return threadTime(t) - before
}

func threadTime(t *testing.T) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_THREAD, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// FuzzRedact: no input panics, and JSON stays JSON.
//
//	go test ./processors/redact -fuzz Redact -fuzztime 20s
func FuzzRedact(f *testing.F) {
	for _, m := range marked {
		f.Add(unmark.Replace(m.line), false)
	}
	for _, l := range clean {
		f.Add(l, true)
	}
	f.Fuzz(func(t *testing.T, line string, truncated bool) {
		var flags event.Flags
		if truncated {
			flags = event.Truncated
		}
		out := redacted(line, flags)
		if out == marker && line != marker && len(line) > 0 {
			p, b := built(DefaultConfig()), batchOf(line)
			b.Records[0].Flags = flags
			p.Process(b)
			if p.counts[ruleFailed].Load() > 0 {
				t.Fatalf("panicked at %q", line)
			}
		}
		if strings.HasPrefix(line, "{") && json.Valid([]byte(line)) && !json.Valid([]byte(out)) {
			t.Fatalf("%q became %q", line, out)
		}
	})
}
