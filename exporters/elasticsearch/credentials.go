package elasticsearch

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"os"

	"github.com/tailrace/tailrace/pipeline/config"
)

// credentials are what requests are authorised by. Secrets in files are read
// again when the files change, so that they can be rotated.
type credentials struct {
	scheme string
	// prefix is what precedes the secret before encoding: the user's name.
	prefix string
	encode bool
	secret secret
}

func newCredentials(c *Config) credentials {
	switch {
	case c.APIKey != "" || c.APIKeyFile != "":
		return credentials{scheme: "ApiKey ", secret: secret{text: c.APIKey, file: c.APIKeyFile}}
	case c.BearerToken != "" || c.BearerTokenFile != "":
		return credentials{scheme: "Bearer ", secret: secret{text: c.BearerToken, file: c.BearerTokenFile}}
	case c.User != "":
		// RFC 7617, 2.
		return credentials{scheme: "Basic ", prefix: c.User + ":", encode: true, secret: secret{text: c.Password, file: c.PasswordFile}}
	}
	return credentials{}
}

// authorise sets the request's header.
func (c *credentials) authorise(h http.Header) error {
	if c.scheme == "" {
		return nil
	}
	text, err := c.secret.read()
	if err != nil {
		return err
	}
	value := c.prefix + text
	if c.encode {
		value = base64.StdEncoding.EncodeToString([]byte(value))
	}
	h.Set("Authorization", c.scheme+value)
	return nil
}

// secret is a text, or what a file has in it now.
type secret struct {
	text config.Secret
	file string
}

// read reads the file each time: it is small, and so is a request's share of
// it, while a change that is seen late is a request that is refused.
func (s *secret) read() (string, error) {
	if s.file == "" {
		return s.text.Reveal(), nil
	}
	b, err := os.ReadFile(s.file)
	if err != nil {
		return "", fmt.Errorf("the file with the secret cannot be read: %w", err)
	}
	b = bytes.TrimSpace(b)
	if len(b) == 0 {
		return "", fmt.Errorf("the file %s, which should have the secret in it, is empty", s.file)
	}
	return string(b), nil
}

// checkCredentials says which keys contradict each other.
func (c *Config) checkCredentials() error {
	ways := 0
	for _, given := range []bool{
		c.APIKey != "" || c.APIKeyFile != "", c.BearerToken != "" || c.BearerTokenFile != "", c.User != "" || c.Password != "" || c.PasswordFile != "",
	} {
		if given {
			ways++
		}
	}
	switch {
	case ways > 1:
		return errors.New("more than one of api_key, bearer_token and user is set: keep one")
	case c.APIKey != "" && c.APIKeyFile != "", c.BearerToken != "" && c.BearerTokenFile != "", c.Password != "" && c.PasswordFile != "":
		return errors.New("a secret and a file for it are both set: keep one")
	case (c.User == "") != (c.Password == "" && c.PasswordFile == ""):
		return errors.New("user and password go together: set both, or api_key")
	}
	return nil
}
