package rabbitmq

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// Allow lets a user do everything in the virtual host.
func (b *Broker) Allow(user string) {
	b.t.Helper()
	b.Eval(`rabbit_auth_backend_internal:set_permissions(<<%q>>, <<%q>>, <<".*">>, <<".*">>, <<".*">>, <<"tests">>)`, user, b.VirtualHost)
}

// AddUser makes a user who may do everything in the virtual host. A client
// certificate of that common name is enough with TLS.
func (b *Broker) AddUser(name, password string) {
	b.t.Helper()
	b.Eval(`rabbit_auth_backend_internal:add_user(<<%q>>, <<%q>>, <<"tests">>)`, name, password)
	b.Allow(name)
	b.undo(func() { b.Eval(`rabbit_auth_backend_internal:delete_user(<<%q>>, <<"tests">>)`, name) })
}

// ChangePassword gives a user another password. Connections that are open stay;
// Disconnect ends them.
func (b *Broker) ChangePassword(user, password string) {
	b.t.Helper()
	b.Eval(`rabbit_auth_backend_internal:change_password(<<%q>>, <<%q>>, <<"tests">>)`, user, password)
}

// Disconnect closes all connections of clients.
func (b *Broker) Disconnect() {
	b.t.Helper()
	b.Eval(`rabbit_networking:close_all_connections("the tests want it")`)
}

// Certify gives the nodes another certificate, which ends at a time that may
// have passed. Connections that are open stay.
func (b *Broker) Certify(end time.Time) {
	b.t.Helper()
	b.issue(end)
	b.Eval(`rpc:multicall(rabbit_nodes:all_running(), ssl, clear_pem_cache, [])`)
}

// Run runs a command of a shell as the operator of a node would, who has
// rabbitmqctl. That takes seconds.
func (b *Broker) Run(command string) {
	b.t.Helper()
	c := exec.Command("sh", "-c", command)
	n := b.anyNode()
	c.Env = append(n.environment(), "PATH="+filepath.Dir(server)+":"+os.Getenv("PATH"))
	if out, err := c.CombinedOutput(); err != nil {
		b.t.Fatalf("%s: %v\n%s", command, err, out)
	}
}

// Connections counts the connections of clients.
func (b *Broker) Connections() int {
	b.t.Helper()
	return number(b, b.Eval(`length(rabbit_networking:connections())`))
}

// Set changes a setting of the application rabbit on all running nodes, for
// channels that are opened from then on, until the test ends. The value is
// Erlang's.
func (b *Broker) Set(key, value string) {
	b.t.Helper()
	before := b.Eval(`application:get_env(rabbit, %s, undefined)`, key)
	b.set(key, value)
	b.undo(func() { b.set(key, before) })
}

func (b *Broker) set(key, value string) {
	b.t.Helper()
	b.Eval(`rpc:multicall(rabbit_nodes:all_running(), application, set_env, [rabbit, %s, %s])`, key, value)
}

// MemoryAlarm raises the alarm of all running nodes that their memory is short,
// or clears it. While it is raised they read nothing from publishers.
func (b *Broker) MemoryAlarm(raised bool) {
	b.t.Helper()
	share := "0.4" // RabbitMQ's own.
	if raised {
		share = "0.000001"
	}
	b.Eval(`rpc:multicall(rabbit_nodes:all_running(), vm_memory_monitor, set_vm_memory_high_watermark, [%s])`, share)
}

// Queue is what a queue's leader says of it.
type Queue struct {
	// Messages are all, of which Ready wait for a consumer and the others for a
	// consumer's ack.
	Messages, Ready, Consumers int
}

// resource is a name of the virtual host's in Erlang.
func (b *Broker) resource(kind, name string) string {
	return fmt.Sprintf(`rabbit_misc:r(<<%q>>, %s, <<%q>>)`, b.VirtualHost, kind, name)
}

// HasQueue says whether there is such a queue.
func (b *Broker) HasQueue(name string) bool {
	b.t.Helper()
	return b.Eval(`rabbit_amqqueue:exists(%s)`, b.resource("queue", name)) == "true"
}

// Queue asks for a queue's figures. A queue that has no leader right now has
// none.
func (b *Broker) Queue(name string) (q Queue) {
	b.t.Helper()
	if !b.HasQueue(name) {
		return q
	}
	said := b.Eval(`{ok, Q} = rabbit_amqqueue:lookup(%s), list_to_tuple([V || {_, V} <- rabbit_amqqueue:info(Q, [messages, messages_ready, consumers])])`, b.resource("queue", name))
	// While there is no leader the values are ''. A list of small numbers would
	// be written as a text.
	fmt.Sscanf(strings.Map(func(r rune) rune {
		if strings.ContainsRune("{},", r) {
			return ' '
		}
		return r
	}, said), "%d %d %d", &q.Messages, &q.Ready, &q.Consumers)
	return q
}

// Leader is the node that leads a quorum queue; nil when none does right now.
func (b *Broker) Leader(queue string) *Node {
	b.t.Helper()
	said := b.Eval(`{ok, Q} = rabbit_amqqueue:lookup(%s), [V || {_, V} <- rabbit_amqqueue:info(Q, [leader])]`, b.resource("queue", queue))
	for _, n := range b.Nodes {
		if strings.Contains(said, n.name) {
			return n
		}
	}
	return nil
}

// SaveNames has the names of quorum queues written to disk. RabbitMQ 3.10 does
// so half a second late, and a node that is killed before has a new queue back
// that is empty and elects no leader.
func (b *Broker) SaveNames() {
	b.t.Helper()
	b.Eval(`rpc:multicall(rabbit_nodes:all_running(), erlang, apply, [fun() -> [dets:sync(T) || T <- dets:all()] end, []])`)
}

// DeleteQueue deletes a queue with what is in it.
func (b *Broker) DeleteQueue(name string) {
	b.t.Helper()
	b.Eval(`{ok, Q} = rabbit_amqqueue:lookup(%s), element(1, rabbit_amqqueue:delete(Q, false, false, <<"tests">>))`, b.resource("queue", name))
}

// DeleteExchange deletes an exchange with its bindings.
func (b *Broker) DeleteExchange(name string) {
	b.t.Helper()
	b.Eval(`rabbit_exchange:delete(%s, false, <<"tests">>)`, b.resource("exchange", name))
}

// Unbind removes all bindings of a queue but the one to the default exchange,
// which cannot be removed, and returns how many there were.
func (b *Broker) Unbind(queue string) int {
	b.t.Helper()
	return number(b, b.Eval(`length([ok = rabbit_binding:remove(X, <<"tests">>) || X <- rabbit_binding:list_for_destination(%s), element(2, X) =/= rabbit_misc:r(<<%q>>, exchange, <<>>)])`,
		b.resource("queue", queue), b.VirtualHost))
}

func number(b *Broker, said string) (n int) {
	b.t.Helper()
	if _, err := fmt.Sscan(said, &n); err != nil {
		b.t.Fatalf("%q is no number", said)
	}
	return n
}
