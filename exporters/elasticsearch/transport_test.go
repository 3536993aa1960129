package elasticsearch

import (
	"crypto/tls"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tailrace/tailrace/internal/configtls"
	"github.com/tailrace/tailrace/internal/testkit/authority"
	"github.com/tailrace/tailrace/pipeline/config"
	"github.com/tailrace/tailrace/pipeline/shipping"
)

const testCloudID = "prod:dXMtZWFzdC0xLmF3cy5mb3VuZC5pbyQ0ZmE4ODIxZTc1NjM0MDMyYmVkMWNmMjIxMTBlMmY5NyQ0ZmE4ODIxZTc1NjM0MDMyYmVkMWNmMjIxMTBlMmY5Ng=="

func TestCloudID(t *testing.T) {
	for id, want := range map[string]string{
		testCloudID:                      "https://4fa8821e75634032bed1cf22110e2f97.us-east-1.aws.found.io:443",
		"x:bG9jYWxob3N0OjkyNDMkZXMka2I=": "https://es.localhost:9243",
		"x:bG9jYWxob3N0":                 "",
		"x:%":                            "",
		"":                               "",
	} {
		got, err := cloudAddress(id)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("cloudAddress(%q) = %q, %v; want %q", id, got, err, want)
		}
	}
}

func TestRequestsGoThroughTheProxy(t *testing.T) {
	var asked, password string
	e := newFake(t, func(w http.ResponseWriter, r *http.Request) {
		// A proxy is asked for the whole address (RFC 9112, 3.2.2).
		asked, password = r.URL.String(), r.Header.Get("Proxy-Authorization")
		says(200, "application/json", `{"items":[{"create":{"status":201}}]}`)(w, r)
	}, func(c *Config) {
		c.ProxyURL = strings.Replace(c.Endpoint, "://", "://ann:hunter2@", 1)
		c.Endpoint = "http://es.invalid:9200/below"
	})
	if r := export(t, e, `{}`); r.Verdict != shipping.Answered {
		t.Errorf("the answer is %+v", r)
	}
	if !strings.HasPrefix(asked, "http://es.invalid:9200/below/_bulk?") || password != basic("hunter2") {
		t.Errorf("the proxy was asked for %s, with %q", asked, password)
	}
}

// authorised answers whether a request has the header that is in want.
func authorised(want *string) http.HandlerFunc {
	stored := says(200, "application/json", `{"items":[{"create":{"status":201}}]}`)
	denied := says(401, "application/json", `{"error":{"type":"security_exception","reason":"no"},"status":401}`)
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") == *want && r.Header.Get("X-Tenant") == "shop" {
			stored(w, r)
			return
		}
		denied(w, r)
	}
}

func TestSecretsInFilesMayBeRotated(t *testing.T) {
	file := filepath.Join(t.TempDir(), "secret")
	for name, c := range map[string]struct {
		change func(*Config)
		header func(secret string) string
	}{
		"API key":  {func(c *Config) { c.APIKeyFile = file }, func(s string) string { return "ApiKey " + s }},
		"token":    {func(c *Config) { c.BearerTokenFile = file }, func(s string) string { return "Bearer " + s }},
		"password": {func(c *Config) { c.User, c.PasswordFile = "ann", file }, basic},
	} {
		t.Run(name, func(t *testing.T) {
			var want string
			e := newFake(t, authorised(&want), c.change, func(c *Config) { c.Headers = map[string]config.Secret{"X-Tenant": "shop"} })
			for _, secret := range []string{"one", "two"} {
				must(t, os.WriteFile(file, []byte(secret+"\n"), 0o600))
				want = c.header(secret)
				if r := export(t, e, `{}`); r.Verdict != shipping.Answered {
					t.Errorf("secret %q: verdict %d: %s", secret, r.Verdict, r.Reason)
				}
			}
			must(t, os.Remove(file))
			r := export(t, e, `{}`)
			if r.Verdict != shipping.Denied || !strings.Contains(r.Reason, file) || r.Cure == "" {
				t.Errorf("without the file: verdict %d: %s; %s", r.Verdict, r.Reason, r.Cure)
			}
		})
	}
}

func basic(secret string) string {
	r := http.Request{Header: http.Header{}}
	r.SetBasicAuth("ann", secret)
	return r.Header.Get("Authorization")
}

// TestCertificatesMayBeRotated: both sides get new ones from a new authority,
// and the exporter goes on.
func TestCertificatesMayBeRotated(t *testing.T) {
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	c := DefaultConfig()
	c.TLS = configtls.Client{CAFile: in("ca"), CertFile: in("cert"), KeyFile: in("key"), MinVersion: "1.3"}
	var e *Exporter
	for round := range 2 {
		a := authority.New(t)
		a.Write(in("ca"))
		a.Issue(in("cert"), in("key"))
		s := mutual(t, a, a.Issue(in("server"), in("server-key")))
		c.Endpoint, c.TLS.ServerName = s.URL, "localhost"
		if round == 0 {
			var err error
			e, err = New(c, slog.New(slog.DiscardHandler))
			must(t, err)
			defer e.Close()
		} else {
			moved, err := newAddresses(&c, e.transport, slog.New(slog.DiscardHandler))
			must(t, err)
			e.addresses = moved
			e.transport.looked = time.Time{}
		}
		if r := export(t, e, `{}`); r.Verdict != shipping.Answered {
			t.Errorf("round %d: verdict %d: %s", round, r.Verdict, r.Reason)
		}
	}
	must(t, os.WriteFile(in("ca"), []byte("half writ"), 0o600))
	e.transport.looked = time.Time{}
	if r := export(t, e, `{}`); r.Verdict != shipping.Answered {
		t.Errorf("with an unreadable file the old certificates are gone: verdict %d: %s", r.Verdict, r.Reason)
	}
}

// mutual is a server that wants a certificate of its authority.
func mutual(t *testing.T, a *authority.Authority, own tls.Certificate) *httptest.Server {
	s := httptest.NewUnstartedServer(says(200, "application/json", `{"items":[{"create":{"status":201}}]}`))
	s.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	s.TLS = &tls.Config{Certificates: []tls.Certificate{own}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: a.Pool()}
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}
