// Package elastic starts and stops a real Elasticsearch for tests. The server
// is installed by scripts/elasticsearch.sh.
package elastic

import (
	"bytes"
	"cmp"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tailrace/tailrace/internal/testkit"
	"github.com/tailrace/tailrace/internal/testkit/authority"
)

// Options configure a server.
type Options struct {
	// Version is V8 or V9; V8 when empty.
	Version string
	// Settings are lines of elasticsearch.yml, such as
	// "http.max_content_length: 1mb".
	Settings []string
	// Password turns security on: basic authentication of the user "elastic".
	Password string
	// TLS makes the server speak TLS, and only to clients that show a
	// certificate, as that in Files. It needs a Password.
	TLS bool
	// Roles lets the server make roles, users and API keys, which needs a JDK
	// and version V8. It needs a Password.
	Roles bool
	// Tuned leaves the Java virtual machine as Elastic ships it, for measuring.
	// Otherwise it is one for a short life, which starts sooner.
	Tuned bool
}

// Server is a running Elasticsearch of one node on this machine, as a test
// sees it.
type Server struct {
	// URL is its address, the same after a restart.
	URL string
	// Files are what a client needs where the server speaks TLS.
	Files Files

	t testing.TB
	*instance
}

// Files are PEM files.
type Files struct{ CA, Cert, Key string }

// instance is the server itself.
type instance struct {
	o      Options
	home   string
	java   string
	dir    string
	client *http.Client
	// fields makes templates fit the server, when it is not nil.
	fields *strings.Replacer
	// program makes the command that starts it.
	program func() *exec.Cmd
	command *exec.Cmd
	exited  chan struct{}
}

// nobody is the user that the server runs as when the tests run as root, which
// it refuses.
const nobody = 65534

// startLimit is how long a server may take on a busy machine.
const startLimit = 10 * time.Minute

// Start runs a server with a data folder of its own until the test ends. The
// test is skipped in short mode and where Elasticsearch is not installed.
func Start(t testing.TB, o Options) *Server {
	t.Helper()
	s := launch(t, o)
	t.Cleanup(s.remove)
	return s
}

// launch runs a server until it is removed.
func launch(t testing.TB, o Options) *Server {
	t.Helper()
	o.Version = cmp.Or(o.Version, V8)
	s := newServer(t, o, installed(t, o.Version), javaHome(t, o.Version))
	if o.Roles {
		s.home = withAnalysis(t, s.home, o.Version)
	}
	s.program = func() *exec.Cmd { return s.tool("elasticsearch") }
	s.first(func() { s.configure(freePort(t), freePort(t)) })
	return s
}

func newServer(t testing.TB, o Options, home, java string) *Server {
	return &Server{t: t, instance: &instance{o: o, home: home, java: java, client: &http.Client{Timeout: time.Minute}}}
}

// first starts a server on a folder that configure fills. A server that does
// not start leaves nothing behind.
func (s *Server) first(configure func()) {
	s.t.Helper()
	runs := false
	defer func() {
		if !runs {
			s.remove()
		}
	}()
	s.makeFolder()
	configure()
	s.Restart()
	runs = true
}

// remove ends the server and deletes what it has on disk.
func (s *Server) remove() {
	s.Kill()
	os.RemoveAll(s.dir)
}

// For is the same server, whose failures are those of another test.
func (s *Server) For(t testing.TB) *Server {
	view := *s
	view.t = t
	return &view
}

func freePort(t testing.TB) int {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// makeFolder makes the folder of configuration and data. It is not the test's
// TempDir, which other users cannot enter.
func (s *Server) makeFolder() {
	dir, err := os.MkdirTemp("", "elasticsearch-")
	s.must(err)
	s.dir = dir
	for _, sub := range []string{"config", "data", "logs", "tmp"} {
		s.must(os.Mkdir(filepath.Join(dir, sub), 0o755))
	}
}

func (s *Server) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// configure writes the server's configuration.
func (s *Server) configure(port, transport int) {
	// Certificates are for 127.0.0.1; elsewhere the port is free for a restart.
	host := "127.0.0.1"
	if !s.o.TLS {
		host = testkit.Loopback()
	}
	s.URL = fmt.Sprintf("http://%s:%d", host, port)
	lines := append([]string{
		"discovery.type: single-node",
		"network.host: 127.0.0.1",
		"http.host: " + host,
		fmt.Sprintf("http.port: %d", port),
		fmt.Sprintf("transport.port: %d", transport),
		"path.data: " + filepath.Join(s.dir, "data"),
		"path.logs: " + filepath.Join(s.dir, "logs"),
		fmt.Sprintf("xpack.security.enabled: %t", s.o.Password != ""),
		"xpack.security.autoconfiguration.enabled: false",
		// Test machines are allowed to be nearly full.
		"cluster.routing.allocation.disk.threshold_enabled: false",
		// By itself it would lift blocks for want of room, which tests set.
		"cluster.info.update.interval: 24h",
	}, s.o.Settings...)
	if s.o.TLS {
		lines = append(lines, s.encrypt()...)
	}
	s.write("elasticsearch.yml", strings.Join(lines, "\n")+"\n")
	s.write("log4j2.properties", s.shipped("log4j2.properties"))
	s.write("jvm.options", s.shipped("jvm.options"))
	if !s.o.Tuned {
		s.write("jvm.options", strings.Replace(s.shipped("jvm.options"), "-XX:+UseG1GC", shortLife, 1))
	}
	s.giveAway()
	if s.o.Password != "" {
		s.setPassword()
	}
}

// shortLife are options for a Java virtual machine that ends before the
// compiler for long runs has paid, and whose memory the kernel need not touch
// in advance.
const shortLife = "-XX:+UseSerialGC\n-XX:TieredStopAtLevel=1\n-XX:-AlwaysPreTouch"

// shipped is a file of the configuration that comes with the server.
func (s *Server) shipped(name string) string {
	b, err := os.ReadFile(filepath.Join(s.home, "config", name))
	s.must(err)
	return string(b)
}

// encrypt turns TLS on, for the test's own client as well.
func (s *Server) encrypt() []string {
	in := func(name string) string { return filepath.Join(s.dir, "config", name) }
	s.URL = strings.Replace(s.URL, "http:", "https:", 1)
	s.Files = Files{CA: in("ca.pem"), Cert: in("client.pem"), Key: in("client.key")}
	a := authority.New(s.t)
	a.Write(s.Files.CA)
	a.Issue(in("node.pem"), in("node.key"))
	pair := a.Issue(s.Files.Cert, s.Files.Key)
	s.client.Transport = &http.Transport{TLSClientConfig: &tls.Config{RootCAs: a.Pool(), Certificates: []tls.Certificate{pair}}}
	const ssl = "xpack.security.http.ssl."
	return []string{
		ssl + "enabled: true",
		ssl + "certificate: node.pem",
		ssl + "key: node.key",
		ssl + "certificate_authorities: ca.pem",
		ssl + "client_authentication: required",
	}
}

func (s *Server) write(name, text string) {
	s.must(os.WriteFile(filepath.Join(s.dir, "config", name), []byte(text), 0o644))
}

// giveAway makes nobody the owner of the folder, when the tests run as root.
func (s *Server) giveAway() {
	if os.Getuid() != 0 {
		return
	}
	s.must(filepath.WalkDir(s.dir, func(path string, _ os.DirEntry, err error) error {
		return errors.Join(err, os.Lchown(path, nobody, nobody))
	}))
}

// setPassword puts the password of the user "elastic" into the keystore.
func (s *Server) setPassword() {
	// With --force it makes the keystore too.
	c := s.tool("elasticsearch-keystore", "add", "--stdin", "--force", "bootstrap.password")
	c.Stdin = strings.NewReader(s.o.Password)
	if out, err := c.CombinedOutput(); err != nil {
		s.t.Fatalf("elasticsearch-keystore add: %v\n%s", err, out)
	}
}

// tool is one of Elasticsearch's programs.
func (s *Server) tool(name string, args ...string) *exec.Cmd {
	return s.run(filepath.Join(s.home, "bin", name), args...)
}

// run is a program as the server's user, in a process group of its own, killed
// with the test's process.
func (s *Server) run(program string, args ...string) *exec.Cmd {
	c := exec.Command(program, args...)
	c.Dir = s.dir
	c.Env = append(os.Environ(),
		"ES_PATH_CONF="+filepath.Join(s.dir, "config"),
		"ES_TMPDIR="+filepath.Join(s.dir, "tmp"),
		// What the launcher leaves behind when it is killed goes with the folder.
		"CLI_JAVA_OPTS=-XX:TieredStopAtLevel=1 -Djava.io.tmpdir="+filepath.Join(s.dir, "tmp"),
		"ES_JAVA_OPTS=-Xms512m -Xmx512m",
		"ES_JAVA_HOME="+s.java,
		"HOME="+s.dir,
	)
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if os.Getuid() == 0 {
		c.SysProcAttr.Credential = &syscall.Credential{Uid: nobody, Gid: nobody}
	}
	return c
}

// Restart starts the server again on its data and waits until it answers.
func (s *Server) Restart() {
	s.t.Helper()
	c := s.program()
	var out bytes.Buffer
	c.Stdout, c.Stderr = &out, &out
	exited, err := testkit.Spawn(c)
	s.must(err)
	s.command, s.exited = c, exited
	for deadline := time.Now().Add(startLimit); !s.ready(); time.Sleep(200 * time.Millisecond) {
		select {
		case <-exited:
			s.t.Fatalf("the server did not start:\n%s", out.String())
		default:
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("the server was not ready after %v", startLimit)
		}
	}
}

func (s *Server) ready() bool {
	status, _, err := s.try("GET", "/_cluster/health?wait_for_status=yellow&timeout=1s", "")
	return err == nil && status == 200
}

// Kill ends the server at once, as kill -9 does.
func (s *Server) Kill() {
	if s.command == nil {
		return
	}
	// The launcher has a child, the server proper: both are in the group.
	_ = syscall.Kill(-s.command.Process.Pid, syscall.SIGKILL)
	<-s.exited
	s.command = nil
}

// Processes are the server's: its launcher and the server proper.
func (s *Server) Processes() (pids []int) {
	entries, err := os.ReadDir("/proc")
	s.must(err)
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		if group, err := syscall.Getpgid(pid); err == nil && group == s.command.Process.Pid {
			pids = append(pids, pid)
		}
	}
	return pids
}
