package doctor

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"os"
	"syscall"
)

// Unreachable is the finding of a check that an address did not answer, with
// the cure for the step at which it failed: name, network, certificate or
// patience.
func Unreachable(check string, err error) Finding {
	return Failed(check, err, cureOf(err))
}

func cureOf(err error) string {
	if name, ok := errors.AsType[*net.DNSError](err); ok {
		if name.IsNotFound {
			return "correct the host's name, or have this node's DNS know it: getent hosts " + name.Name
		}
		return "mend this node's name service; in a pod, dnsPolicy and a NetworkPolicy decide which it may ask"
	}
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return "give the certificate of the authority that signed the server's, in tls.ca_file (of the Kubernetes API: ca_file)"
	}
	if host, ok := errors.AsType[x509.HostnameError](err); ok {
		return "use a name that the server's certificate has, or give it one for " + host.Host
	}
	if bad, ok := errors.AsType[x509.CertificateInvalidError](err); ok && bad.Reason == x509.Expired {
		return "renew the server's certificate, and compare this node's clock"
	}
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok || errors.Is(err, http.ErrSchemeMismatch) {
		return "the server does not speak TLS there: use http://, or the port that does"
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return "check the server's certificate and tls.ca_file"
	}
	if _, ok := errors.AsType[tls.AlertError](err); ok {
		return "the server refuses the handshake: check tls.cert_file and tls.key_file, and which versions of TLS it takes"
	}
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return "start the server, or correct the port: nothing listens there"
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return "check this node's routes: there is none to that address"
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, syscall.ETIMEDOUT):
		return "check firewalls and NetworkPolicies on the way: nothing answers in time"
	}
	return "check the address and the network between; curl the same address from here"
}
