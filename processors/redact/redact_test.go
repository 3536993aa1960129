package redact

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/tailrace/tailrace/pipeline/event"
)

// redacted is what is left of a line.
func redacted(line string, flags event.Flags) string {
	p, b := built(DefaultConfig()), batchOf(line)
	b.Records[0].Flags = flags
	p.Process(b)
	r := &b.Records[0]
	if string(b.Bytes(r.Raw)) != line {
		panic("the bytes that the id is computed over have changed")
	}
	return string(b.Bytes(r.Line))
}

// marked are lines in which « » stand around what is replaced by the marker
// and ‹ › around what is replaced by null.
var marked = []struct{ name, line string }{
	// Keys, as programs write them.
	{"JSON", `{"level":"info","password":"«hunter2»","user":"alice"}`},
	{"JSON with blanks", `{ "db" : { "Password" : "«hun\"ter2»" , "host" : "db" } }`},
	{"JSON number", `{"password":‹12345›,"n":1}`},
	{"JSON list", `{"passwords":"a","api_key":["«k1»", "«k2»"],"n":[1]}`},
	{"JSON list of numbers", `{"password":[‹1›,‹2›]}`},
	{"JSON in JSON", `{"msg":"{\"password\":\"«hun\\\"ter2»\",\"user\":\"alice\"}"}`},
	{"JSON in JSON in JSON", `{"msg":"{\"body\":\"{\\\"password\\\":\\\"«hunter2»\\\",\\\"a\\\":1}\"}"}`},
	{"JSON with a backslash at the end", `{"password":"«hunter2\\»","user":"alice"}`},
	{"logfmt", `level=info password=«hunter2» user=alice`},
	{"logfmt in quotes", `level=info password="«hunter 2»" user=alice`},
	{"URL", `GET /login?user=alice&password=«hunter2»&x=1 HTTP/1.1`},
	{"URL in JSON of Go", `{"url":"/login?user=alice\u0026password=«hunter2»\u0026x=1"}`},
	{"URL in a URL", `GET /go?to=https%3A%2F%2Fx.example%2F%3Faccess_token%3D«abc123»%26y%3D1 HTTP/1.1`},
	{"escaped equals sign", `{"msg":"password\u003d«hunter2» rest"}`},
	{"YAML", `password: «hunter2»`},
	{"camel case", `dbPassword=«hunter2»`},
	{"environment", `DB_PASSWORD=«hunter2»`},
	{"property", `spring.datasource.password=«hunter2»`},
	{"Java", `Config{user=alice, password=«hunter2», retries=3}`},
	{"of a command's environment", `dbpwd=«hunter2» PWD=/home/alice`},
	{"connection string", `Server=db;Uid=sa;Pwd=«Sa!Passw0rd»;Encrypt=yes`},
	{"Python", `{'user': 'alice', 'password': '«hunter2»'}`},
	{"Ruby", `{"user"=>"alice", "password"=>"«hunter2»"}`},
	{"Go", `{User:alice Password:«hunter2» Retries:3}`},
	{"command", `mysqldump --user alice --password «hunter2» --host db`},
	{"command with equals sign", `mysqldump --password=«hunter2» --host db`},
	{"SQL", `ALTER USER alice WITH PASSWORD '«hunter2»' VALID UNTIL 'infinity'`},
	{"XML", `<user>alice</user><password>«hunter2»</password>`},
	{"punctuation in it", `password=«a,b)c]d» user=alice`},
	{"secret", `client_secret=«abc» AWS_SECRET_ACCESS_KEY=«wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY»`},
	{"token that looks random", `token=«8f14e45fceea167a5a36dedd4bea2543»`},
	{"token of a reset link", `GET /reset?token=«3f0c1b6e-7a52-4d0e-9d7e-0a1b2c3d4e5f» HTTP/1.1`},
	{"API key", `x-api-key: «abcdef»`},
	{"Azure", `DefaultEndpointsProtocol=https;AccountName=a;AccountKey=«Zm9vYmFy+/==»;EndpointSuffix=core.windows.net`},

	// Headers.
	{"basic", `> Authorization: Basic «dXNlcjpwYXNz»`},
	{"bearer in JSON", `{"headers":{"Authorization":"Bearer «abc.def»","Accept":"*/*"}}`},
	{"headers of Go in JSON", `{"headers":{"Authorization":["Bearer «abc»"],"Cookie":["«a=b; c=d»"]}}`},
	{"headers of Go", `map[Accept:[*/*] Authorization:[Bearer «abc»] Cookie:[«a=b; c=d»]]`},
	{"digest", `Authorization: Digest «username="Mufasa", realm="x", response="6629fae49393a05397450978507c4ef1"»`},
	{"AWS", `curl -H "Authorization: AWS4-HMAC-SHA256 «Credential=a/b, SignedHeaders=host, Signature=fe5f80»" https://x`},
	{"in a message", `{"msg":"sent Authorization: Digest «username=\"x\", response=\"y\"»\nHost: z","n":1}`},
	{"credentials without scheme", `{"authorization":"«abc»"}`},
	{"bearer by itself", `calling with Bearer «abcdefgh12345678» now`},
	{"cookies", `Cookie: «session=abc; theme=dark» next`},
	{"set-cookie", `Set-Cookie: «sid=abc; Path=/; HttpOnly; Expires=Wed, 21 Oct 2015 07:28:00 GMT»`},
	{"cookie in JSON", `{"cookie":"«session=abc; theme=dark»","n":1}`},

	// URLs.
	{"signed for S3", `GET /f?X-Amz-Date=1&X-Amz-Credential=«A%2Fb»&X-Amz-Signature=«fe5f80»&X-Amz-Security-Token=«x» HTTP/1.1`},
	{"signed for Google", `GET /f?X-Goog-Date=1&X-Goog-Signature=«fe5f80» HTTP/1.1`},
	{"signed for Azure", `GET /f?sv=2024&sig=«a%2Bb%3D» HTTP/1.1`},
	{"signed in old ways", `GET /f?AWSAccessKeyId=«A»&Expires=1&Signature=«b%3D»`},
	{"signed in JSON of Go", `{"url":"https://x/?a=1\u0026sig=«abc»\u0026b=2"}`},
	{"signed, in a URL in a URL", `GET /go?to=https%3A%2F%2Fx%2F%3Fsig%3D«abc»%26Signature%3D«def»%26y%3D1 HTTP/1.1`},
	{"query of its own in JSON", `{"args":"sig=«s»&z=1","status":200}`},
	{"query of its own in JSON of Go", `{"query":"Signature=«b%3D»\u0026Expires=1"}`},
	{"query of one parameter", `{"args":"sig=«a%2Bb%3D»","status":200}`},
	{"query in a column", `203.0.113.9 200 sig=«Zm9vYmFyYmF6cXV4%2F» 0.012`},
	{"parameter of AWS", `X-Amz-Credential=«AKIA%2F20260305»&X-Amz-Signature=«fe5f80»`},
	{"login", `dial postgres://«app»:«p4ss»@db:5432/shop failed`},
	{"password alone", `redis://:«p4ss»@cache:6379/0`},
	{"@ in the password", `amqp://«app»:«p@ss»@mq:5672/`},
	{"in escaped JSON", `{"dsn":"postgres:\/\/«app»:«p4ss»@db\/shop"}`},
	{"MySQL", `dsn=«root»:«p4ss»@tcp(127.0.0.1:3306)/shop`},

	// Keys and tokens that are known by their form.
	{"private key", `-----BEGIN RSA PRIVATE KEY-----«\nMIIEow\n»-----END RSA PRIVATE KEY-----`},
	{"private key in JSON", `{"key":"-----BEGIN PRIVATE KEY-----«\nMIIEow\n»-----END PRIVATE KEY-----\n","n":1}`},
	{"private key without end", `{"key":"-----BEGIN EC PRIVATE KEY-----«\nMIIEow»","n":1}`},
	{"web token", `got «eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln» from x`},
	{"web token without signature", `"«eyJ0eXAiOiJKV1QiLCJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0»."`},
	{"bot of Telegram", `GET https://api.telegram.org/bot110201543:«AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw_»/getMe`},
	{"bot of Discord", `Authorization: Bot «MTk4NjIyNDgzNDcxOTI1MjQ4.Cl2FMQ.ZnCjm1XVW7vRze4b7Cq4se7kKWs»`},
	{"webhook of Slack", `POST https://hooks.slack.com/services/«T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX» failed`},
	{"secret of Entra", `the secret is «abc8Q~defghijklmnopqrstuvwxyz-_.~0123456» now`},
	{"scheme of its own", `Authorization: Acme «9f86d081884c7d65» next`},
	{"digest of Event Hubs", `Authorization: SharedAccessSignature «sr=https%3A%2F%2Fx&sig=abc%3D&se=1&skn=all»`},
	{"after an escaped newline", `{"m":"a\n«eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln»"}`},
}

var unmark = strings.NewReplacer("«", "", "»", "", "‹", "", "›", "")

// want is the line with its marked parts replaced.
func want(line string) string {
	for _, m := range []struct{ open, end, by string }{{"«", "»", marker}, {"‹", "›", null}} {
		for {
			head, rest, ok := strings.Cut(line, m.open)
			if !ok {
				break
			}
			_, tail, _ := strings.Cut(rest, m.end)
			line = head + m.by + tail
		}
	}
	return line
}

func TestSecretsAreReplacedAndNothingElse(t *testing.T) {
	for _, m := range marked {
		if got := redacted(unmark.Replace(m.line), 0); got != want(m.line) {
			t.Errorf("%s:\n got %s\nwant %s", m.name, got, want(m.line))
		}
	}
}

// A secret may stand at any place of a line: pairs are looked up at every third
// byte.
func TestSecretsAreFoundAtAnyPlace(t *testing.T) {
	for _, m := range marked {
		for n := range 12 {
			before, behind := strings.Repeat("=", n)+" ", " "+strings.Repeat("-", n)
			line := before + unmark.Replace(m.line) + behind
			if strings.Contains(m.line, "‹") || strings.HasPrefix(m.name, "digest") || m.line[0] == '{' {
				line, before, behind = strings.Repeat(" ", n)+unmark.Replace(m.line), strings.Repeat(" ", n), ""
			}
			if got := redacted(line, 0); got != before+want(m.line)+behind {
				t.Errorf("%s, moved by %d:\n got %s\nwant %s", m.name, n, got, before+want(m.line)+behind)
			}
		}
	}
}

// example is a credential of the form t.
func (t *token) example(r *rand.Rand) string {
	var set []byte
	for c := range 128 {
		if t.set.has(byte(c)) && alnum.has(byte(c)) {
			set = append(set, byte(c))
		}
	}
	var s []byte
	for i := range t.lead + t.min {
		if i == t.lead {
			s = append(s, t.prefix...)
		}
		// Letters and digits in turn, where it may have both.
		c := set[r.IntN(len(set))]
		for t.mixed && digit.has(c) != (i%2 == 0) {
			c = set[r.IntN(len(set))]
		}
		s = append(s, c)
	}
	return string(s)
}

func TestTokensOfVendorsAreReplaced(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for i := range tokens {
		tok := &tokens[i]
		for _, around := range []string{"%", "x=% y", `{"m":"a\n%"}`, `{"m":"%","n":1}`, "(%)", "https://h/%/x", "a,%,b"} {
			line, kept := strings.Replace(around, "%", tok.example(r), 1), ""
			if tok.place {
				kept = tok.prefix
			}
			if tok.set&slash != 0 && strings.Contains(around, "%/") {
				continue
			}
			if got, want := redacted(line, 0), strings.Replace(around, "%", kept+marker, 1); got != want {
				t.Errorf("%s\n got %s\nwant %s", line, got, want)
			}
		}
		for _, inside := range []string{"a%", "9%"} {
			line := strings.Replace(inside, "%", tok.example(r), 1)
			if got := redacted(line, 0); got != line {
				t.Errorf("a token within a word: %s became %s", line, got)
			}
		}
	}
}

// clean are lines that look as if they had secrets.
var clean = []string{
	`unexpected token: foo`, `Unexpected token < in JSON at position 0`, `{"error":"unexpected token","token":"EOF"}`,
	`prompt_tokens=512 completion_tokens=33 tokens: 545`, `{"usage":{"total_tokens":545},"token":17}`,
	`Failed password for root from 203.0.113.9 port 22 ssh2`, `invalid password: too short`,
	`password is required`, `"password" is required`, `password=`, `{"password":""}`, `{"password":null,"passwd":true}`, `password=****** user=x`,
	`secret="kube-system/coredns-token" namespace=x`, `secret=default/db-credentials-2`, `MountVolume.SetUp succeeded for secret "db-credentials"`,
	`{"next_page_token":"CAoQAA8f14e45fceea167a5a36dedd4bea2543"}`, `cookie: accepted`, `cookie consent stored`,
	`primary_key=4711 cache_key=user:8f14e45fceea foreign key constraint`, `"key":"value"`, `keyboard monkey=1`,
	`authorization failed for user alice`, `{"msg":"authorization","ok":true}`, `the bearer of this letter`,
	`commit 8f14e45fceea167a5a36dedd4bea2543c0ffee00`, `sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08`,
	`id=3f0c1b6e-7a52-4d0e-9d7e-0a1b2c3d4e5f traceparent=00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01`,
	`design?msig=1 /f?sign=2&signature_version=4`, `func Signature=foo`, `sig=SIGTERM signature=valid`, `{"signature":"8f14e45fceea167a","sig":"8f14e45fceea167a"}`,
	`Access denied for user 'app'@'localhost' (using password: YES)`,
	`mail from alice@example.com to bob@example.org`, `ssh://git@github.com/a/b.git`, `https://example.com/@alice/post:1`, `user alice:admin@host logged in`,
	`-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----`, `-----BEGIN PUBLIC KEY-----`, `----- BEGIN PRIVATE KEY`,
	`data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAUAAAAFCAYAAACNbyblAAAAHElEQVQI12P4//8/w38GIAXDIBKE0DHxgljNBAAO9TXL0Y4OHwAAAABJRU5ErkJggg==`,
	`eyJhbGciOiJIUzI1NiJ9 is only the header`, `AKIAlowercaseisnokey1`, `AKIAIOSFODNN7EXAMPLE1`, `ghp_short`,
	`PWD=/home/alice OLDPWD=/`, `env: PWD=/srv`, `api_key_id=4711`, `token_type=bearer expires_in=3600`, `keepalive`,
	`{"password_reset":true,"password_length":12}`, `secretName: db-credentials`, `"token": "$TOKEN"`, `password=${DB_PASSWORD}`,
	`cache-key-9f86d081884c7d659a2feaa0c55ad015 task-0123456789abcdef0123456789abcdef`, `00:AA:1b:22 at 10:AAAA`, `GET /api/webhooks/github`,
	`sk-eyed oy2 hf_hub SG.x.y key-value 1//0 r8_x`, `Authorization: see RFC 7235`,
	`C:\npm_cache\ghp_repo`, `"\npm_abcdefghijklmnopqrstuvwxyz0123456789"`,
}

func TestWhatIsNoSecretStays(t *testing.T) {
	for _, line := range clean {
		if got := redacted(line, 0); got != line {
			t.Errorf("%s\nbecame %s", line, got)
		}
	}
}

// Hashes, ids and encoded data, alone and behind keys that mean nothing.
func TestRandomDataStays(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	const base64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	for range 2_000 {
		set := []string{base64[26:36] + "0123456789", base64, "0123456789abcdef", base64[:62] + "-_"}[r.IntN(4)]
		b := make([]byte, 16+r.IntN(200))
		for i := range b {
			b[i] = set[r.IntN(len(set))]
		}
		for _, line := range []string{string(b), `{"id":"` + string(b) + `"}`, "digest=" + string(b) + " next"} {
			if got := redacted(line, 0); got != line {
				t.Fatalf("%s\nbecame %s", line, got)
			}
		}
	}
}

// Wherever the cap of a line cuts a secret off, what is left of it goes.
func TestSecretsCutOffAreReplaced(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for i := range tokens {
		secret, kept := tokens[i].example(r), ""
		if tokens[i].place {
			kept = tokens[i].prefix
		}
		for n := tokens[i].lead + len(tokens[i].prefix) + 1; n < len(secret); n++ {
			if got := redacted("x "+secret[:n], event.Truncated); got != "x "+kept+marker {
				t.Errorf("%s cut at %d: %s", secret, n, got)
				break
			}
		}
	}
	for _, head := range []string{`{"password":"`, `password=`, `password="`, `Authorization: Basic `, `-----BEGIN PRIVATE KEY-----`, `{"m":"{\"password\":\"`} {
		for n := 1; n < 20; n++ {
			if got := redacted(head+strings.Repeat("Q7", n), event.Truncated); got != head+marker {
				t.Errorf("%s cut: %s", head, got)
			}
		}
	}
}

func TestNothingIsAllocatedPerLine(t *testing.T) {
	p, b := built(DefaultConfig()), new(event.Batch)
	lines := []string{jsonLine, nginxLine, textLine}
	for _, m := range marked {
		lines = append(lines, unmark.Replace(m.line))
	}
	src := &event.Source{Container: "test"}
	run := func() {
		b.Reset(src)
		for _, l := range lines {
			s := b.Append([]byte(l))
			b.Records = append(b.Records, event.Record{Raw: s, Line: s})
		}
		p.Process(b)
	}
	run()
	if n := testing.AllocsPerRun(10, run); n != 0 {
		t.Errorf("%v allocations for %d lines", n, len(lines))
	}
}

func TestReplacementsAreCountedByRule(t *testing.T) {
	p := built(DefaultConfig())
	p.Process(batchOf(`password=a1 password=b2`, `Authorization: Basic abc`, `clean`))
	counts := map[string]uint64{}
	for _, c := range p.Counters() {
		counts[c.Rule] = c.Count
	}
	if counts["password"] != 2 || counts["authorization"] != 1 || counts["cookie"] != 0 {
		t.Error(counts)
	}
}

func TestSecretsCanBeLeft(t *testing.T) {
	p, b := built(Config{}), batchOf(`password=a1`)
	p.Process(b)
	if got := string(b.Bytes(b.Records[0].Line)); got != `password=a1` {
		t.Error(got)
	}
}

// A line at which the search fails is not stored as it is.
func TestLineThatPanicsIsReplacedWhole(t *testing.T) {
	p, b := built(DefaultConfig()), batchOf(`one`, `two`, `password=a1`)
	b.Records[1].Line.Len = 1 << 30
	p.Process(b)
	if got := string(b.Bytes(b.Records[1].Line)); got != marker {
		t.Error(got)
	}
	if got := string(b.Bytes(b.Records[2].Line)); got != `password=REDACTED` {
		t.Error(got)
	}
	if n := p.counts[ruleFailed].Load(); n != 1 {
		t.Errorf("%d failures", n)
	}
}
