package elasticsearch

import (
	"encoding/pem"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// writeCA writes the certificate of a test server as a PEM file.
func writeCA(t *testing.T, s *httptest.Server) string {
	name := filepath.Join(t.TempDir(), "ca.pem")
	b := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
	must(t, os.WriteFile(name, b, 0o600))
	return name
}

func TestConfigIsChecked(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*Config)
		want   string
	}{
		{"as it should be", func(*Config) {}, ""},
		{"no address", func(c *Config) { c.Endpoints = nil }, "set endpoints"},
		{"two ways", func(c *Config) { c.Endpoint = "http://a:9200" }, "both set"},
		{"no scheme", func(c *Config) { c.Endpoints = []string{"es:9200"} }, "must begin with http"},
		{"credentials in the address", func(c *Config) { c.Endpoints = []string{"https://u:hunter2@es:9200"} }, "use user and password"},
		{"no URL", func(c *Config) { c.Endpoints = []string{"https://u:hunter2@es:9200\x00"} }, "is no URL"},
		{"a query", func(c *Config) { c.Endpoints = []string{"https://es:9200/?a=b"} }, "must end with"},
		{"a user alone", func(c *Config) { c.User = "elastic" }, "go together"},
		{"key and user", func(c *Config) { c.APIKey, c.User, c.Password = "a", "b", "c" }, "keep one"},
		{"token and key in files", func(c *Config) { c.BearerTokenFile, c.APIKeyFile = "a", "b" }, "keep one"},
		{"a secret twice", func(c *Config) { c.User, c.Password, c.PasswordFile = "a", "hunter2", "c" }, "keep one"},
		{"a password in a file", func(c *Config) { c.User, c.PasswordFile = "a", "b" }, ""},
		{"a password file alone", func(c *Config) { c.PasswordFile = "b" }, "go together"},
		{"a certificate without its key", func(c *Config) { c.TLS.CertFile = "x" }, "go together"},
		{"an old version of TLS", func(c *Config) { c.TLS.MinVersion = "1.1" }, "must be 1.2 or 1.3"},
		{"addresses and a Cloud ID", func(c *Config) { c.CloudID = testCloudID }, "keep one"},
		{"no Cloud ID", func(c *Config) { c.Endpoints, c.CloudID = nil, "prod:%%%" }, "no Cloud ID"},
		{"large requests", func(c *Config) { c.Flush.Bytes = 200 << 20 }, "flush.bytes must be from 1 to 100MiB"},
		{"no requests", func(c *Config) { c.Flush.Bytes = 0 }, "flush.bytes must be"},
		{"no time", func(c *Config) { c.Timeout = 0 }, "timeout must be"},
		{"waits", func(c *Config) { c.Retry.MaxInterval = 1 }, "retry.max_interval"},
		{"CA and no verification", func(c *Config) { c.TLS.CAFile, c.TLS.InsecureSkipVerify = "x", true }, "keep ca_file"},
		{"on_full", func(c *Config) { c.OnFull = "drop" }, "block or skip"},
		{"start_at", func(c *Config) { c.StartAt = "start" }, "end or beginning"},
	} {
		t.Run(c.name, func(t *testing.T) {
			conf := DefaultConfig()
			conf.Endpoints = []string{"https://es:9200"}
			c.change(&conf)
			err := conf.Validate()
			switch {
			case err == nil && c.want != "":
				t.Errorf("accepted; want an error with %q", c.want)
			case err != nil && (c.want == "" || !strings.Contains(err.Error(), c.want)):
				t.Errorf("got %q, want %q", err, c.want)
			case err != nil && strings.Contains(err.Error(), "hunter2"):
				t.Errorf("the password is in %q", err)
			}
		})
	}
}

func TestBadCAFile(t *testing.T) {
	c := DefaultConfig()
	c.Endpoint = "https://es:9200"
	c.TLS.CAFile = filepath.Join(t.TempDir(), "missing.pem")
	if _, err := New(c, nil); err == nil || !strings.Contains(err.Error(), "ca_file") {
		t.Errorf("a missing file: %v", err)
	}
	must(t, os.WriteFile(c.TLS.CAFile, []byte("no certificate"), 0o600))
	if _, err := New(c, nil); err == nil || !strings.Contains(err.Error(), "PEM") {
		t.Errorf("a file without a certificate: %v", err)
	}
}
