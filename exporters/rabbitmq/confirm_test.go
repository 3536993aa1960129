package rabbitmq

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/tailrace/tailrace/pipeline/frame"
	"github.com/tailrace/tailrace/pipeline/shipping"
)

// sending is an export that goes on beside the test.
type sending struct {
	response *shipping.Response
	err      error
	ended    time.Time
	done     chan struct{}
}

func send(t *testing.T, e *Exporter, s *frame.Sealed) *sending {
	a := &sending{done: make(chan struct{})}
	go func() {
		defer close(a.done)
		a.response, a.err = e.Export(t.Context(), requestOf(s))
		a.ended = time.Now()
	}()
	return a
}

// open says that there is no answer yet.
func (a *sending) open() bool {
	synctest.Wait()
	select {
	case <-a.done:
		return false
	default:
		return true
	}
}

func (a *sending) answer(t *testing.T) *shipping.Response {
	t.Helper()
	<-a.done
	if a.err != nil {
		t.Fatal(a.err)
	}
	return a.response
}

// three sends frames 1 to 3, which are with the broker and not confirmed.
func three(t *testing.T, b *scripted, e *Exporter) (all [3]*sending, letters [3]*letter) {
	t.Helper()
	for i := range all {
		all[i] = send(t, e, frameOf(uint64(i+1), "x"))
		letters[i] = b.next()
	}
	return all, letters
}

func TestEachMessageIsMandatoryAndStoredOnlyWhenItIsConfirmed(t *testing.T) {
	script(t, &scripted{}, func(t *testing.T, b *scripted) {
		a := send(t, b.exporter(nil), frameOf(1, "x"))
		l := b.next()
		if !l.mandatory || l.exchange != "tailrace" || l.key != "logs.default" {
			t.Errorf("%+v", l)
		}
		if !a.open() {
			t.Errorf("answered before the confirm: %+v", a.response)
		}
		l.ack(false)
		if r := a.answer(t); !isStored(r, 1) {
			t.Errorf("%+v", r)
		}
	})
}

func TestConfirmsMayComeInAnyOrder(t *testing.T) {
	script(t, &scripted{}, func(t *testing.T, b *scripted) {
		all, letters := three(t, b, b.exporter(nil))
		for _, i := range []int{2, 0, 1} {
			letters[i].ack(false)
			if r := all[i].answer(t); !isStored(r, 1) {
				t.Errorf("frame %d: %+v", i+1, r)
			}
			if i == 2 && (!all[0].open() || !all[1].open()) {
				t.Error("a confirm of the third says nothing of those before it")
			}
		}
	})
}

func TestAConfirmOfSeveralConfirmsAllBeforeIt(t *testing.T) {
	script(t, &scripted{}, func(t *testing.T, b *scripted) {
		all, letters := three(t, b, b.exporter(nil))
		letters[1].ack(true)
		for i := range 2 {
			if r := all[i].answer(t); !isStored(r, 1) {
				t.Errorf("frame %d: %+v", i+1, r)
			}
		}
		if !all[2].open() {
			t.Error("the third is not confirmed")
		}
		letters[2].ack(true)
		if r := all[2].answer(t); !isStored(r, 1) {
			t.Errorf("%+v", r)
		}
	})
}

func TestARefusalOfSeveralRefusesAllBeforeItThatHaveNoConfirm(t *testing.T) {
	script(t, &scripted{}, func(t *testing.T, b *scripted) {
		e := b.exporter(nil)
		all, letters := three(t, b, e)
		letters[1].ack(false)
		letters[2].nack(true)
		if r := all[1].answer(t); !isStored(r, 1) {
			t.Errorf("the second was confirmed before: %+v", r)
		}
		for _, i := range []int{0, 2} {
			if r := all[i].answer(t); r.Verdict != shipping.Unavailable || !strings.Contains(r.Reason, "refuses") || r.Cure == "" {
				t.Errorf("frame %d: %+v", i+1, r)
			}
		}
		if f := e.Figures(); f.Refused != 2 || f.Lost != 0 {
			t.Errorf("%+v", f)
		}
		if b.connections() != 1 {
			t.Error("a refusal is no reason to connect again")
		}
	})
}

func TestAReturnBeforeItsConfirmMeansNotStored(t *testing.T) {
	script(t, &scripted{}, func(t *testing.T, b *scripted) {
		e := b.exporter(nil)
		all, letters := three(t, b, e)
		letters[1].giveBack()
		// One confirm for all three: the returned one is confirmed as well.
		letters[2].ack(true)
		for _, i := range []int{0, 2} {
			if r := all[i].answer(t); !isStored(r, 1) {
				t.Errorf("frame %d: %+v", i+1, r)
			}
		}
		if r := all[1].answer(t); r.Verdict != shipping.Unavailable || r.Status != amqp.NoRoute || !strings.Contains(r.Reason, "logs.default") {
			t.Errorf("%+v", r)
		}
		if f := e.Figures(); f.Returned != 1 {
			t.Errorf("%+v", f)
		}
	})
}

func TestAReturnOfThousandsOfDocumentsIsNotedBeforeTheirConfirm(t *testing.T) {
	const n = 3000 // many times what waits to be noted
	script(t, &scripted{}, func(t *testing.T, b *scripted) {
		e := b.exporter(func(c *Config) { c.Mode = modeDocument })
		a := send(t, e, frameOf(1, make([]string, n)...))
		var last *letter
		for range n {
			last = b.next()
			last.giveBack()
		}
		last.ack(true)
		r := a.answer(t)
		if len(r.Outcomes) != n || len(r.Errors) != n {
			t.Fatalf("%d outcomes, %d errors", len(r.Outcomes), len(r.Errors))
		}
		for i, o := range r.Outcomes {
			if o != shipping.Busy {
				t.Fatalf("document %d: %v", i, o)
			}
		}
	})
}

func TestAChannelThatIsClosedStoresNothingOfWhatIsUnderWay(t *testing.T) {
	script(t, &scripted{}, func(t *testing.T, b *scripted) {
		e := b.exporter(nil)
		all, letters := three(t, b, e)
		letters[0].ack(false)
		if r := all[0].answer(t); !isStored(r, 1) {
			t.Errorf("%+v", r)
		}
		b.last().closeChannel(publisher, amqp.InternalError, "INTERNAL_ERROR - of the queue")
		for _, i := range []int{1, 2} {
			if r := all[i].answer(t); r.Verdict != shipping.Unavailable || !strings.Contains(r.Reason, "of the queue") {
				t.Errorf("frame %d: %+v", i+1, r)
			}
		}
		if f := e.Figures(); f.Lost != 2 {
			t.Errorf("%+v", f)
		}
		again := send(t, e, frameOf(2, "x"))
		b.next().ack(false)
		if r := again.answer(t); !isStored(r, 1) || b.connections() != 2 {
			t.Errorf("%+v over %d connections", r, b.connections())
		}
	})
}

func TestAConnectionThatDiesStoresNothingOfWhatIsUnderWay(t *testing.T) {
	script(t, &scripted{}, func(t *testing.T, b *scripted) {
		e := b.exporter(nil)
		all, _ := three(t, b, e)
		b.last().conn.Close()
		for i, a := range all {
			if r := a.answer(t); r.Verdict != shipping.Unavailable || r.Reason == "" {
				t.Errorf("frame %d: %+v", i+1, r)
			}
		}
		if f := e.Figures(); f.Lost != 3 {
			t.Errorf("%+v", f)
		}
	})
}

// overdue exports a frame that is not confirmed, and says how long that took.
func overdue(t *testing.T, b *scripted, e *Exporter) time.Duration {
	t.Helper()
	begin := time.Now()
	a := send(t, e, frameOf(1, "x"))
	b.next()
	if r := a.answer(t); r.Verdict != shipping.Unavailable || !strings.Contains(r.Reason, "not confirmed in time") {
		t.Errorf("%+v", r)
	}
	return a.ended.Sub(begin)
}

func TestNoConfirmWithinConfirmTimeoutEndsTheConnectionAndTheLimitGrowsSixteenfold(t *testing.T) {
	script(t, &scripted{}, func(t *testing.T, b *scripted) {
		e := b.exporter(func(c *Config) { c.ConfirmTimeout = 10 * time.Second })
		for i, want := range []time.Duration{10, 20, 40, 80, 160, 160} {
			if took := overdue(t, b, e); took != want*time.Second {
				t.Errorf("attempt %d: given up after %s", i+1, took)
			}
		}
		if b.connections() != 6 {
			t.Errorf("%d connections", b.connections())
		}
		// A confirm that comes at once brings the limit back.
		a := send(t, e, frameOf(1, "x"))
		b.next().ack(false)
		if r := a.answer(t); !isStored(r, 1) {
			t.Errorf("%+v", r)
		}
		if took := overdue(t, b, e); took != 10*time.Second {
			t.Errorf("given up after %s", took)
		}
	})
}

func TestWhatIsSentAgainHasTheSameID(t *testing.T) {
	script(t, &scripted{}, func(t *testing.T, b *scripted) {
		e := b.exporter(nil)
		first := send(t, e, frameOf(7, "x"))
		l := b.next()
		l.conn.conn.Close()
		first.answer(t)
		again := send(t, e, frameOf(7, "x"))
		m := b.next()
		m.ack(false)
		again.answer(t)
		if !strings.Contains(string(l.header), "0123abcd-7") || !strings.Contains(string(m.header), "0123abcd-7") {
			t.Errorf("%q and %q", l.header, m.header)
		}
	})
}

func TestABlockedBrokerIsSentNothingMoreAndConfirmsWhatIsUnderWayLater(t *testing.T) {
	script(t, &scripted{}, func(t *testing.T, b *scripted) {
		e := b.exporter(nil)
		first := send(t, e, frameOf(1, "x"))
		l := b.next()
		began := time.Now()
		b.last().block("low on disk")
		if r := first.answer(t); r.Verdict != shipping.Unavailable || !strings.Contains(r.Reason, "low on disk") || r.Cure == "" {
			t.Errorf("under way: %+v", r)
		}
		if took := first.ended.Sub(began); took != blockedPatience {
			t.Errorf("answered after %s", took)
		}
		if r := send(t, e, frameOf(2, "y")).answer(t); r.Verdict != shipping.Unavailable {
			t.Errorf("another: %+v", r)
		}
		b.none()
		if f := e.Figures(); f.Blocked != "low on disk" || f.Since != began {
			t.Errorf("%+v", f)
		}
		time.Sleep(time.Hour) // many times confirm_timeout
		b.last().unblock()
		again, other := send(t, e, frameOf(1, "x")), send(t, e, frameOf(2, "y"))
		l.ack(false)
		if r := again.answer(t); !isStored(r, 1) {
			t.Errorf("%+v", r)
		}
		l = b.next()
		l.ack(false)
		if r := other.answer(t); !isStored(r, 1) || l.tag != 2 {
			t.Errorf("message %d: %+v", l.tag, r)
		}
		if f := e.Figures(); f.Blocked != "" || b.connections() != 1 {
			t.Errorf("%+v, %d connections", f, b.connections())
		}
	})
}

func TestABlockedBrokerThatClosesIsNoHang(t *testing.T) {
	script(t, &scripted{}, func(t *testing.T, b *scripted) {
		e := b.exporter(nil)
		first := send(t, e, frameOf(1, "x"))
		b.next()
		b.last().block("low on memory")
		second := send(t, e, frameOf(2, "y"))
		synctest.Wait()
		b.last().conn.Close()
		for _, a := range []*sending{first, second} {
			if r := a.answer(t); r.Verdict != shipping.Unavailable {
				t.Errorf("%+v", r)
			}
		}
	})
}

func TestABrokerThatTakesHalfAMessageIsGivenUpAfterTimeout(t *testing.T) {
	script(t, &scripted{}, func(t *testing.T, b *scripted) {
		e := b.exporter(nil)
		one := send(t, e, frameOf(1, "x"))
		b.next().ack(false)
		one.answer(t)
		c := b.last()
		c.deafen()
		begin := time.Now()
		a := send(t, e, frameOf(2, noise(1_000_000)))
		r := a.answer(t)
		if took := a.ended.Sub(begin); r.Verdict != shipping.Unavailable || took != 15*time.Second {
			t.Errorf("after %s: %+v", took, r)
		}
		c.listen()
		again := send(t, e, frameOf(2, noise(1_000_000)))
		l := b.next()
		l.ack(false)
		if r := again.answer(t); !isStored(r, 1) || l.conn == c {
			t.Errorf("%+v", r)
		}
	})
}

func TestExportEndsWithItsContextWhileAConfirmIsMissing(t *testing.T) {
	script(t, &scripted{}, func(t *testing.T, b *scripted) {
		e := b.exporter(nil)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() {
			_, err := e.Export(ctx, requestOf(frameOf(1, "x")))
			done <- err
		}()
		b.next()
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
}
