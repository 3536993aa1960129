// Package amqpconn connects to RabbitMQ: several hosts, TLS, credentials that
// may be rotated, and limits in time, so that a connection that is half open is
// found out. It knows nothing of what goes over a connection.
package amqpconn

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"time"

	"github.com/tailrace/tailrace/internal/configtls"
	"github.com/tailrace/tailrace/pipeline/config"
)

// Config are the keys by which a broker is reached.
type Config struct {
	Endpoints    []string         `mapstructure:"endpoints" doc:"Addresses of nodes of one RabbitMQ cluster, such as amqps://mq1:5671. They are tried in random order until one answers."`
	VHost        string           `mapstructure:"vhost" doc:"Virtual host."`
	Auth         string           `mapstructure:"auth" doc:"How this node says who it is: plain (user and password) or external (the certificate of tls.cert_file; the broker needs its plugin rabbitmq_auth_mechanism_ssl)."`
	User         string           `mapstructure:"user" doc:"User of auth: plain."`
	Password     config.Secret    `mapstructure:"password" doc:"Password of the user."`
	PasswordFile string           `mapstructure:"password_file" doc:"File with the password, which is read again for each connection: it may be rotated."`
	TLS          configtls.Client `mapstructure:"tls"`
	Heartbeat    time.Duration    `mapstructure:"heartbeat" doc:"A connection on which nothing came for two of these is given up; the broker sends something in each half of one."`
	Timeout      time.Duration    `mapstructure:"timeout" doc:"How long it may take to connect, and to write something to the broker."`
}

// How a client says who it is (RFC 4616, and RFC 4422 appendix A).
const (
	authPlain    = "plain"
	authExternal = "external"
)

// DefaultConfig are the values of keys that are not given.
func DefaultConfig() Config {
	return Config{
		VHost: "/", Auth: authPlain,
		TLS:       configtls.Default(),
		Heartbeat: 10 * time.Second, Timeout: 15 * time.Second,
	}
}

// Validate says what is wrong with the values, all of it. It opens no files: a
// configuration is checked on other machines than the one it is for.
func (c *Config) Validate() error {
	return errors.Join(c.checkEndpoints(), c.checkCredentials(), c.checkLimits(), c.TLS.Validate())
}

func (c *Config) checkEndpoints() error {
	if len(c.Endpoints) == 0 {
		return errors.New(`no address: set endpoints, such as ["amqps://rabbitmq:5671"]`)
	}
	for i, text := range c.Endpoints {
		if _, err := parseAddress(text); err != nil {
			return fmt.Errorf("endpoints[%d]: %w", i, err)
		}
	}
	return nil
}

// address is a node of the broker.
type address struct {
	host, port string
	tls        bool
}

// shown is how logs name the address.
func (a address) shown() string { return net.JoinHostPort(a.host, a.port) }

func parseAddress(text string) (a address, err error) {
	u, err := url.Parse(text)
	switch {
	case err != nil:
		// The error would repeat the address with a password in it.
		return a, errors.New("is no URL: write amqps://host:5671")
	case u.Scheme != "amqp" && u.Scheme != "amqps" || u.Hostname() == "":
		return a, fmt.Errorf("address %q must begin with amqp:// or amqps://, such as amqps://rabbitmq:5671", u.Redacted())
	case u.User != nil:
		return a, fmt.Errorf("address %q has credentials in it: use user and password_file, which are never shown", u.Redacted())
	case u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.Fragment != "":
		return a, fmt.Errorf("address %q must end with its port: the virtual host is the key vhost", u.Redacted())
	}
	a = address{host: u.Hostname(), port: u.Port(), tls: u.Scheme == "amqps"}
	if a.port == "" {
		// The ports that IANA has assigned.
		a.port = map[bool]string{false: "5672", true: "5671"}[a.tls]
	}
	return a, nil
}

func (c *Config) checkCredentials() error {
	secret := c.Password != "" || c.PasswordFile != ""
	switch {
	case c.Auth == authExternal && (c.User != "" || secret):
		return errors.New("auth external takes the user from the certificate: remove user and password")
	case c.Auth == authExternal && c.TLS.CertFile == "":
		return errors.New("auth external needs a certificate: set tls.cert_file and tls.key_file")
	case c.Auth == authExternal:
		return nil
	case c.Auth != authPlain:
		return fmt.Errorf("auth must be plain or external, not %q", c.Auth)
	case c.User == "" || !secret:
		return errors.New("user and password go together: set user and password_file (or password), or auth: external")
	case c.Password != "" && c.PasswordFile != "":
		return errors.New("password and password_file are both set: keep one")
	}
	return nil
}

// minHeartbeat is the least that the protocol can say: it counts in seconds.
const (
	minHeartbeat = time.Second
	maxHeartbeat = 5 * time.Minute
)

func (c *Config) checkLimits() error {
	switch {
	case c.VHost == "":
		return errors.New("vhost must not be empty: the one that every broker has is /")
	case c.Heartbeat < minHeartbeat || c.Heartbeat > maxHeartbeat:
		return fmt.Errorf("heartbeat must be from %s to %s, not %s", minHeartbeat, maxHeartbeat, c.Heartbeat)
	case c.Timeout <= 0:
		return errors.New("timeout must be longer than 0, such as 15s")
	}
	return nil
}
