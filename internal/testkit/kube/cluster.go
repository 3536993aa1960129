// Package kube starts and stops a real kube-apiserver with its etcd for tests.
// The server is built by scripts/kube-apiserver.sh. There are no controllers
// and no kubelet: objects are what the test makes them.
package kube

import (
	"crypto/tls"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tailrace/tailrace/internal/testkit"
	"github.com/tailrace/tailrace/internal/testkit/authority"
)

// Cluster is an API server on this machine.
type Cluster struct {
	// URL is its address, the same after a restart, and CAFile has the
	// certificate authority that its own certificate is checked by.
	URL, CAFile string

	t      testing.TB
	dir    string
	client *http.Client
	// signer signs the certificates of the cluster.
	signer *authority.Authority
	etcd   []string
	server []string
	// tokens are those of users, by name.
	tokens map[string]string
	// allowed are the rules of roles that users have.
	allowed map[string][]any
	starts  int
	// storageURL is where etcd listens; running are the server and its etcd.
	storageURL       string
	running, storage *testkit.Process
}

// admin is the user that the test itself is.
const admin, adminToken = "admin", "admin-token"

// startLimit is how long a server may take on a busy machine.
const startLimit = 3 * time.Minute

// Start runs a cluster until the test ends, in which users have a token each.
// The test is skipped in short mode, and where the server is not built.
func Start(t testing.TB, users ...string) *Cluster {
	t.Helper()
	server, etcd := installed(t)
	c := &Cluster{t: t, dir: t.TempDir(), tokens: map[string]string{admin: adminToken}, allowed: map[string][]any{}}
	address := testkit.FreeAddress(t)
	host, port, err := net.SplitHostPort(address)
	c.must(err)
	c.URL = "https://" + address
	c.encrypt(net.ParseIP(host))
	client, peer := "http://"+testkit.FreeAddress(t), "http://"+testkit.FreeAddress(t)
	c.storageURL = client
	c.etcd = []string{etcd, "--data-dir", c.path("etcd"), "--unsafe-no-fsync", "--logger", "zap", "--log-level", "error",
		"--listen-client-urls", client, "--advertise-client-urls", client,
		"--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--initial-cluster", "default=" + peer}
	c.server = []string{server, "--etcd-servers", client, "--bind-address", host, "--advertise-address", host,
		"--secure-port", port, "--tls-cert-file", c.path("server.pem"), "--tls-private-key-file", c.path("server.key"),
		"--client-ca-file", c.CAFile, "--cert-dir", c.path("certs"), "--token-auth-file", c.path("tokens.csv"),
		"--service-account-issuer", "https://kubernetes.default.svc",
		"--service-account-key-file", c.path("server.pem"), "--service-account-signing-key-file", c.path("server.key"),
		"--kubelet-client-certificate", c.path("server.pem"), "--kubelet-client-key", c.path("server.key"),
		"--kubelet-certificate-authority", c.CAFile, "--kubelet-preferred-address-types", "InternalIP",
		"--authorization-mode", "RBAC", "--service-cluster-ip-range", "10.0.0.0/24",
		"--disable-admission-plugins", "ServiceAccount,TaintNodesByCondition", "--endpoint-reconciler-type", "none"}
	for _, user := range users {
		c.Token(user, user+"-token")
	}
	c.storage = c.run("etcd", c.etcd)
	c.Restart()
	return c
}

// installed are the programs' paths. In CI and with INSTALL=1 they are a must;
// elsewhere a test without them is skipped.
func installed(t testing.TB) (server, etcd string) {
	t.Helper()
	if testing.Short() {
		t.Skip("needs a real kube-apiserver, which takes too long in short mode")
	}
	built, _ := filepath.Glob(filepath.Join(testkit.Root(t), ".cache", "kube-apiserver-v*"))
	etcd, err := exec.LookPath("etcd")
	switch {
	case len(built) > 0 && err == nil:
		return newest(built), etcd
	case os.Getenv("CI") == "" && os.Getenv("INSTALL") == "":
		t.Skip("kube-apiserver or etcd is not installed: run scripts/install-test-deps.sh, or test with INSTALL=1")
	}
	out, err := exec.Command(filepath.Join(testkit.Root(t), "scripts", "kube-apiserver.sh")).Output()
	if err != nil || etcd == "" {
		t.Fatalf("scripts/kube-apiserver.sh: %v; etcd is %q", err, etcd)
	}
	return strings.TrimSpace(string(out)), etcd
}

// newest is the file that was written last.
func newest(files []string) (last string) {
	var at time.Time
	for _, f := range files {
		if st, err := os.Stat(f); err == nil && st.ModTime().After(at) {
			last, at = f, st.ModTime()
		}
	}
	return last
}

func (c *Cluster) path(name string) string { return filepath.Join(c.dir, name) }

func (c *Cluster) must(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
}

// encrypt makes the server's certificate, and a client that trusts it.
func (c *Cluster) encrypt(host net.IP) {
	a := authority.New(c.t)
	c.signer, c.CAFile = a, c.path("ca.pem")
	a.Write(c.CAFile)
	a.Issue(c.path("server.pem"), c.path("server.key"), host)
	c.client = &http.Client{Timeout: time.Minute, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: a.Pool()}}}
}

func (c *Cluster) run(name string, line []string) *testkit.Process {
	c.starts++
	return testkit.Start(c.t, testkit.Command{
		Name: fmt.Sprintf("%s-%d", name, c.starts), Path: line[0], Args: line[1:], Dir: c.dir, Logs: c.dir,
	})
}

// Token gives a user a token from the next Restart on, instead of the one it
// had; TokenFile keeps the old one. Users other than admin may nothing until
// a role is bound to them.
func (c *Cluster) Token(user, token string) {
	c.t.Helper()
	if c.tokens[user] == "" {
		c.must(os.WriteFile(c.TokenFile(user), []byte(token), 0o600))
	}
	c.tokens[user] = token
}

// TokenFile has the first token of a user.
func (c *Cluster) TokenFile(user string) string { return c.path(user + ".token") }

// Restart ends the server at once, as kill -9 does, starts it on its data and
// waits until it is ready.
func (c *Cluster) Restart() {
	c.t.Helper()
	c.Kill()
	var lines strings.Builder
	for user, token := range c.tokens {
		group := ""
		if user == admin {
			group = ",system:masters"
		}
		fmt.Fprintf(&lines, "%s,%s,u-%s%s\n", token, user, user, group)
	}
	c.must(os.WriteFile(c.path("tokens.csv"), []byte(lines.String()), 0o600))
	c.running = c.run("apiserver", c.server)
	for deadline := time.Now().Add(startLimit); !c.ready(); time.Sleep(50 * time.Millisecond) {
		if !c.running.Running() || !c.storage.Running() || time.Now().After(deadline) {
			c.t.Fatalf("the API server is not ready\n%s%s", c.storage.Tail(), c.running.Tail())
		}
	}
}

func (c *Cluster) ready() bool {
	status, _, err := c.try("GET", "/readyz", "", "")
	return err == nil && status == http.StatusOK
}

// Kill ends the server at once; its etcd goes on.
func (c *Cluster) Kill() {
	if c.running != nil {
		c.running.Kill()
		c.running = nil
	}
	c.client.CloseIdleConnections()
}

// Transport trusts the server's certificate.
func (c *Cluster) Transport() http.RoundTripper {
	return &http.Transport{TLSClientConfig: c.client.Transport.(*http.Transport).TLSClientConfig.Clone()}
}

// Compact has etcd forget everything but the present (etcd API, KV, over its
// gateway for JSON). The server's own cache remembers until a Restart.
func (c *Cluster) Compact() {
	c.t.Helper()
	now := c.etcdSays("range", `{"key":"AA=="}`).Header.Revision
	c.etcdSays("compaction", `{"revision":"`+now+`","physical":true}`)
}

// etcdSays calls a method of etcd's KV.
func (c *Cluster) etcdSays(method, body string) (answer struct{ Header struct{ Revision string } }) {
	c.t.Helper()
	resp, err := http.Post(c.storageURL+"/v3/kv/"+method, "application/json", strings.NewReader(body))
	c.must(err)
	defer resp.Body.Close()
	c.must(json.NewDecoder(resp.Body).Decode(&answer))
	if resp.StatusCode != http.StatusOK || answer.Header.Revision == "" {
		c.t.Fatalf("etcd answers %s to %s", resp.Status, method)
	}
	return answer
}
