package redact

import (
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tailrace/tailrace/pipeline/event"
)

// key makes a key's file.
func key(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func through(p *Processor, line string) string {
	b := batchOf(line)
	p.Process(b)
	return string(b.Bytes(b.Records[0].Line))
}

func TestNumbersOfCardsAreReplaced(t *testing.T) {
	p := built(Config{Cards: true})
	for line, want := range map[string]string{
		`card 4111111111111111 declined`:                          `card REDACTED declined`,
		`card 4111111111111111 100 EUR`:                           `card REDACTED 100 EUR`,
		`4111 1111 1111 1111 12/27 123`:                           `REDACTED 12/27 123`,
		`378282246310005 6011111111111117 12 3782 822463 10005 1`: `REDACTED REDACTED 12 REDACTED 1`,
		`1 4111 1111 1111 1112 4111 111 11111 1111 4`:             `1 4111 1111 1111 1112 4111 111 11111 1111 4`,
		`{"card":4111111111111111,"n":1}`:                         `{"card":null,"n":1}`,
		`{"card":"5500-0055-5555-5559","m":"a\n378282246310005"}`: `{"card":"REDACTED","m":"a\nREDACTED"}`,
		`4111 1111 1111 1111, 30569309025904.`:                    `REDACTED, REDACTED.`,
		// A wrong check digit, other issuers' lengths, ids and hashes.
		`4111111111111112`: `4111111111111112`,
		`1772705472123`:    `1772705472123`,
		`order-4111111111111111 a4111111111111111 4111111111111111ff 0.4111111111111111 41111111111111110`: `order-4111111111111111 a4111111111111111 4111111111111111ff 0.4111111111111111 41111111111111110`,
		`3f0c1b6e-4111-1111-1111-111111110a1b`: `3f0c1b6e-4111-1111-1111-111111110a1b`,
	} {
		if got := through(p, line); got != want {
			t.Errorf("%s became %s", line, got)
		}
	}
}

// A pseudonym is the same for the same address and key, however it is written,
// and has the form of what it stands for.
func TestAddressesBecomePseudonyms(t *testing.T) {
	c := Config{Emails: true, IPs: true, KeyFile: key(t, "0123456789abcdef0123456789abcdef\n")}
	p := built(c)
	mail, ip := through(p, "alice@example.com"), through(p, "203.0.113.9")
	if !strings.HasSuffix(mail, "@email.invalid") || !strings.HasPrefix(ip, "2001:db8:") {
		t.Fatal(mail, ip)
	}
	for line, want := range map[string]string{
		`Alice@Example.COM`: mail, `from <alice@example.com>, to`: `from <` + mail + `>, to`, `{"m":"\nalice@example.com"}`: `{"m":"\n` + mail + `"}`,
		`203.0.113.9 - - [05/Mar/2026:10:11:12 +0000]`: ip + ` - - [05/Mar/2026:10:11:12 +0000]`, `::ffff:203.0.113.9`: ip, `203.0.113.9:8080`: `[` + ip + `]:8080`,
		`[::ffff:cb00:7109]:80`: `[` + ip + `]:80`, `from 203.0.113.9.`: `from ` + ip + `.`,
		`127.0.0.1 ::1 10:11:12 1.2.3 aa:bb:cc:dd:ee:ff deadbeef a@b @x.y v1.2.3.4`: `127.0.0.1 ::1 10:11:12 1.2.3 aa:bb:cc:dd:ee:ff deadbeef a@b @x.y v1.2.3.4`,
	} {
		if got := through(p, line); got != want {
			t.Errorf("%s became %s, not %s", line, got, want)
		}
	}
	if again := through(built(c), "alice@example.com"); again != mail {
		t.Errorf("another time %s", again)
	}
	c.KeyFile = key(t, "another key of sixteen bytes")
	if other := through(built(c), "alice@example.com"); other == mail {
		t.Error("the key makes no difference")
	}
	c.KeyFile = ""
	if got := through(built(c), "alice@example.com 203.0.113.9 198.51.100.7:80"); got != "REDACTED 2001:db8:: [2001:db8::]:80" {
		t.Errorf("without a key %s", got)
	}
	if got := through(built(Config{Secrets: true, Emails: true}), "postgres://app:pw@db.example.com/x"); got != "postgres://REDACTED:REDACTED@db.example.com/x" {
		t.Errorf("a host behind a password: %s", got)
	}
}

func TestRulesOfOnesOwn(t *testing.T) {
	p := built(Config{Rules: []Rule{
		{Name: "customer", Regexp: `customer=(\d+)`},
		{Name: "iban", Regexp: `[A-Z]{2}\d{20}`, Contains: "IBAN"},
		{Name: "number", Regexp: `47\d1`},
	}})
	for line, want := range map[string]string{
		`customer=12 customer=34 x`:                `customer=REDACTED customer=REDACTED x`,
		`IBAN DE89370400440532013000`:              `IBAN REDACTED`,
		`DE89370400440532013000`:                   `DE89370400440532013000`,
		`{"n":4711,"m":"4721","a47b1":[4731.5e3]}`: `{"n":null,"m":"REDACTED","a47b1":[null]}`,
	} {
		if got := through(p, line); got != want {
			t.Errorf("%s became %s", line, got)
		}
	}
	for _, c := range p.Counters() {
		if c.Rule == "customer" && c.Count != 2 || c.Rule == "iban" && c.Count != 1 || c.Rule == "number" && c.Count != 3 {
			t.Errorf("%+v", c)
		}
	}
}

// A rule may find anything anywhere: JSON stays JSON.
func TestJSONStaysJSONWhateverARuleFinds(t *testing.T) {
	p := built(Config{
		Secrets: true, Cards: true, Emails: true, IPs: true,
		Rules: []Rule{{Name: "a", Regexp: `[^x]{3}`}, {Name: "b", Regexp: `.{0,4}[0-9\\:"]`}, {Name: "c", Regexp: `u[0-9a-f]`}, {Name: "d", Regexp: `\w+`}},
	})
	r := rand.New(rand.NewPCG(9, 10))
	for range 2_000 {
		in, err := json.Marshal(map[string]any{"a": randomValue(r, 2), "b": randomText(r), "c": r.Float64() * 1e9, "d": true, "e": "a@b.example 203.0.113.9 4111111111111111"})
		if err != nil {
			t.Fatal(err)
		}
		if out := through(p, string(in)); !json.Valid([]byte(out)) {
			t.Fatalf(" in %s\nout %s", in, out)
		}
	}
}

// What a workload asks for is added for its source alone; it cannot take away.
func TestSourcesAskForMore(t *testing.T) {
	p := built(DefaultConfig())
	const line = "password=a1 alice@example.com 4111111111111111"
	for asked, want := range map[string]string{
		"":             "password=REDACTED alice@example.com 4111111111111111",
		"email":        "password=REDACTED REDACTED 4111111111111111",
		"cards, email": "password=REDACTED REDACTED REDACTED",
		"off":          "password=REDACTED alice@example.com 4111111111111111",
	} {
		b := batchOf(line)
		b.Source = &event.Source{Settings: event.Settings{Redact: asked}}
		p.Open(b.Source)
		p.Process(b)
		p.Close(b.Source)
		if got := string(b.Bytes(b.Records[0].Line)); got != want {
			t.Errorf("%q: %s", asked, got)
		}
	}
	if CheckClasses("cards,ip") != nil || CheckClasses("off") == nil || CheckClasses("cards,") == nil {
		t.Error("the check accepts other values")
	}
}

func TestMistakesInTheConfigurationAreNamed(t *testing.T) {
	for name, c := range map[string]Config{
		"no name":    {Rules: []Rule{{Regexp: "a"}}},
		"twice":      {Rules: []Rule{{Name: "a", Regexp: "a"}, {Name: "a", Regexp: "b"}}},
		"built in":   {Rules: []Rule{{Name: "jwt", Regexp: "a"}}},
		"no regexp":  {Rules: []Rule{{Name: "a"}}},
		"bad regexp": {Rules: []Rule{{Name: "a", Regexp: "("}}},
		"no file":    {KeyFile: "/none"},
		"short key":  {KeyFile: key(t, "short")},
	} {
		if _, err := New(c, nil); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
