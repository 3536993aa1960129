package kube

import (
	"crypto/tls"
	"fmt"
	"net"
	"os"
)

// Certificate makes a certificate that the API server trusts, of a host that it
// asks. A server should ask for its client's too: Trusted has both sides.
func (c *Cluster) Certificate(name string, host net.IP) *tls.Config {
	pair := c.signer.Issue(c.path(name+".pem"), c.path(name+".key"), host)
	return &tls.Config{
		Certificates: []tls.Certificate{pair}, ClientCAs: c.signer.Pool(), ClientAuth: tls.RequireAndVerifyClientCert,
		NextProtos: []string{"http/1.1"},
	}
}

// Kubeconfig is a file by which kubectl is a user of Start.
func (c *Cluster) Kubeconfig(user string) string {
	c.t.Helper()
	name := c.path(user + ".kubeconfig")
	c.must(os.WriteFile(name, fmt.Appendf(nil, `apiVersion: v1
kind: Config
current-context: test
clusters: [{name: test, cluster: {server: %q, certificate-authority: %q}}]
users: [{name: %[3]s, user: {tokenFile: %[4]q}}]
contexts: [{name: test, context: {cluster: test, user: %[3]s}}]
`, c.URL, c.CAFile, user, c.TokenFile(user)), 0o600))
	return name
}
