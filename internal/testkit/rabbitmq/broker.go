// Package rabbitmq starts and stops real RabbitMQ brokers for tests, one node
// or several, and asks them what only their operator may ask. The broker is
// Debian's, installed by scripts/install-test-deps.sh.
package rabbitmq

import (
	"bytes"
	"cmp"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tailrace/tailrace/internal/testkit"
	"github.com/tailrace/tailrace/internal/testkit/authority"
)

// Options configure a broker.
type Options struct {
	// Nodes is how many nodes the broker has; 1 when it is 0.
	Nodes int
	// TLS makes each node listen for TLS as well, and clients that show a
	// certificate may be who it says (mechanism EXTERNAL, the common name).
	TLS bool
	// Settings are lines of rabbitmq.conf, such as "max_message_size = 1000".
	Settings []string
}

// The user that every broker begins with.
const User, Password = "guest", "guest"

// Broker is a running RabbitMQ on this machine, as a test sees it.
type Broker struct {
	// Nodes are its nodes, dead ones too.
	Nodes []*Node
	// Files are what a client needs where the broker speaks TLS.
	Files Files
	// VirtualHost is the one that Broker's methods mean.
	VirtualHost string

	t testing.TB
	*installation
}

// Files are PEM files.
type Files struct{ CA, Cert, Key string }

// installation is what a broker has on disk, and the process by which its nodes
// find each other.
type installation struct {
	o      Options
	dir    string
	cookie string
	epmd   *exec.Cmd
	port   string
	// signer is the authority that clients trust, where the broker speaks TLS.
	signer *authority.Authority
	// hosts counts the virtual hosts that were made.
	hosts int
}

// The programs of Debian's package. Those of the same names in /usr/sbin switch
// to a user of its own.
const server, epmd, erlCall = "/usr/lib/rabbitmq/bin/rabbitmq-server", "epmd", "erl_call"

// local is where Erlang's nodes meet.
const local = "127.0.0.1"

// startLimit is how long a node may take on a slow and busy machine.
const startLimit = 15 * time.Minute

// Start runs a broker with a data folder of its own until the test ends. The
// test is skipped in short mode and where RabbitMQ is not installed.
func Start(t testing.TB, o Options) *Broker {
	t.Helper()
	b := launch(t, o)
	t.Cleanup(b.remove)
	return b
}

// installed skips a test on a machine without RabbitMQ, but in CI and with
// INSTALL=1, where it is a must.
func installed(t testing.TB) {
	t.Helper()
	if testing.Short() {
		t.Skip("needs a real RabbitMQ, which takes too long in short mode")
	}
	for _, program := range []string{server, epmd, erlCall} {
		_, err := exec.LookPath(program)
		switch {
		case err == nil:
		case os.Getenv("CI") == "" && os.Getenv("INSTALL") == "":
			t.Skip("RabbitMQ is not installed: run scripts/install-test-deps.sh, or test with INSTALL=1")
		default:
			t.Fatalf("%v; run scripts/install-test-deps.sh", err)
		}
	}
}

// launch runs a broker until it is removed. One that does not start leaves
// nothing behind.
func launch(t testing.TB, o Options) *Broker {
	t.Helper()
	installed(t)
	o.Nodes = cmp.Or(o.Nodes, 1)
	b := &Broker{t: t, VirtualHost: "/", installation: &installation{o: o, cookie: "tests"}}
	runs := false
	defer func() {
		if !runs {
			b.remove()
		}
	}()
	b.prepare()
	b.startMapper()
	// One after the other: nodes that start together may each found a cluster.
	for _, n := range b.Nodes {
		n.start()
		n.await()
	}
	runs = true
	return b
}

// prepare makes the folders and the configuration of all nodes.
func (b *Broker) prepare() {
	dir, err := os.MkdirTemp("", "rabbitmq-")
	b.must(err)
	b.dir = dir
	for i := range b.o.Nodes {
		b.Nodes = append(b.Nodes, &Node{name: fmt.Sprintf("n%d-%s@localhost", i+1, filepath.Base(dir)),
			dir: filepath.Join(dir, fmt.Sprint(i+1)), host: testkit.Loopback(), broker: b})
	}
	if b.o.TLS {
		b.encrypt()
	}
	for _, n := range b.Nodes {
		n.configure()
	}
}

// encrypt makes the certificates: one for all nodes, and a client's.
func (b *Broker) encrypt() {
	b.Files = Files{CA: b.path("ca.pem"), Cert: b.path("client.pem"), Key: b.path("client.key")}
	b.signer = authority.New(b.t)
	b.signer.Write(b.Files.CA)
	b.signer.Issue(b.Files.Cert, b.Files.Key)
	b.issue(time.Now().Add(24 * time.Hour))
}

func (b *Broker) path(name string) string { return filepath.Join(b.dir, name) }

// issue makes the nodes' certificate.
func (b *Broker) issue(end time.Time) {
	var hosts []net.IP
	for _, n := range b.Nodes {
		hosts = append(hosts, net.ParseIP(n.host))
	}
	b.signer.IssueUntil(end, b.path("node.pem"), b.path("node.key"), hosts...)
}

// startMapper runs epmd, by which the nodes find each other's ports.
func (b *Broker) startMapper() {
	address := testkit.FreeAddressOf(b.t, local)
	_, b.port, _ = net.SplitHostPort(address)
	b.epmd = exec.Command(epmd, "-address", local, "-port", b.port)
	b.epmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	_, err := testkit.Spawn(b.epmd)
	b.must(err)
	testkit.Eventually(b.t, "epmd listens", func() (bool, string) { return listens(address), address })
}

func listens(address string) bool {
	c, err := net.Dial("tcp", address)
	if err != nil {
		return false
	}
	c.Close()
	return true
}

// remove ends the broker and deletes what it has on disk.
func (b *Broker) remove() {
	for _, n := range b.Nodes {
		n.Kill()
	}
	if b.epmd != nil {
		_ = b.epmd.Process.Kill()
	}
	os.RemoveAll(b.dir)
}

// as is the same broker, whose failures are those of another test.
func (b *Broker) as(t testing.TB) *Broker {
	view := *b
	view.t, view.Nodes = t, nil
	for _, n := range b.Nodes {
		node := *n
		node.broker = &view
		view.Nodes = append(view.Nodes, &node)
	}
	return &view
}

// For is the same broker, whose failures are those of another test, with a
// virtual host that is empty and goes with the test.
func (b *Broker) For(t testing.TB) *Broker {
	t.Helper()
	view := b.as(t)
	b.hosts++
	view.VirtualHost = fmt.Sprintf("test-%d", b.hosts)
	view.Eval(`rabbit_vhost:add(<<%q>>, <<"tests">>)`, view.VirtualHost)
	view.Allow(User)
	view.undo(func() { view.Eval(`rabbit_vhost:delete(<<%q>>, <<"tests">>)`, view.VirtualHost) })
	return view
}

func (b *Broker) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

// URL is where a client finds a node, with the user that the broker begins with.
func (b *Broker) URL(n *Node) string {
	u := url.URL{Scheme: "amqp", User: url.UserPassword(User, Password), Host: n.Address}
	return u.String() + "/" + url.PathEscape(b.VirtualHost)
}

// undo is called when the test ends, if the broker runs then.
func (b *Broker) undo(change func()) {
	b.t.Cleanup(func() {
		if b.anyNode() != nil {
			change()
		}
	})
}

// anyNode is the first that runs.
func (b *Broker) anyNode() *Node {
	for _, n := range b.Nodes {
		if n.Running() {
			return n
		}
	}
	return nil
}

// Eval has the first node that runs evaluate an Erlang expression, made by
// fmt.Sprintf, and returns its value as Erlang writes it.
func (b *Broker) Eval(expression string, args ...any) string {
	b.t.Helper()
	n := b.anyNode()
	if n == nil {
		b.t.Fatal("no node of the broker runs")
	}
	value, err := n.eval(fmt.Sprintf(expression, args...))
	b.must(err)
	return value
}

// eval asks this node. The answer is "{ok, VALUE}".
func (n *Node) eval(expression string) (string, error) {
	c := exec.Command(erlCall, "-r", "-sname", n.name, "-c", n.broker.cookie, "-timeout", "60", "-e")
	c.Env = append(os.Environ(), "ERL_EPMD_PORT="+n.broker.port, "HOME="+filepath.Join(n.dir, "home"))
	c.Stdin = strings.NewReader(expression + ".\n")
	var said bytes.Buffer
	c.Stderr = &said
	out, err := c.Output()
	if err != nil {
		return "", fmt.Errorf("erl_call %s: %w: %s", expression, err, said.String())
	}
	value, ok := strings.CutPrefix(strings.TrimSpace(string(out)), "{ok, ")
	if !ok {
		return "", fmt.Errorf("%s: %s", expression, out)
	}
	return strings.TrimSuffix(value, "}"), nil
}
