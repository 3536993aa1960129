package elasticsearch

import (
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/tailrace/tailrace/internal/testkit/elastic"
	"github.com/tailrace/tailrace/pipeline/shipping"
)

// TestSecuredServer: TLS with certificates on both sides, and a password that
// is wrong first.
func TestSecuredServer(t *testing.T) {
	t.Parallel()
	t.Run(elastic.V8, func(t *testing.T) { deliversSecurely(t, guarded.Take(t)) })
	t.Run(elastic.V9, func(t *testing.T) {
		t.Parallel()
		deliversSecurely(t, elastic.Start(t, elastic.Options{Version: elastic.V9, Password: testPassword, TLS: true}))
	})
}

func deliversSecurely(t *testing.T, s *elastic.Server) {
	c := settings(s)
	c.User, c.PasswordFile = "elastic", filepath.Join(t.TempDir(), "password")
	must(t, os.WriteFile(c.PasswordFile, []byte("wrong"), 0o600))

	t.Run("a wrong password holds delivery until it is right", func(t *testing.T) {
		s := s.For(t)
		d := newDelivery(t, c)
		d.run()
		d.add(document{"secured", "1", `{"a":1}`})
		d.until("delivery holds", func() bool { return d.shipper.Stats().Trouble.Holding })
		if st := d.shipper.Stats(); st.Trouble.Cure == "" || st.Sent.Docs != 0 {
			t.Errorf("figures %+v", st)
		}
		must(t, os.WriteFile(c.PasswordFile, []byte(testPassword), 0o600))
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
