package amqpconn

import (
	"strings"
	"testing"
)

// usable is a configuration that can work.
func usable() Config {
	c := DefaultConfig()
	c.Endpoints = []string{"amqps://mq1:5671", "amqp://mq2", "amqps://[::1]/"}
	c.User, c.PasswordFile = "tailrace", "/etc/tailrace/password"
	return c
}

func TestEndpointsAreURLsWithoutSecrets(t *testing.T) {
	var shown []string
	for _, e := range usable().Endpoints {
		a, err := parseAddress(e)
		if err != nil {
			t.Fatal(err)
		}
		shown = append(shown, a.shown())
	}
	if got := strings.Join(shown, " "); got != "mq1:5671 mq2:5672 [::1]:5671" {
		t.Error(got)
	}
	for _, wrong := range []string{"mq1:5671", "http://mq1", "amqp://user:hunter2@mq1", "amqp://mq1/vhost", "amqp://", "amqp://h\x00:hunter2"} {
		c := usable()
		c.Endpoints = append(c.Endpoints, wrong)
		err := c.Validate()
		if err == nil || !strings.HasPrefix(err.Error(), "endpoints[3]: ") || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: %v", wrong, err)
		}
	}
}

func TestConfigurationsThatCannotWorkSayWhy(t *testing.T) {
	c := usable()
	if err := c.Validate(); err != nil {
		t.Fatal(err)
	}
	for want, change := range map[string]func(*Config){
		"set endpoints":                    func(c *Config) { c.Endpoints = nil },
		"vhost must not be empty":          func(c *Config) { c.VHost = "" },
		"auth must be plain or external":   func(c *Config) { c.Auth = "kerberos" },
		"remove user and password":         func(c *Config) { c.Auth = "external" },
		"set tls.cert_file":                func(c *Config) { c.Auth, c.User, c.PasswordFile = "external", "", "" },
		"user and password go together":    func(c *Config) { c.User = "" },
		"are both set":                     func(c *Config) { c.Password = "x" },
		"heartbeat must be from 1s":        func(c *Config) { c.Heartbeat = 1 },
		"timeout must be longer than 0":    func(c *Config) { c.Timeout = 0 },
		"is not used with":                 func(c *Config) { c.TLS.CAFile, c.TLS.InsecureSkipVerify = "ca", true },
		"go together: set both":            func(c *Config) { c.TLS.KeyFile = "key" },
		"tls.min_version must be 1.2 or 1": func(c *Config) { c.TLS.MinVersion = "1.1" },
	} {
		c := usable()
		change(&c)
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v; want %q", err, want)
		}
	}
}
