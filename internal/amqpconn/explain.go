package amqpconn

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"strings"

	amqp "github.com/rabbitmq/amqp091-go"
)

// Denied is an error that a person must see to: time alone does not cure it.
type Denied struct {
	// Cure is what to change.
	Cure string
	err  error
}

// Error says what happened and the cure.
func (d *Denied) Error() string { return d.err.Error() + "; " + d.Cure }

// Unwrap is what happened.
func (d *Denied) Unwrap() error { return d.err }

// Deny is an error with its cure.
func Deny(err error, cure string) error { return &Denied{cure, err} }

// Explain adds what to change to errors of connections and channels that need
// a person. Others it returns as they are.
func Explain(err error) error {
	if _, explained := errors.AsType[*Denied](err); explained {
		return err
	}
	if cure := knownCure(err); cure != "" {
		return Deny(err, cure)
	}
	return err
}

// CureOf is what to change about an error, explained or not; empty when time
// may cure it.
func CureOf(err error) string {
	if denied, ok := errors.AsType[*Denied](err); ok {
		return denied.Cure
	}
	return knownCure(err)
}

func knownCure(err error) string {
	_, unknownCA := errors.AsType[x509.UnknownAuthorityError](err)
	_, wrongName := errors.AsType[x509.HostnameError](err)
	_, invalid := errors.AsType[x509.CertificateInvalidError](err)
	_, noTLS := errors.AsType[tls.RecordHeaderError](err)
	switch broker, closed := errors.AsType[*amqp.Error](err); {
	case unknownCA:
		return "set tls.ca_file to the authority that has signed the broker's certificate"
	case wrongName:
		return "name the broker in endpoints as its certificate does, or set tls.server_name_override"
	case invalid:
		return "have the broker's certificate renewed, and see whether the clock of this node is right"
	case noTLS:
		return "the port does not speak TLS: write amqp:// or name the port of amqps, usually 5671"
	case ownCertificateRefused(err):
		return "set tls.cert_file and tls.key_file to a certificate that is valid and whose authority the broker trusts (its ssl_options.cacertfile)"
	case errors.Is(err, os.ErrNotExist), errors.Is(err, os.ErrPermission):
		return "see whether the files of the secrets are mounted and may be read"
	case closed:
		return cureOfBroker(broker)
	}
	return ""
}

// ownCertificateRefused says whether the broker has refused this node's
// certificate, or misses one. With TLS 1.3 it says so behind the handshake (RFC
// 8446, 4.4.2.4), where the AMQP library keeps no more than the text.
func ownCertificateRefused(err error) bool {
	_, alert, remote := strings.Cut(err.Error(), "remote error: tls: ")
	return remote && strings.Contains(alert, "certificate")
}

// cureOfBroker goes by the reply code (AMQP 0-9-1, 1.2) and RabbitMQ's words.
func cureOfBroker(e *amqp.Error) string {
	switch {
	case e.Code == amqp.AccessRefused && e.Reason == amqp.ErrCredentials.Reason, e.Code == amqp.AccessRefused && strings.Contains(e.Reason, "Login was refused"):
		return "see whether user and password are right (rabbitmqctl authenticate_user)"
	case e.Code == amqp.AccessRefused && e.Reason == amqp.ErrSASL.Reason:
		return "the broker does not know this way to authenticate: set auth, or enable its plugin rabbitmq_auth_mechanism_ssl for external"
	case e.Code == amqp.NotAllowed && strings.Contains(e.Reason, "limit"):
		return "the broker allows no more connections: raise what is named (rabbitmqctl set_vhost_limits, set_user_limits)"
	case e.Code == amqp.AccessRefused && strings.Contains(e.Reason, " to topic '"):
		return "give the user the permission for the topic that is named (rabbitmqctl set_topic_permissions)"
	case e.Code == amqp.AccessRefused && e.Reason == amqp.ErrVhost.Reason, e.Code == amqp.NotAllowed && strings.Contains(e.Reason, "vhost"):
		return "see whether vhost is right and the user may use it (rabbitmqctl set_permissions)"
	case e.Code == amqp.AccessRefused:
		return "give the user the permission that is named (rabbitmqctl set_permissions)"
	case e.Code == amqp.NotFound:
		return fmt.Sprintf("declare what is missing, or see whether its name and vhost are right (%d)", e.Code)
	}
	return ""
}
