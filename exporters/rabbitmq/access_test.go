package rabbitmq

import (
	"net"
	"os"
	"strings"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/tailrace/tailrace/internal/testkit/authority"
	"github.com/tailrace/tailrace/pipeline/shipping"
)

func TestADeadHostIsPassedOver(t *testing.T) {
	b := shared.plain.Take(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	mute, err := net.Listen("tcp", "127.0.0.1:0") // accepts, and says nothing
	if err != nil {
		t.Fatal(err)
	}
	defer mute.Close()
	c := configFor(b)
	c.Broker.Endpoints = append(c.Broker.Endpoints, "amqp://"+l.Addr().String(), "amqp://"+mute.Addr().String())
	c.Broker.Timeout = time.Second
	for range 3 {
		e := exporterOf(t, c)
		eventually(t, e, frameOf(1, "x"), func(r *shipping.Response) bool {
			if isStored(r, 1) {
				return true
			}
			if r.Verdict != shipping.Unavailable || !strings.Contains(r.Reason, "no connection to 127.") {
				t.Errorf("%+v", r)
			}
			return false
		})
	}
}

func TestAVirtualHostThatIsNotThereIsNamed(t *testing.T) {
	b := shared.plain.Take(t)
	c := configFor(b)
	c.Broker.VHost = "nowhere"
	denied(t, exporterOf(t, c), frameOf(1, "x"), "vhost is right", "nowhere")
}

func TestAUserWhoMayNotPublishIsToldSo(t *testing.T) {
	b := shared.plain.Take(t)
	b.AddUser("carl", "secret-of-carl")
	// What may be written: a binding writes the queue, a message the exchange.
	may := func(write string) {
		b.Eval(`rabbit_auth_backend_internal:set_permissions(<<"carl">>, <<%q>>, <<".*">>, <<%q>>, <<".*">>, <<"tests">>)`, b.VirtualHost, write)
		b.Disconnect()
	}
	for _, mode := range []string{modeFrame, modeDocument} {
		t.Run(mode, func(t *testing.T) {
			c := configFor(b)
			c.Queue, c.Mode = "theirs", mode
			c.Broker.User, c.Broker.Password = "carl", "secret-of-carl"
			e := exporterOf(t, c)
			may("^theirs$")
			denied(t, e, frameOf(1, "x"), "exchange 'tailrace'", "set_permissions")
			may("^(theirs|tailrace)$")
			storedAtLast(t, e, frameOf(1, "x"))
		})
	}
}

// TestPassiveNeedsThePermissionToWriteAndNoOther: neither configure nor read.
func TestPassiveNeedsThePermissionToWriteAndNoOther(t *testing.T) {
	b := shared.plain.Take(t)
	mustStore(t, exporterOf(t, configFor(b)), frameOf(1, "x"))
	b.AddUser("dora", "secret-of-dora")
	b.Eval(`rabbit_auth_backend_internal:set_permissions(<<"dora">>, <<%q>>, <<"">>, <<"^tailrace$">>, <<"">>, <<"tests">>)`, b.VirtualHost)
	c := configFor(b)
	c.Declare, c.Broker.User, c.Broker.Password = passive, "dora", "secret-of-dora"
	mustStore(t, exporterOf(t, c), frameOf(2, "y"))
}

func TestTLSIsRefusedWithTheReasonAndTheCure(t *testing.T) {
	b := shared.plain.Take(t)
	other := authority.New(t)
	otherCA, otherCert, otherKey := t.TempDir()+"/ca.pem", t.TempDir()+"/cert.pem", t.TempDir()+"/key.pem"
	other.Write(otherCA)
	other.Issue(otherCert, otherKey)
	secure := "amqps://" + b.Nodes[0].TLSAddress
	for name, tc := range map[string]struct {
		change func(*Config)
		cure   string
	}{
		"no authority":        {func(c *Config) { c.Broker.Endpoints = []string{secure} }, "tls.ca_file"},
		"another authority":   {func(c *Config) { c.Broker.Endpoints, c.Broker.TLS.CAFile = []string{secure}, otherCA }, "tls.ca_file"},
		"another name":        {func(c *Config) { c.Broker.TLS.ServerName = "mq.example.org" }, "tls.server_name_override"},
		"no TLS on the port":  {func(c *Config) { c.Broker.Endpoints = []string{"amqps://" + b.Nodes[0].Address} }, "amqp://"},
		"a stranger's papers": {func(c *Config) { c.Broker.TLS.CertFile, c.Broker.TLS.KeyFile = otherCert, otherKey }, "tls.cert_file"},
	} {
		t.Run(name, func(t *testing.T) {
			c := configFor(b)
			c.Broker.Endpoints, c.Broker.TLS.CAFile = []string{secure}, b.Files.CA
			if strings.HasPrefix(name, "no authority") {
				c.Broker.TLS.CAFile = ""
			}
			tc.change(&c)
			denied(t, exporterOf(t, c), frameOf(1, "x"), tc.cure)
		})
	}
	t.Run("an expired certificate, until it is renewed", func(t *testing.T) {
		c := configFor(b)
		c.Broker.Endpoints, c.Broker.TLS.CAFile = []string{secure}, b.Files.CA
		b.Certify(time.Now().Add(-time.Minute))
		e := exporterOf(t, c)
		denied(t, e, frameOf(1, "x"), "certificate", "clock")
		b.Certify(time.Now().Add(time.Hour))
		storedAtLast(t, e, frameOf(1, "x"))
	})
	t.Run("TLS where plain is expected", func(t *testing.T) {
		c := configFor(b)
		c.Broker.Endpoints = []string{"amqp://" + b.Nodes[0].TLSAddress}
		denied(t, exporterOf(t, c), frameOf(1, "x"), "write amqps://")
	})
}

func TestCertificatesAreReadForEachConnection(t *testing.T) {
	b := shared.plain.Take(t)
	ca := t.TempDir() + "/ca.pem"
	authority.New(t).Write(ca)
	c := configFor(b)
	c.Broker.Endpoints, c.Broker.TLS.CAFile = []string{"amqps://" + b.Nodes[0].TLSAddress}, ca
	e := exporterOf(t, c)
	denied(t, e, frameOf(1, "x"), "tls.ca_file")
	right, err := os.ReadFile(b.Files.CA)
	if err == nil {
		err = os.WriteFile(ca, right, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	storedAtLast(t, e, frameOf(1, "x"))
}

func TestATopicThatTheUserMayNotWriteIsNamedWithItsOwnCure(t *testing.T) {
	b := shared.plain.Take(t)
	b.AddUser("fay", "secret-of-fay")
	b.Eval(`rabbit_auth_backend_internal:set_topic_permissions(<<"fay">>, <<%q>>, <<"tailrace">>, <<"^logs[.]audit$">>, <<".*">>, <<"tests">>)`, b.VirtualHost)
	c := configFor(b)
	c.Broker.User, c.Broker.Password = "fay", "secret-of-fay"
	denied(t, exporterOf(t, c), frameOf(1, "x"), "topic 'logs.default'", "set_topic_permissions")
}

func TestActiveNeedsPermissionsForItsExchangeAndQueueOnly(t *testing.T) {
	b := shared.plain.Take(t)
	b.AddUser("emil", "secret-of-emil")
	const own = "^tailrace$"
	b.Eval(`rabbit_auth_backend_internal:set_permissions(<<"emil">>, <<%q>>, <<%q>>, <<%q>>, <<%q>>, <<"tests">>)`, b.VirtualHost, own, own, own)
	c := configFor(b)
	c.Broker.User, c.Broker.Password = "emil", "secret-of-emil"
	mustStore(t, exporterOf(t, c), frameOf(1, "x"))
}

func TestAClassHasItsOwnKey(t *testing.T) {
	b := shared.plain.Take(t)
	ch := client(t, b)
	e := exporterOf(t, configFor(b))
	mustStore(t, e, frameOf(1, "x"))
	mustBind(t, ch, "theirs", "logs.audit")
	audit := frameOf(2, "y")
	audit.Meta.Class = "audit"
	mustStore(t, e, audit)
	mustStore(t, e, frameOf(3, "z"))
	if d := receive(t, ch, "theirs", 1)[0]; d.MessageId != "0123abcd-2" || d.RoutingKey != "logs.audit" {
		t.Errorf("id %s, key %s", d.MessageId, d.RoutingKey)
	}
	if n := b.Queue("theirs").Messages; n != 0 {
		t.Errorf("%d messages of other classes", n)
	}
}

func TestACertificateOfNobodyIsRefusedWithTheCure(t *testing.T) {
	b := shared.plain.Take(t)
	c := configFor(b)
	c.Broker.Endpoints = []string{"amqps://" + b.Nodes[0].TLSAddress}
	c.Broker.Auth, c.Broker.User, c.Broker.Password = "external", "", ""
	c.Broker.TLS.CAFile, c.Broker.TLS.CertFile, c.Broker.TLS.KeyFile = b.Files.CA, b.Files.Cert, b.Files.Key
	denied(t, exporterOf(t, c), frameOf(1, "x"), "a user with the name", "tls.cert_file")
}

func TestTheConnectionIsShownByTheNodesName(t *testing.T) {
	b := shared.plain.Take(t)
	mustStore(t, exporterOf(t, configFor(b)), frameOf(1, "x"))
	said := b.Eval(`[V || P <- rabbit_networking:connections(), [{client_properties, T}] <- [rabbit_networking:connection_info(P, [client_properties])], {<<"connection_name">>, _, B} <- T, V <- [binary_to_list(B)]]`)
	if !strings.Contains(said, "tailrace node-1") {
		t.Error(said)
	}
}

func TestAStreamIsNoQuorumQueue(t *testing.T) {
	b := shared.plain.Take(t)
	ch := client(t, b)
	if _, err := ch.QueueDeclare("tailrace", true, false, false, false, amqp.Table{argType: queueStream}); err != nil {
		t.Fatal(err)
	}
	denied(t, exporterOf(t, configFor(b)), frameOf(1, "x"), "it is a stream", "queue_type: stream")
	c := configFor(b)
	c.QueueType, c.MaxLengthBytes = queueStream, 1<<30
	mustStore(t, exporterOf(t, c), frameOf(1, "x"))
	c.Queue = "other"
	if _, err := ch.QueueDeclare("other", true, false, false, false, amqp.Table{argType: queueTypeQuorum}); err != nil {
		t.Fatal(err)
	}
	mustStore(t, exporterOf(t, c), frameOf(2, "x"))
}

func TestAQueueWithOtherLimitsThanTheConfigurationIsUsedByARealBrokerToo(t *testing.T) {
	b := shared.plain.Take(t)
	ch := client(t, b)
	args := amqp.Table{argType: queueTypeQuorum, argMaxLength: int64(20), argMaxLengthBytes: int64(1 << 30), argOverflow: rejectPublish}
	if _, err := ch.QueueDeclare("tailrace", true, false, false, false, args); err != nil {
		t.Fatal(err)
	}
	c := configFor(b)
	c.MaxLength, c.MaxLengthBytes = 10, 1<<20
	mustStore(t, exporterOf(t, c), frameOf(1, "x"))
	c.AllowLossy, c.Declare = true, passive
	c.MaxLength, c.MaxLengthBytes = 0, 0
	mustStore(t, exporterOf(t, c), frameOf(2, "x"))
}

func TestAnExchangeOfAnotherTypeIsRefused(t *testing.T) {
	b := shared.plain.Take(t)
	ch := client(t, b)
	if err := ch.ExchangeDeclare("tailrace", "fanout", true, false, false, false, nil); err != nil {
		t.Fatal(err)
	}
	denied(t, exporterOf(t, configFor(b)), frameOf(1, "x"), "another than a durable topic exchange", "declare: passive")
	mustBind(t, ch, "tailrace", "logs.#")
	c := configFor(b)
	c.Declare = passive
	mustStore(t, exporterOf(t, c), frameOf(1, "x"))
}

// mustBind makes a quorum queue of somebody else's.
func mustBind(t *testing.T, ch *amqp.Channel, queue, key string) {
	t.Helper()
	if _, err := ch.QueueDeclare(queue, true, false, false, false, amqp.Table{argType: queueTypeQuorum}); err != nil {
		t.Fatal(err)
	}
	if err := ch.QueueBind(queue, key, "tailrace", false, nil); err != nil {
		t.Fatal(err)
	}
}
