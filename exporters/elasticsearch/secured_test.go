package elasticsearch

import (
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/tailrace/tailrace/internal/testkit/authority"
	"github.com/tailrace/tailrace/internal/testkit/elastic"
	"github.com/tailrace/tailrace/pipeline/shipping"
)

// TestSecuredServer: TLS with certificates on both sides, and a password that
// is wrong first.
func TestSecuredServer(t *testing.T) {
	for _, version := range elastic.Versions() {
		t.Run(version, func(t *testing.T) { deliversSecurely(t, version) })
	}
}

func deliversSecurely(t *testing.T, version string) {
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	a := authority.New(t)
	s := elastic.Start(t, elastic.Options{Version: version, Password: testPassword, Authority: a})
	a.Write(in("ca"))
	a.Issue(in("cert"), in("key"))
	c := settings(s)
	c.User, c.PasswordFile = "elastic", in("password")
	c.TLS.CAFile, c.TLS.CertFile, c.TLS.KeyFile = in("ca"), in("cert"), in("key")
	must(t, os.WriteFile(in("password"), []byte("wrong"), 0o600))

	t.Run("a wrong password holds delivery until it is right", func(t *testing.T) {
		s.Use(t)
		d := newDelivery(t, c)
		d.run()
		d.add(document{"secured", "1", `{"a":1}`})
		for deadline := time.Now().Add(time.Minute); !d.shipper.Stats().Trouble.Holding; time.Sleep(10 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("delivery does not hold: %+v", d.shipper.Stats())
			}
		}
		if st := d.shipper.Stats(); st.Trouble.Cure == "" || st.Sent.Docs != 0 {
			t.Errorf("figures %+v", st)
		}
		must(t, os.WriteFile(in("password"), []byte(testPassword), 0o600))
		if r := d.delivered(); r.Delivered != 1 {
			t.Errorf("the cursor counts %+v, want 1 line delivered", r)
		}
		if n := s.Count("secured", "*"); n != 1 {
			t.Errorf("%d documents, want 1", n)
		}
	})
	for name, change := range map[string]func(*Config){
		"without a certificate of its own": func(c *Config) { c.TLS.CertFile, c.TLS.KeyFile = "", "" },
		"without the server's authority":   func(c *Config) { c.TLS.CAFile = "" },
		"under another name":               func(c *Config) { c.TLS.ServerName = "elsewhere" },
	} {
		t.Run(name, func(t *testing.T) {
			c := c
			change(&c)
			e, err := New(c, slog.New(slog.DiscardHandler))
			must(t, err)
			defer e.Close()
			if r := export(t, e, `{}`); r.Verdict == shipping.Answered {
				t.Errorf("it was let in: %+v", r)
			}
		})
	}
}
