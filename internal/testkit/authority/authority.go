// Package authority signs certificates for tests.
package authority

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"testing"
	"time"
)

// Authority is a certificate authority that nobody else knows.
type Authority struct {
	t    testing.TB
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// Holder is the common name of certificates that an authority issues.
const Holder = "tailrace"

// New makes an authority.
func New(t testing.TB) *Authority {
	t.Helper()
	a := &Authority{t: t}
	a.key = a.newKey()
	a.cert = a.sign(&a.key.PublicKey, nil, tomorrow())
	return a
}

func (a *Authority) must(err error) {
	a.t.Helper()
	if err != nil {
		a.t.Fatal(err)
	}
}

func (a *Authority) newKey() *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	a.must(err)
	return key
}

func tomorrow() time.Time { return time.Now().Add(24 * time.Hour) }

// sign makes a certificate for both sides of a connection on this machine,
// signed by parent, or by itself without one.
func (a *Authority) sign(key *ecdsa.PublicKey, parent *x509.Certificate, end time.Time, hosts ...net.IP) *x509.Certificate {
	cert := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()),
		// Java refuses certificates without names.
		Subject:   pkix.Name{CommonName: "Tailrace's tests"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: end,
		DNSNames: []string{"localhost"}, IPAddresses: append(hosts, net.IPv4(127, 0, 0, 1)),
		IsCA: parent == nil, BasicConstraintsValid: true,
	}
	if parent == nil {
		parent = cert
	} else {
		// One with the name of its issuer counts as signed by itself (Erlang).
		cert.Subject.CommonName = Holder
	}
	der, err := x509.CreateCertificate(rand.Reader, cert, parent, key, a.key)
	a.must(err)
	signed, err := x509.ParseCertificate(der)
	a.must(err)
	return signed
}

// Pool has the authority's certificate.
func (a *Authority) Pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return pool
}

// Write writes the authority's certificate to a PEM file.
func (a *Authority) Write(file string) { a.write(file, "CERTIFICATE", a.cert.Raw) }

// Issue makes a certificate and its key, and writes them to PEM files. It is for
// localhost, 127.0.0.1 and other hosts.
func (a *Authority) Issue(certFile, keyFile string, hosts ...net.IP) tls.Certificate {
	return a.IssueUntil(tomorrow(), certFile, keyFile, hosts...)
}

// IssueUntil is Issue for a certificate that ends at a time, which may have
// passed.
func (a *Authority) IssueUntil(end time.Time, certFile, keyFile string, hosts ...net.IP) tls.Certificate {
	key := a.newKey()
	a.write(certFile, "CERTIFICATE", a.sign(&key.PublicKey, a.cert, end, hosts...).Raw)
	der, err := x509.MarshalPKCS8PrivateKey(key)
	a.must(err)
	a.write(keyFile, "PRIVATE KEY", der)
	pair, err := tls.LoadX509KeyPair(certFile, keyFile)
	a.must(err)
	return pair
}

func (a *Authority) write(name, kind string, der []byte) {
	a.must(os.WriteFile(name, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600))
}
