// Package configtls has the keys by which a client configures TLS. They are
// those of the OpenTelemetry Collector (its package of the same name).
package configtls

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
)

// Client is the section tls of a component that connects to a server.
type Client struct {
	CAFile             string `mapstructure:"ca_file" doc:"PEM file of the certificate authorities to trust instead of the system's. This and the next two are read again when they change."`
	CertFile           string `mapstructure:"cert_file" doc:"PEM file of the certificate that this node shows, with its chain."`
	KeyFile            string `mapstructure:"key_file" doc:"PEM file of the private key of cert_file."`
	MinVersion         string `mapstructure:"min_version" doc:"Least version of TLS: 1.2 or 1.3."`
	ServerName         string `mapstructure:"server_name_override" doc:"Name that the server's certificate must have, instead of the address's."`
	InsecureSkipVerify bool   `mapstructure:"insecure_skip_verify" doc:"Do not verify the server's certificate: anybody on the way can read and change what is sent."`
}

// Default are the values of keys that are not given.
func Default() Client { return Client{MinVersion: "1.2"} }

// versions are the values of min_version.
var versions = map[string]uint16{"": tls.VersionTLS12, "1.2": tls.VersionTLS12, "1.3": tls.VersionTLS13}

// Validate says what is wrong with the values. It opens no files: a
// configuration is checked on other machines than the one it is for.
func (c *Client) Validate() error {
	switch _, known := versions[c.MinVersion]; {
	case c.CAFile != "" && c.InsecureSkipVerify:
		return errors.New("tls.ca_file is not used with tls.insecure_skip_verify: keep ca_file")
	case (c.CertFile == "") != (c.KeyFile == ""):
		return errors.New("tls.cert_file and tls.key_file go together: set both")
	case !known:
		return fmt.Errorf("tls.min_version must be 1.2 or 1.3, not %q", c.MinVersion)
	}
	return nil
}

// Files are those that a connection depends on, "" for each that is not set.
func (c *Client) Files() [3]string { return [3]string{c.CAFile, c.CertFile, c.KeyFile} }

// Load reads the files as they are by now.
func (c *Client) Load() (*tls.Config, error) {
	conf := &tls.Config{MinVersion: versions[c.MinVersion], ServerName: c.ServerName, InsecureSkipVerify: c.InsecureSkipVerify}
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
