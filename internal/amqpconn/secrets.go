package amqpconn

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"

	amqp "github.com/rabbitmq/amqp091-go"
)

// sasl is who this node says it is, by the secrets of now.
func (c *Config) sasl() (amqp.Authentication, error) {
	if c.Auth == authExternal {
		return &amqp.ExternalAuth{}, nil
	}
	password, err := c.password()
	if err != nil {
		return nil, err
	}
	return &amqp.PlainAuth{Username: c.User, Password: password}, nil
}

func (c *Config) password() (string, error) {
	if c.PasswordFile == "" {
		return c.Password.Reveal(), nil
	}
	b, err := os.ReadFile(c.PasswordFile)
	if err != nil {
		return "", fmt.Errorf("password_file cannot be read: %w", err)
	}
	b = bytes.TrimSpace(b)
	if len(b) == 0 {
		return "", fmt.Errorf("password_file %s is empty", c.PasswordFile)
	}
	return string(b), nil
}

// tlsVersions are the values of min_version, as the Collector has them.
var tlsVersions = map[string]uint16{"": tls.VersionTLS12, "1.2": tls.VersionTLS12, "1.3": tls.VersionTLS13}

// load reads the certificates.
func (c *TLS) load() (*tls.Config, error) {
	conf := &tls.Config{MinVersion: tlsVersions[c.MinVersion], ServerName: c.ServerName, InsecureSkipVerify: c.InsecureSkipVerify}
	if c.CertFile != "" {
		own, err := tls.LoadX509KeyPair(c.CertFile, c.KeyFile)
		if err != nil {
			return nil, fmt.Errorf("tls.cert_file and tls.key_file cannot be used: %w", err)
		}
		conf.Certificates = []tls.Certificate{own}
	}
	if c.CAFile == "" {
		return conf, nil
	}
	pem, err := os.ReadFile(c.CAFile)
	if err != nil {
		return nil, fmt.Errorf("tls.ca_file cannot be read: %w", err)
	}
	conf.RootCAs = x509.NewCertPool()
	if !conf.RootCAs.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("tls.ca_file %s has no certificate in it: it must be PEM", c.CAFile)
	}
	return conf, nil
}
