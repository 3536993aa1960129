package amqpconn

import (
	"bytes"
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
