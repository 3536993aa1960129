package rabbitmq

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/tailrace/tailrace/internal/testkit"
)

// Node is one node of a broker.
type Node struct {
	// Address is where it listens, the same after a restart, and TLSAddress
	// where it does for TLS.
	Address, TLSAddress string

	broker *Broker
	// name is the one that Erlang knows it by.
	name, dir, host string
	*run
}

// run is a life of a node.
type run struct {
	command *exec.Cmd
	output  bytes.Buffer
	exited  chan struct{}
}

// configure makes the node's folder.
func (n *Node) configure() {
	b := n.broker
	n.run = &run{}
	for _, sub := range []string{"home", "mnesia", "log"} {
		b.must(os.MkdirAll(n.path(sub), 0o755))
	}
	b.must(os.WriteFile(n.path("home", ".erlang.cookie"), []byte(b.cookie), 0o400))
	n.Address = testkit.FreeAddressOf(b.t, n.host)
	lines := []string{
		"listeners.tcp.1 = " + n.Address,
		"log.console = false",
		"log.file.level = warning",
		"disk_free_limit.absolute = 50MB",
		"raft.wal_max_size_bytes = 64000000",
		"raft.segment_max_entries = 4096",
	}
	if b.o.Nodes > 1 {
		lines = append(lines, n.cluster()...)
	}
	if b.o.TLS {
		lines = append(lines, n.encrypt()...)
	}
	n.write("rabbitmq.conf", strings.Join(append(lines, b.o.Settings...), "\n")+"\n")
	// A channel looks once in this time, in milliseconds, whether a consumer has
	// kept a delivery for too long; by default it is a minute. A quorum queue
	// brings its figures up to date once in five seconds by default.
	n.write("advanced.config", "[{rabbit,[{channel_tick_interval,1000},{quorum_tick_interval,500}]}].\n")
	n.write("enabled_plugins", "[rabbitmq_auth_mechanism_ssl].\n")
}

func (n *Node) path(parts ...string) string {
	return filepath.Join(append([]string{n.dir}, parts...)...)
}

func (n *Node) write(name, text string) {
	n.broker.must(os.WriteFile(n.path(name), []byte(text), 0o644))
}

// cluster names the nodes that belong together.
func (n *Node) cluster() []string {
	const formation = "cluster_formation."
	lines := []string{
		formation + "peer_discovery_backend = classic_config",
		fmt.Sprintf("%starget_cluster_size_hint = %d", formation, len(n.broker.Nodes)),
		"cluster_partition_handling = pause_minority",
	}
	for i, other := range n.broker.Nodes {
		lines = append(lines, fmt.Sprintf("%sclassic_config.nodes.%d = %s", formation, i+1, other.name))
	}
	return lines
}

func (n *Node) encrypt() []string {
	n.TLSAddress = testkit.FreeAddressOf(n.broker.t, n.host)
	return []string{
		"listeners.ssl.1 = " + n.TLSAddress,
		"ssl_options.cacertfile = " + n.broker.path("ca.pem"),
		"ssl_options.certfile = " + n.broker.path("node.pem"),
		"ssl_options.keyfile = " + n.broker.path("node.key"),
		"ssl_options.verify = verify_peer",
		"ssl_options.fail_if_no_peer_cert = false",
		"ssl_cert_login_from = common_name",
		"auth_mechanisms.1 = PLAIN",
		"auth_mechanisms.2 = EXTERNAL",
	}
}

// environment is what rabbitmq-server reads (its guide "Configuration").
func (n *Node) environment() []string {
	_, dist, _ := net.SplitHostPort(testkit.FreeAddressOf(n.broker.t, local))
	return append(os.Environ(),
		"HOME="+n.path("home"), "LANG=C.UTF-8",
		"ERL_EPMD_PORT="+n.broker.port, "ERL_EPMD_ADDRESS=127.0.0.1",
		"RABBITMQ_NODENAME="+n.name, "RABBITMQ_CONF_ENV_FILE=/dev/null",
		"RABBITMQ_CONFIG_FILE="+n.path("rabbitmq.conf"),
		"RABBITMQ_ADVANCED_CONFIG_FILE="+n.path("advanced.config"),
		"RABBITMQ_ENABLED_PLUGINS_FILE="+n.path("enabled_plugins"),
		"RABBITMQ_MNESIA_BASE="+n.path("mnesia"), "RABBITMQ_LOG_BASE="+n.path("log"),
		"RABBITMQ_SCHEMA_DIR="+n.path("schema"), "RABBITMQ_GENERATED_CONFIG_DIR="+n.path("generated"),
		"RABBITMQ_FEATURE_FLAGS_FILE="+n.path("feature_flags"), "RABBITMQ_PID_FILE="+n.path("pid"),
		// Another port at each start: the kernel may still keep the last one.
		"RABBITMQ_DIST_PORT="+dist,
		"RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS=-kernel inet_dist_use_interface {127,0,0,1} +S 2:2 +sbwt none -start_epmd false",
		// Then the script becomes the server, and a signal to it is one to that.
		"RUNNING_UNDER_SYSTEMD=true",
	)
}

// start runs the node, which does not answer yet.
func (n *Node) start() {
	n.broker.t.Helper()
	c := exec.Command(server)
	c.Dir, c.Env = n.dir, n.environment()
	n.output.Reset()
	c.Stdout, c.Stderr = &n.output, &n.output
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	exited, err := testkit.Spawn(c)
	n.broker.must(err)
	n.command, n.exited = c, exited
}

// await waits until the node serves clients and, when all others run, is one of
// them.
func (n *Node) await() {
	n.broker.t.Helper()
	running := 0
	for _, other := range n.broker.Nodes {
		if other.Running() {
			running++
		}
	}
	want := fmt.Sprintf("{true, %d}", running)
	state := "not listening"
	for deadline := time.Now().Add(startLimit); state != want; time.Sleep(100 * time.Millisecond) {
		if listens(n.Address) {
			state = n.state()
		}
		if !n.Running() || time.Now().After(deadline) {
			n.Kill() // Then nobody writes its output any more.
			n.broker.t.Fatalf("RabbitMQ did not start; it is %s, wanted %s\n%s", state, want, n.output.String())
		}
	}
}

// state says whether the node serves clients, and how many nodes it sees.
func (n *Node) state() string {
	said, err := n.eval("{rabbit:is_running(), length(rabbit_mnesia:cluster_nodes(running))}")
	if err != nil {
		return err.Error()
	}
	return said
}

// Restart starts the node on its data and waits until it serves clients.
func (n *Node) Restart() {
	n.broker.t.Helper()
	n.start()
	n.await()
}

// Running says whether the node has been started and has not ended.
func (n *Node) Running() bool {
	if n.command == nil {
		return false
	}
	select {
	case <-n.exited:
		return false
	default:
		return true
	}
}

// Kill ends the node at once, as kill -9 does.
func (n *Node) Kill() { n.end(syscall.SIGKILL) }

// Stop asks the node to end and waits until it has.
func (n *Node) Stop() { n.end(syscall.SIGTERM) }

func (n *Node) end(s syscall.Signal) {
	if n.run == nil || n.command == nil {
		return
	}
	_ = syscall.Kill(-n.command.Process.Pid, s)
	<-n.exited
	n.command = nil
}

// PID is the node's process.
func (n *Node) PID() int { return n.command.Process.Pid }
