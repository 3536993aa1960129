package configtls

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestValuesThatCannotBeAreRefused(t *testing.T) {
	for want, c := range map[string]Client{
		"keep ca_file":                         {CAFile: "ca.pem", InsecureSkipVerify: true},
		"cert_file and tls.key_file go":        {CertFile: "cert.pem"},
		"key_file go together: set both":       {KeyFile: "key.pem"},
		`must be 1.2 or 1.3, not "1.1"`:        {MinVersion: "1.1"},
		"tls.min_version must be 1.2 or 1.3, ": {MinVersion: "TLS1.2"},
	} {
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", c, err, want)
		}
	}
	c := Default()
	if err := c.Validate(); err != nil {
		t.Error(err)
	}
}

func TestFilesThatCannotBeUsedAreNamed(t *testing.T) {
	dir := t.TempDir()
	missing, empty := filepath.Join(dir, "missing.pem"), filepath.Join(dir, "empty.pem")
	if err := os.WriteFile(empty, []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	for want, c := range map[string]Client{
		"tls.ca_file cannot be read: open " + missing:                    {CAFile: missing},
		empty + " has no certificate in it: it must be PEM":              {CAFile: empty},
		"tls.cert_file and tls.key_file cannot be used: open " + missing: {CertFile: missing, KeyFile: empty},
	} {
		if _, err := c.Load(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", c, err, want)
		}
	}
}
