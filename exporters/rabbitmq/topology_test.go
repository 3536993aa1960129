package rabbitmq

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/tailrace/tailrace/pipeline/shipping"
)

// existing is a queue that is there with settings, which a broker compares with
// those that it is declared with, and tells of in RabbitMQ's words
// (rabbit_misc.erl, assert_args_equivalence).
type existing struct {
	flags     byte
	arguments amqp.Table
}

// The flags of queue.declare (AMQP 0-9-1, 1.7.2.1). A passive one compares nothing.
const onlyLook, durable = 1, 2

func (q *existing) declare(queue string, flags byte, args amqp.Table) string {
	if flags&onlyLook != 0 {
		return ""
	}
	const of = "PRECONDITION_FAILED - inequivalent arg '%s' for queue '%s' in vhost '/': received %s but current is %s"
	if (flags^q.flags)&durable != 0 {
		return fmt.Sprintf(of, "durable", queue, fmt.Sprintf("'%t'", flags&durable != 0), fmt.Sprintf("'%t'", q.flags&durable != 0))
	}
	for _, name := range []string{argExpires, argMessageTTL, argMaxLength, argMaxLengthBytes, argOverflow, argDeliveryLimit, argType} {
		if has, given := q.arguments[name], args[name]; has != given {
			return fmt.Sprintf(of, name, queue, erlang(given, has), erlang(has, given))
		}
	}
	return ""
}

// erlang writes a value: without its type where the other is of the same.
func erlang(v, other any) string {
	switch {
	case v == nil:
		return "none"
	case other != nil:
		return fmt.Sprintf("'%v'", v)
	}
	kind := "signedint"
	if _, text := v.(string); text {
		kind = "longstr"
	}
	return fmt.Sprintf("the value '%v' of type '%s'", v, kind)
}

// firstAnswer exports a frame to a broker that has a queue.
func firstAnswer(t *testing.T, version string, q *existing, change func(*Config)) (r *shipping.Response, published bool) {
	t.Helper()
	script(t, &scripted{version: version, declare: q.declare}, func(t *testing.T, b *scripted) {
		a := send(t, b.exporter(change), frameOf(1, "x"))
		if a.open() {
			published = true
			b.next().ack(false)
		}
		r = a.answer(t)
	})
	return r, published
}

func TestAQueueIsDeclaredWithoutADeliveryLimitWhereThereIsOneByDefault(t *testing.T) {
	for version, want := range map[string]any{
		"3.8.9": nil, "3.10.8": nil, "3.13.7": nil, // refuse a negative one
		"4.0.1": int64(-1), "4.3.0": int64(-1), "10.0": int64(-1),
		"": nil, // 3.10.8 by the script
	} {
		var got amqp.Table
		b := &scripted{version: version, declare: func(_ string, flags byte, args amqp.Table) string {
			if flags != durable {
				t.Errorf("flags %b", flags)
			}
			got = args
			return ""
		}}
		script(t, b, func(t *testing.T, b *scripted) {
			a := send(t, b.exporter(nil), frameOf(1, "x"))
			b.next().ack(false)
			a.answer(t)
		})
		if got[argDeliveryLimit] != want || got[argType] != queueTypeQuorum || got[argOverflow] != rejectPublish {
			t.Errorf("RabbitMQ %s: %v", version, got)
		}
	}
}

func quorum(args amqp.Table) *existing {
	args[argType] = queueTypeQuorum
	return &existing{flags: durable, arguments: args}
}

func TestAQueueThatGivesMessagesUpIsRefusedOnRabbitMQ4(t *testing.T) {
	for name, tc := range map[string]struct {
		version string
		queue   *existing
		change  func(*Config)
		// want are words of the refusal; none when it is used.
		want []string
	}{
		"declared on RabbitMQ 3":         {"4.1.0", quorum(amqp.Table{}), nil, []string{"after 20 deliveries", "delete_queue 'tailrace'", "declare: passive"}},
		"the same on RabbitMQ 3":         {"3.13.7", quorum(amqp.Table{}), nil, nil},
		"the same passively":             {"4.1.0", quorum(amqp.Table{}), func(c *Config) { c.Declare = passive }, nil},
		"a limit of its own":             {"4.1.0", quorum(amqp.Table{argDeliveryLimit: int64(5)}), nil, []string{"after 5 deliveries"}},
		"a limit of its own, passively":  {"4.1.0", quorum(amqp.Table{argDeliveryLimit: int64(5)}), func(c *Config) { c.Declare = passive }, []string{"after 5 deliveries"}},
		"no limit":                       {"4.1.0", quorum(amqp.Table{argDeliveryLimit: int64(-1)}), nil, nil},
		"allowed":                        {"4.1.0", quorum(amqp.Table{}), func(c *Config) { c.AllowLossy = true }, nil},
		"a limit, allowed":               {"4.1.0", quorum(amqp.Table{argDeliveryLimit: int64(5)}), func(c *Config) { c.AllowLossy = true }, nil},
		"a limit of 0":                   {"3.10.8", quorum(amqp.Table{argDeliveryLimit: int64(0)}), nil, []string{"after 0 deliveries"}},
		"drop-head and two expiry times": {"4.1.0", quorum(amqp.Table{argDeliveryLimit: int64(-1), argExpires: int64(1000), argMessageTTL: int64(2000), argMaxLength: int64(5)}), nil, []string{"1000 ms", "2000 ms", "deletes the oldest"}},
	} {
		t.Run(name, func(t *testing.T) {
			r, published := firstAnswer(t, tc.version, tc.queue, tc.change)
			if published != (tc.want == nil) || published != isStored(r, 1) {
				t.Errorf("published: %t, %+v", published, r)
			}
			for _, word := range tc.want {
				if r.Verdict != shipping.Denied || !strings.Contains(r.Reason+r.Cure, word) {
					t.Errorf("%q is not in %+v", word, r)
				}
			}
		})
	}
}

func TestAQueueWithOtherLimitsIsUsedWithThose(t *testing.T) {
	has := amqp.Table{argMaxLength: int64(20), argMaxLengthBytes: int64(1 << 30), argOverflow: rejectPublish}
	r, published := firstAnswer(t, "3.10.8", quorum(has), func(c *Config) { c.MaxLength, c.MaxLengthBytes = 10, 1<<20 })
	if !published || !isStored(r, 1) {
		t.Errorf("%+v", r)
	}
}

func TestABrokerWhoseWordsNobodyUnderstandsIsAskedOnceAndToldOf(t *testing.T) {
	asked := 0
	b := &scripted{declare: func(string, byte, amqp.Table) string {
		asked++
		return "PRECONDITION_FAILED - the queue is of another kind"
	}}
	script(t, b, func(t *testing.T, b *scripted) {
		r := send(t, b.exporter(nil), frameOf(1, "x")).answer(t)
		if r.Verdict != shipping.Denied || !strings.Contains(r.Reason, "of another kind") || r.Cure == "" || asked != 1 {
			t.Errorf("asked %d times: %+v", asked, r)
		}
		b.none()
	})
}

func TestABrokerThatContradictsItselfIsAskedAFewTimes(t *testing.T) {
	asked := 0
	b := &scripted{declare: func(queue string, _ byte, args amqp.Table) string {
		asked++
		return fmt.Sprintf("PRECONDITION_FAILED - inequivalent arg 'x-max-length' for queue 'q' in vhost '/': received x but current is the value '%d' of type 'signedint'", asked)
	}}
	script(t, b, func(t *testing.T, b *scripted) {
		r := send(t, b.exporter(nil), frameOf(1, "x")).answer(t)
		if r.Verdict == shipping.Answered || asked != maxSettings {
			t.Errorf("asked %d times: %+v", asked, r)
		}
		b.none()
	})
}

func TestNodesAreSpreadEvenlyOverQueuesByTheirNames(t *testing.T) {
	c := DefaultConfig()
	c.Queues = 4
	var nodes [4]int
	for i := range 1000 {
		nodes[c.shard(fmt.Sprintf("ip-10-0-%d-%d.ec2.internal", i/250, i%250))]++
	}
	if slices.Min(nodes[:]) < 200 {
		t.Errorf("%v of 1000", nodes)
	}
	if again := DefaultConfig(); again.shard("any") != 0 {
		t.Error("one queue has no numbers")
	}
	if got := c.queueNames(); strings.Join(got, " ") != "tailrace-0 tailrace-1 tailrace-2 tailrace-3" {
		t.Error(got)
	}
}
