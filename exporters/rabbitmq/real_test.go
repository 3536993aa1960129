package rabbitmq

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/tailrace/tailrace/internal/testkit/authority"
	"github.com/tailrace/tailrace/internal/testkit/rabbitmq"
	"github.com/tailrace/tailrace/pipeline/shipping"
)

func TestAFrameIsOnePersistentMessageWithTheBytesOfTheJournal(t *testing.T) {
	b := shared.plain.Take(t)
	e := exporterOf(t, configFor(b))
	s := frameOf(7, "hello", "world")
	mustStore(t, e, s)
	d := receive(t, client(t, b), "tailrace", 1)[0]
	f, err := parse(d)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(f.Payload, s.Payload) || f.Meta.Docs != 2 || f.Meta.JournalTime != s.Meta.JournalTime || f.Node != "node-1" {
		t.Errorf("%+v, %d bytes of %d", f.Meta, len(f.Payload), len(s.Payload))
	}
	if d.MessageId != "0123abcd-7" || d.RoutingKey != "logs.default" || d.DeliveryMode != amqp.Persistent || d.AppId != "tailrace" {
		t.Errorf("id %q, key %q, mode %d, app %q", d.MessageId, d.RoutingKey, d.DeliveryMode, d.AppId)
	}
}

func TestAFullQueueRefusesAndTakesAgainWhenItIsRead(t *testing.T) {
	b := shared.plain.Take(t)
	c := configFor(b)
	c.MaxLength = 1
	e := exporterOf(t, c)
	var refused *shipping.Response
	for seq := uint64(1); refused == nil; seq++ {
		// A quorum queue takes one more than it says.
		if r := export(t, e, frameOf(seq, "x")); !isStored(r, 1) {
			refused = r
		}
	}
	if refused.Verdict != shipping.Unavailable || !strings.Contains(refused.Reason, "full") {
		t.Errorf("%+v", refused)
	}
	receive(t, client(t, b), "tailrace", 2)
	storedAtLast(t, e, frameOf(100, "x"))
	if f := e.Figures(); f.Refused == 0 || f.Lost != 0 || f.Returned != 0 {
		t.Errorf("%+v", f)
	}
}

func TestAQueueThatIsGoneIsDeclaredOnceMore(t *testing.T) {
	for name, tc := range map[string]struct {
		remove func(*rabbitmq.Broker)
		// left is how many messages there are in the end.
		left int
	}{
		"queue deleted":    {func(b *rabbitmq.Broker) { b.DeleteQueue("tailrace") }, 1},
		"queue unbound":    {func(b *rabbitmq.Broker) { b.Unbind("tailrace") }, 2},
		"exchange deleted": {func(b *rabbitmq.Broker) { b.DeleteExchange("tailrace") }, 2},
	} {
		t.Run(name, func(t *testing.T) {
			b := shared.plain.Take(t)
			e := exporterOf(t, configFor(b))
			mustStore(t, e, frameOf(1, "x"))
			tc.remove(b)
			if r := export(t, e, frameOf(2, "y")); r.Verdict != shipping.Unavailable || r.Status == 0 {
				t.Errorf("a message that no queue took: %+v", r)
			}
			mustStore(t, e, frameOf(2, "y"))
			all := receive(t, client(t, b), "tailrace", tc.left)
			if last := all[len(all)-1]; last.MessageId != "0123abcd-2" {
				t.Errorf("the last message is %s", last.MessageId)
			}
		})
	}
}

func TestPassiveDeclaresNothingAndSaysWhatIsMissing(t *testing.T) {
	b := shared.plain.Take(t)
	c := configFor(b)
	c.Declare = passive
	e := exporterOf(t, c)
	denied(t, e, frameOf(1, "x"), "no exchange 'tailrace'")
	ch := client(t, b)
	if err := ch.ExchangeDeclare("tailrace", "topic", true, false, false, false, nil); err != nil {
		t.Fatal(err)
	}
	denied(t, e, frameOf(1, "x"), "no queue 'tailrace'")
	if _, err := ch.QueueDeclare("tailrace", true, false, false, false, amqp.Table{argType: queueTypeQuorum}); err != nil {
		t.Fatal(err)
	}
	denied(t, e, frameOf(1, "x"), "bind a queue", "logs.default")
	if err := ch.QueueBind("tailrace", "logs.#", "tailrace", false, nil); err != nil {
		t.Fatal(err)
	}
	storedAtLast(t, e, frameOf(1, "x"))
}

func TestAQueueThatLosesMessagesIsRefused(t *testing.T) {
	b := shared.plain.Take(t)
	ch := client(t, b)
	quorum := func(args amqp.Table) settings {
		args[argType] = queueTypeQuorum
		return settings{durable: true, arguments: args}
	}
	for name, tc := range map[string]struct {
		has   settings
		words []string
	}{
		"drop-head":       {quorum(amqp.Table{argMaxLength: int64(10), argOverflow: "drop-head"}), []string{"deletes the oldest message", "delete_queue 'drop-head'"}},
		"no-overflow":     {quorum(amqp.Table{argMaxLengthBytes: int64(1000)}), []string{"deletes the oldest message"}},
		"ttl":             {quorum(amqp.Table{argMessageTTL: int64(60000)}), []string{"messages expire after 60000 ms"}},
		"expires":         {quorum(amqp.Table{argExpires: int64(60000)}), []string{"deleted when nobody uses it for 60000 ms"}},
		"delivery-limit":  {quorum(amqp.Table{argDeliveryLimit: int64(20)}), []string{"after 20 deliveries"}},
		"ttl and expires": {quorum(amqp.Table{argExpires: int64(70000), argMessageTTL: int64(60000)}), []string{"60000 ms", "70000 ms"}},
		"classic ttl":     {settings{durable: true, arguments: amqp.Table{argMessageTTL: int64(5)}}, []string{"expire after 5 ms"}},
		"not durable":     {settings{}, []string{"not durable"}},
		"auto-delete":     {settings{durable: true, autoDelete: true}, []string{"auto-delete"}},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := ch.QueueDeclare(name, tc.has.durable, tc.has.autoDelete, false, false, tc.has.arguments); err != nil {
				t.Fatal(err)
			}
			c := configFor(b)
			c.Queue = name
			denied(t, exporterOf(t, c), frameOf(1, "x"), tc.words...)
			c.Declare = passive
			denied(t, exporterOf(t, c), frameOf(1, "x"), tc.words...)
			c.Declare, c.AllowLossy = declareActive, true
			mustStore(t, exporterOf(t, c), frameOf(1, "x"))
		})
	}
}

// TestTheCommandsOfACureCure runs what the exporter says.
func TestTheCommandsOfACureCure(t *testing.T) {
	b := shared.plain.Take(t)
	ch := client(t, b)
	for name, args := range map[string]amqp.Table{
		"a quorum queue's": {argType: queueTypeQuorum, argMaxLength: int64(10)},
		"a $classic queue": {argMessageTTL: int64(60000)},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := ch.QueueDeclare(name, true, false, false, false, args); err != nil {
				t.Fatal(err)
			}
			c := configFor(b)
			c.Queue = name
			e := exporterOf(t, c)
			r := export(t, e, frameOf(1, "x"))
			if r.Verdict != shipping.Denied {
				t.Fatalf("%+v", r)
			}
			for i, command := range strings.Split(r.Cure, "`") {
				if i%2 == 1 && strings.Contains(command, "delete_queue") {
					b.Run(command)
				}
			}
			storedAtLast(t, e, frameOf(1, "x"))
		})
	}
}

func TestAQueueWithOtherHarmlessSettingsIsUsed(t *testing.T) {
	b := shared.plain.Take(t)
	ch := client(t, b)
	for name, has := range map[string]amqp.Table{
		"unlimited": {argType: queueTypeQuorum},
		"limited":   {argType: queueTypeQuorum, argMaxLength: int64(10), argOverflow: rejectPublish},
		"dead-lettered": {argType: queueTypeQuorum, argDeliveryLimit: int64(5), argDeadLetter: "elsewhere",
			argOverflow: rejectPublish, "x-single-active-consumer": true},
		"classic": {"x-max-priority": int64(3)},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := ch.QueueDeclare(name, true, false, false, false, has); err != nil {
				t.Fatal(err)
			}
			c := configFor(b)
			c.Queue = name
			mustStore(t, exporterOf(t, c), frameOf(1, "x"))
		})
	}
}

func TestABlockedBrokerIsToldOfAndNothingIsSentTwice(t *testing.T) {
	b := shared.plain.Take(t)
	e := exporterOf(t, configFor(b))
	mustStore(t, e, frameOf(1, "x"))
	b.MemoryAlarm(true)
	defer b.MemoryAlarm(false)
	r := eventually(t, e, frameOf(2, "y"), func(r *shipping.Response) bool { return r.Verdict != shipping.Answered })
	if r.Verdict != shipping.Unavailable || !strings.Contains(r.Reason, "low on memory") || r.Cure == "" {
		t.Errorf("%+v", r)
	}
	if f := e.Figures(); f.Blocked == "" || time.Since(f.Since) > limit {
		t.Errorf("%+v", f)
	}
	if r := export(t, e, frameOf(3, "z")); r.Verdict != shipping.Unavailable {
		t.Errorf("another frame: %+v", r)
	}
	b.MemoryAlarm(false)
	storedAtLast(t, e, frameOf(2, "y"))
	storedAtLast(t, e, frameOf(3, "z"))
	if f := e.Figures(); f.Blocked != "" {
		t.Errorf("%+v", f)
	}
	ch := client(t, b)
	receive(t, ch, "tailrace", 3)
	again, err := ch.QueueDeclarePassive("tailrace", true, false, false, false, nil)
	if err != nil || again.Messages != 0 {
		t.Errorf("three frames are more than three messages: %+v, %v", again, err)
	}
}

func TestAMessageOverTheLimitIsAskedForInPieces(t *testing.T) {
	b := shared.plain.Take(t)
	e := exporterOf(t, configFor(b))
	large := frameOf(1, noise(2_000_000), "small")
	for range 2 { // from the broker, then from memory
		if r := export(t, e, large); r.Verdict != shipping.TooLarge || !strings.Contains(r.Reason, "1000000") {
			t.Errorf("%+v", r)
		}
	}
	mustStore(t, e, frameOf(2, noise(700_000)))
}

func TestDeliveryGoesOnAfterTheBrokerWasKilled(t *testing.T) {
	b := shared.plain.Take(t)
	e := exporterOf(t, configFor(b))
	mustStore(t, e, frameOf(1, "x"))
	b.SaveNames()
	b.Nodes[0].Kill()
	if r := export(t, e, frameOf(2, "y")); r.Verdict != shipping.Unavailable || r.Reason == "" {
		t.Errorf("without a broker: %+v", r)
	}
	b.Nodes[0].Restart()
	storedAtLast(t, e, frameOf(2, "y"))
	receive(t, client(t, b), "tailrace", 2)
}

func TestARotatedPasswordIsReadAgain(t *testing.T) {
	b := shared.plain.Take(t)
	b.AddUser("anna", "first")
	c := configFor(b)
	file := filepath.Join(t.TempDir(), "password")
	write := func(text string) {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("first\n")
	c.Broker.User, c.Broker.Password, c.Broker.PasswordFile = "anna", "", file
	e := exporterOf(t, c)
	mustStore(t, e, frameOf(1, "x"))
	b.ChangePassword("anna", "second")
	b.Disconnect()
	denied(t, e, frameOf(2, "y"), "user and password")
	write("second\n")
	storedAtLast(t, e, frameOf(2, "y"))
}

func TestAUserWithoutARightIsToldWhich(t *testing.T) {
	b := shared.plain.Take(t)
	b.AddUser("bert", "secret-of-bert")
	b.Eval(`rabbit_auth_backend_internal:set_permissions(<<"bert">>, <<%q>>, <<"">>, <<"">>, <<"">>, <<"tests">>)`, b.VirtualHost)
	c := configFor(b)
	c.Broker.User, c.Broker.Password = "bert", "secret-of-bert"
	denied(t, exporterOf(t, c), frameOf(1, "x"), "exchange 'tailrace'", "set_permissions")
	if r := export(t, exporterOf(t, c), frameOf(1, "x")); strings.Contains(r.Reason+r.Cure, "secret-of-bert") {
		t.Errorf("the password is told: %+v", r)
	}
}

func TestACertificateIsEnough(t *testing.T) {
	b := shared.plain.Take(t)
	b.AddUser(authority.Holder, "unused")
	c := configFor(b)
	c.Broker.Endpoints = []string{"amqps://" + b.Nodes[0].TLSAddress}
	c.Broker.Auth, c.Broker.User, c.Broker.Password = "external", "", ""
	c.Broker.TLS.CertFile, c.Broker.TLS.KeyFile = b.Files.Cert, b.Files.Key
	denied(t, exporterOf(t, c), frameOf(1, "x"), "tls.ca_file")
	c.Broker.TLS.CAFile = b.Files.CA
	mustStore(t, exporterOf(t, c), frameOf(1, "x"))
}

func TestNodesAreSpreadOverQueues(t *testing.T) {
	b := shared.plain.Take(t)
	c := configFor(b)
	c.Queues = 3
	mustStore(t, exporterOf(t, c), frameOf(1, "x"))
	ch := client(t, b)
	for i, name := range c.queueNames() {
		d, ok, err := ch.Get(name, true)
		if own := i == c.shard(origin.Node); err != nil || ok != own || own && d.RoutingKey != fmt.Sprintf("logs.default.%d", i) {
			t.Errorf("%s, of which the node's is %d: %v, key %q, %v", name, c.shard(origin.Node), ok, d.RoutingKey, err)
		}
	}
}

func TestAStreamCanBeReadTwice(t *testing.T) {
	b := shared.plain.Take(t)
	c := configFor(b)
	c.QueueType, c.MaxAge = queueStream, 24*time.Hour
	mustStore(t, exporterOf(t, c), frameOf(1, "x"))
	for range 2 {
		ch := client(t, b)
		if err := ch.Qos(1, 0, false); err != nil {
			t.Fatal(err)
		}
		deliveries, err := ch.Consume("tailrace", "", false, false, false, false, amqp.Table{"x-stream-offset": "first"})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := parse(<-deliveries); err != nil {
			t.Error(err)
		}
	}
}

func TestDocumentsTravelOneByOneUnderTheirNamespaceAndDataset(t *testing.T) {
	b := shared.plain.Take(t)
	c := configFor(b)
	c.Mode = modeDocument
	mustStore(t, exporterOf(t, c), frameOf(9, "hello", "world"))
	all := receive(t, client(t, b), "tailrace", 2)
	for i, text := range []string{"hello", "world"} {
		d := all[i]
		if d.RoutingKey != "logs.shop.nginx.access" || d.MessageId != []string{"9-0", "9-1"}[i] || d.ContentType != "application/json" ||
			d.ContentEncoding != "" || d.DeliveryMode != amqp.Persistent || string(d.Body) != `{"body":{"text":"`+text+`"}}` {
			t.Errorf("%+v", d)
		}
	}
}

func TestDocumentsThatNobodyTakesWaitApart(t *testing.T) {
	b := shared.plain.Take(t)
	ch := client(t, b)
	if err := ch.ExchangeDeclare("tailrace", "topic", true, false, false, false, nil); err != nil {
		t.Fatal(err)
	}
	c := configFor(b)
	c.Mode, c.Declare, c.Queue = modeDocument, passive, ""
	r := export(t, exporterOf(t, c), frameOf(1, "a", "b"))
	if r.Verdict != shipping.Answered || len(r.Outcomes) != 2 || r.Outcomes[0] != shipping.Refused || len(r.Errors) != 2 || r.Cure == "" {
		t.Errorf("%+v", r)
	}
}

func TestExportEndsWithItsContext(t *testing.T) {
	b := shared.plain.Take(t)
	e := exporterOf(t, configFor(b))
	mustStore(t, e, frameOf(1, "x"))
	b.MemoryAlarm(true)
	defer b.MemoryAlarm(false)
	eventually(t, e, frameOf(2, "y"), func(r *shipping.Response) bool { return r.Verdict == shipping.Unavailable })
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if r, err := e.Export(ctx, requestOf(frameOf(2, "y"))); err == nil && r.Verdict != shipping.Unavailable || err != nil && !errors.Is(err, context.Canceled) {
		t.Errorf("%+v, %v", r, err)
	}
	done := make(chan error)
	go func() { done <- e.Close() }()
	select {
	case <-done:
	case <-time.After(limit):
		t.Error("Close hangs while the broker is blocked")
	}
}
