package rabbitmq

import (
	"strings"
	"testing"

	"github.com/tailrace/tailrace/internal/testkit"
)

// declare makes a durable quorum queue, as a client would.
func declare(b *Broker, queue string) {
	b.Eval(`rabbit_amqqueue:declare(%s, true, false, [{<<"x-queue-type">>, longstr, <<"quorum">>}], none, <<"tests">>), ok`, b.resource("queue", queue))
}

func TestBrokerKeepsItsQueuesOverAKill(t *testing.T) {
	whole := Start(t, Options{TLS: true})
	b := whole.For(t)
	declare(b, "kept")
	b.Nodes[0].Kill()
	if b.Nodes[0].Running() || listens(b.Nodes[0].Address) {
		t.Fatal("it still runs")
	}
	b.Nodes[0].Restart()
	if !b.HasQueue("kept") || b.HasQueue("never") || !listens(b.Nodes[0].TLSAddress) {
		t.Error("the queue is gone")
	}
	testkit.Eventually(t, "the queue has a leader", func() (bool, string) { return b.Leader("kept") == b.Nodes[0], "" })
	if q := b.Queue("kept"); q != (Queue{}) {
		t.Errorf("an empty queue has %+v", q)
	}
	if n := b.Unbind("kept"); n != 0 {
		t.Errorf("%d bindings that nobody made", n)
	}
	b.DeleteQueue("kept")
	if b.HasQueue("kept") {
		t.Error("a deleted queue is there")
	}
	if !strings.HasSuffix(b.URL(b.Nodes[0]), "/"+b.VirtualHost) || b.VirtualHost == "/" {
		t.Errorf("the test's virtual host is not in %s", b.URL(b.Nodes[0]))
	}
}

func TestBrokerObeysItsOperator(t *testing.T) {
	b := Start(t, Options{Settings: []string{"max_message_size = 1000"}})
	b.MemoryAlarm(true)
	testkit.Eventually(t, "the alarm is raised", func() (bool, string) {
		said := b.Eval(`rabbit_alarm:get_alarms()`)
		return strings.Contains(said, "memory"), said
	})
	b.MemoryAlarm(false)
	testkit.Eventually(t, "the alarm is cleared", func() (bool, string) {
		said := b.Eval(`rabbit_alarm:get_alarms()`)
		return !strings.Contains(said, "memory"), said
	})
	if said := b.Eval(`application:get_env(rabbit, max_message_size)`); said != "{ok, 1000}" {
		t.Errorf("the largest message is %s", said)
	}
	b.Set("consumer_timeout", "3000")
	if said := b.Eval(`application:get_env(rabbit, consumer_timeout)`); said != "{ok, 3000}" {
		t.Errorf("the ack timeout is %s", said)
	}
	b.AddUser("anna", "first")
	b.ChangePassword("anna", "second")
	for password, want := range map[string]string{"first": "{refused", "second": "{ok"} {
		if said := b.Eval(`rabbit_access_control:check_user_login(<<"anna">>, [{password, <<%q>>}])`, password); !strings.HasPrefix(said, want) {
			t.Errorf("password %s: %s", password, said)
		}
	}
	b.Disconnect()
	if n := b.Connections(); n != 0 {
		t.Errorf("%d connections that nobody made", n)
	}
	b.Nodes[0].Stop()
}

func TestThreeNodesElectAnotherLeader(t *testing.T) {
	b := Start(t, Options{Nodes: 3})
	declare(b, "kept")
	first := b.Leader("kept")
	if first == nil {
		t.Fatal("no leader")
	}
	first.Kill()
	testkit.Eventually(t, "another node leads", func() (bool, string) {
		next := b.Leader("kept")
		return next != nil && next != first, ""
	})
	first.Restart()
}
