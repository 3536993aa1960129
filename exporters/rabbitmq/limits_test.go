package rabbitmq

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/tailrace/tailrace/pipeline/frame"
	"github.com/tailrace/tailrace/pipeline/shipping"
)

// tooLarge is what RabbitMQ says to a message over a limit.
func tooLarge(size, limit int) string {
	return fmt.Sprintf("PRECONDITION_FAILED - message size %d is larger than configured max size %d", size, limit)
}

func TestAMessageIsMeasuredAsTheBrokerDoesWithTheHeaderOfItsGzipMember(t *testing.T) {
	script(t, &scripted{}, func(t *testing.T, b *scripted) {
		e := b.exporter(nil)
		s := frameOf(1, noise(5000), "y")
		a := send(t, e, s)
		l := b.next()
		if len(l.body) != len(s.Payload)+len(frame.WireHeader) {
			t.Errorf("%d bytes of %d", len(l.body), len(s.Payload))
		}
		// By one byte.
		l.conn.closeChannel(publisher, amqp.PreconditionFailed, tooLarge(len(l.body), len(l.body)-1))
		if r := a.answer(t); r.Verdict != shipping.TooLarge || !strings.Contains(r.Reason, fmt.Sprint(len(l.body))) {
			t.Errorf("%+v", r)
		}
		if r := send(t, e, s).answer(t); r.Verdict != shipping.TooLarge {
			t.Errorf("the limit is forgotten: %+v", r)
		}
		b.none()
	})
}

func TestTheSizeLimitIsRememberedForTenMinutes(t *testing.T) {
	script(t, &scripted{}, func(t *testing.T, b *scripted) {
		e := b.exporter(nil)
		s := frameOf(1, noise(5000))
		a := send(t, e, s)
		b.next().conn.closeChannel(publisher, amqp.PreconditionFailed, "PRECONDITION_FAILED - message size 5000 is larger than max size 100")
		a.answer(t)
		time.Sleep(limitLifetime - time.Second)
		if r := send(t, e, s).answer(t); r.Verdict != shipping.TooLarge {
			t.Errorf("%+v", r)
		}
		time.Sleep(2 * time.Second)
		a = send(t, e, s)
		b.next().ack(false)
		if r := a.answer(t); !isStored(r, 1) {
			t.Errorf("the limit was raised: %+v", r)
		}
	})
}

func TestOthersOnTheChannelOfATooLargeMessageAreSentAgain(t *testing.T) {
	script(t, &scripted{}, func(t *testing.T, b *scripted) {
		e := b.exporter(nil)
		small := send(t, e, frameOf(1, "x"))
		b.next()
		large := send(t, e, frameOf(2, noise(5000)))
		b.next().conn.closeChannel(publisher, amqp.PreconditionFailed, tooLarge(5000, 1000))
		if r := small.answer(t); r.Verdict != shipping.Unavailable {
			t.Errorf("%+v", r)
		}
		if r := large.answer(t); r.Verdict != shipping.TooLarge {
			t.Errorf("%+v", r)
		}
	})
}

func TestWhatTheBrokerSaysCountsMoreThanWhatWasSeenHere(t *testing.T) {
	script(t, &scripted{}, func(t *testing.T, b *scripted) {
		e := b.exporter(nil)
		a := send(t, e, frameOf(1, "x"))
		l := b.next()
		e.current().fail(amqp.ErrClosed) // as one that publishes to a closed channel says
		l.conn.closeChannel(publisher, amqp.PreconditionFailed, tooLarge(100, 10))
		if r := a.answer(t); r.Verdict == shipping.Answered {
			t.Errorf("%+v", r)
		}
		s := &session{ended: make(chan struct{}), err: amqp.ErrClosed}
		s.end(nil, &amqp.Error{Code: amqp.PreconditionFailed, Reason: tooLarge(100, 10), Server: true})
		if !e.limit.learn(s.cause()) {
			t.Errorf("the cause is %v", s.cause())
		}
	})
}

func TestATooLargeDocumentIsDeadAndThoseBesideItHaveTheirOwnFate(t *testing.T) {
	script(t, &scripted{}, func(t *testing.T, b *scripted) {
		e := b.exporter(func(c *Config) { c.Mode, c.Declare, c.Queue = modeDocument, passive, "" })
		s := frameOf(1, noise(5000), "a", "b", noise(6000), "c")
		a := send(t, e, s)
		b.next().conn.closeChannel(publisher, amqp.PreconditionFailed, tooLarge(5000, 1000))
		if r := a.answer(t); r.Verdict != shipping.Unavailable {
			t.Errorf("nothing of it is stored: %+v", r)
		}
		synctest.Wait()
		for len(b.published) > 0 {
			<-b.published // those behind the first, on the closed channel
		}
		a = send(t, e, s)
		b.next().ack(false)
		second, third := b.next(), b.next()
		second.giveBack()
		third.ack(true)
		r := a.answer(t)
		want := []shipping.Outcome{shipping.Rejected, shipping.Stored, shipping.Refused, shipping.Rejected, shipping.Stored}
		if fmt.Sprint(r.Outcomes) != fmt.Sprint(want) {
			t.Fatalf("%+v", r)
		}
		for i, doc := range []int{0, 2, 3} {
			if r.Errors[i].Doc != doc || r.Errors[i].Reason == "" {
				t.Errorf("%+v", r.Errors)
			}
		}
		if !strings.Contains(r.Cure, "bind a queue") {
			t.Error(r.Cure)
		}
	})
}

func TestDocumentsOfAnEndedConnectionHaveItsReasonAndCure(t *testing.T) {
	script(t, &scripted{}, func(t *testing.T, b *scripted) {
		e := b.exporter(func(c *Config) { c.Mode = modeDocument })
		a := send(t, e, frameOf(1, "a", "b"))
		b.next()
		b.next().conn.closeChannel(publisher, amqp.AccessRefused, "ACCESS_REFUSED - write access to exchange 'tailrace' refused")
		if r := a.answer(t); r.Verdict != shipping.Denied || !strings.Contains(r.Cure, "set_permissions") {
			t.Errorf("%+v", r)
		}
		a = send(t, e, frameOf(1, "a", "b"))
		b.next().ack(false)
		b.next().conn.conn.Close()
		if r := a.answer(t); fmt.Sprint(r.Outcomes) != fmt.Sprint([]shipping.Outcome{shipping.Stored, shipping.Busy}) || len(r.Errors) != 1 || r.Errors[0].Doc != 1 {
			t.Errorf("one was confirmed: %+v", r)
		}
	})
}

func TestDocumentsUnderWayKeepTheirFatesWhenTheSizeLimitIsForgottenMeanwhile(t *testing.T) {
	script(t, &scripted{}, func(t *testing.T, b *scripted) {
		e := b.exporter(func(c *Config) { c.Mode = modeDocument })
		e.limit.learn(&amqp.Error{Code: amqp.PreconditionFailed, Reason: tooLarge(5000, 1000)})
		s := frameOf(1, noise(5000), "a")
		a := send(t, e, s)
		l := b.next()
		l.conn.block("low on memory")
		a.answer(t)
		time.Sleep(2 * limitLifetime)
		a = send(t, e, s)
		l.ack(false)
		if r := a.answer(t); fmt.Sprint(r.Outcomes) != fmt.Sprint([]shipping.Outcome{shipping.Rejected, shipping.Stored}) {
			t.Errorf("%+v", r)
		}
	})
}

func TestAnIDThatIsTooLongForAMessageIsReplaced(t *testing.T) {
	script(t, &scripted{}, func(t *testing.T, b *scripted) {
		e := b.exporter(func(c *Config) { c.Mode = modeDocument })
		builder := frame.NewBuilder(1)
		for _, id := range []string{strings.Repeat("i", 512), strings.Repeat("j", 255), ""} {
			builder.AddDoc(frame.Doc{Action: fmt.Appendf(nil, `{"create":{"_index":"logs-a-b","_id":%q}}`, id), Source: []byte("{}")})
		}
		s := builder.Seal(frame.Meta{})
		s.Meta.Seq = 4
		a := send(t, e, s)
		for _, want := range []string{"0123abcd-4-0", strings.Repeat("j", 255), "0123abcd-4-2"} {
			l := b.next()
			if !strings.Contains(string(l.header), want) || l.key != "logs.b.a" {
				t.Errorf("%s: %q", l.key, l.header)
			}
			l.ack(false)
		}
		if r := a.answer(t); !isStored(r, 3) {
			t.Errorf("%+v", r)
		}
	})
}

// mutable is a broker that leaves declarations open when it is mute.
func mutable() (b *scripted, mute func(bool)) {
	silent := make(chan bool, 1)
	silent <- false
	b = &scripted{}
	b.declare = func(string, byte, amqp.Table) string {
		s := <-silent
		silent <- s
		if s {
			return noReply
		}
		return ""
	}
	return b, func(s bool) { <-silent; silent <- s }
}

func TestABrokerThatDoesNotAnswerADeclarationIsNoHang(t *testing.T) {
	b, mute := mutable()
	script(t, b, func(t *testing.T, b *scripted) {
		e := b.exporter(nil)
		mute(true)
		begin := time.Now()
		a := send(t, e, frameOf(1, "x"))
		r := a.answer(t)
		if took := a.ended.Sub(begin); r.Verdict != shipping.Unavailable || !strings.Contains(r.Reason, "has not answered for 30s") || took != 30*time.Second {
			t.Errorf("after %s: %+v", took, r)
		}
		mute(false)
		a = send(t, e, frameOf(1, "x"))
		l := b.next()
		l.giveBack()
		l.ack(false)
		a.answer(t)
		// The queue is declared once more on the connection that there is.
		mute(true)
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		begin = time.Now()
		r, err := e.Export(ctx, requestOf(frameOf(1, "x")))
		if took := time.Since(begin); took != 3*time.Second || err == nil && r.Verdict != shipping.Unavailable || err != nil && !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("after %s: %+v, %v", took, r, err)
		}
	})
}
