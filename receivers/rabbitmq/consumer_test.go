package rabbitmq

import (
	"encoding/hex"
	"errors"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/tailrace/tailrace/pipeline/event"
	"github.com/tailrace/tailrace/pipeline/frame"
)

func TestAMessageIsAcknowledgedAfterItsFrame(t *testing.T) {
	in(t, func(w *world) {
		w.told("consume q 4")
		w.deliver(3)
		w.told()
		w.acknowledge(2)
		w.told()
		w.acknowledge(1)
		w.told("ack 2")
		w.acknowledge(3)
		w.told("ack 3")
	})
}

func TestAFrameGoesOnAsItCame(t *testing.T) {
	in(t, func(w *world) {
		w.deliver(1)
		want := delivery()
		s := w.frames[1]
		m := &s.Meta
		if string(s.Payload) != string(want.Body[len(frame.WireHeader):]) || m.Class != "default" || !m.MaybeSeen || m.Docs != 1 {
			t.Errorf("%+v", m)
		}
		if m.Counts != (event.Counts{Lines: 1, DocLines: 1, Docs: 1}) || m.JournalTime != time.Now().Add(-time.Hour).UnixNano() {
			t.Errorf("counts %+v, journal time %d", m.Counts, m.JournalTime)
		}
	})
}

func TestATimeToComeIsNotBelieved(t *testing.T) {
	in(t, func(w *world) {
		w.deliver(1, func(d *amqp.Delivery) {
			d.Headers["tailrace-journal-time"], d.Headers["tailrace-maybe-seen"] = time.Now().Add(time.Hour).UnixNano(), false
		})
		if m := &w.frames[1].Meta; m.JournalTime != time.Now().UnixNano() || !m.MaybeSeen {
			t.Errorf("the journal time is %s from now; maybe seen: %v", time.Duration(m.JournalTime-time.Now().UnixNano()), m.MaybeSeen)
		}
	})
}

func TestInAnOutageMessagesGoBackOnce(t *testing.T) {
	in(t, func(w *world) {
		w.told("consume q 4")
		w.deliver(1)
		time.Sleep(5 * time.Minute)
		w.deliver(2)
		time.Sleep(5*time.Minute - time.Second)
		w.told()
		time.Sleep(time.Second)
		w.told("cancel", "withdraw", "nack 0 true")
		if s := w.figures.snapshot(); s.Returned != 3 || s.Consuming || s.Reason == "" || s.Outstanding != 0 {
			t.Errorf("%+v", s)
		}
		time.Sleep(24 * time.Hour)
		w.told()
		w.acknowledge(1, 2)
		w.told()
		w.acknowledge(3)
		w.told("consume q 4")
		if s := w.figures.snapshot(); !s.Consuming || s.Reason != "" {
			t.Errorf("%+v", s)
		}
	})
}

func TestWhatIsDeliveredBeforeAnOutageIsNotReturned(t *testing.T) {
	in(t, func(w *world) {
		w.deliver(3)
		w.acknowledge(1)
		w.told("consume q 4", "ack 1")
		time.Sleep(10 * time.Minute)
		w.told("cancel", "withdraw", "nack 0 true")
		if s := w.figures.snapshot(); s.Acknowledged != 1 || s.Returned != 2 {
			t.Errorf("%+v", s)
		}
		w.acknowledge(2, 3)
	})
}

func TestAFullJournalHoldsMessagesNoLongerThanTheyMayWait(t *testing.T) {
	in(t, func(w *world) {
		w.full = make(chan struct{})
		w.deliver(3)
		time.Sleep(10*time.Minute - 1)
		w.told("consume q 4")
		time.Sleep(time.Nanosecond)
		synctest.Wait()
		w.mu.Lock()
		w.full = nil
		w.mu.Unlock()
		w.told("cancel", "nack 2 true", "nack 3 true", "withdraw", "nack 0 true", "consume q 4")
	})
}

func TestAStopAcknowledgesWhatIsDeliveredAndReturnsTheRest(t *testing.T) {
	in(t, func(w *world) {
		w.deliver(3)
		w.told("consume q 4")
		w.stopReceiving()
		w.told("cancel")
		w.acknowledge(1)
		w.told("ack 1")
		w.stopAcknowledging()
		w.told("withdraw", "nack 0 true")
		w.acknowledge(2, 3)
	})
}

func TestAStopWaitsForNothingWhenAllIsDelivered(t *testing.T) {
	in(t, func(w *world) {
		w.deliver(1)
		w.stopReceiving()
		w.acknowledge(1)
		w.told("consume q 4", "cancel", "ack 1", "withdraw")
		w.ended <- <-w.ended
	})
}

func TestUnreadableMessagesAreBuriedAndOthersFlow(t *testing.T) {
	in(t, func(w *world) {
		w.deliver(1, func(d *amqp.Delivery) { d.Body[40] ^= 1 })
		w.told("consume q 4", "ack 1")
		w.deliver(1)
		w.deliver(1, func(d *amqp.Delivery) { d.Headers["tailrace-version"] = int64(9) })
		w.acknowledge(2)
		w.told("ack 3")
		if len(w.buried) != 2 || !strings.Contains(w.buried[0].Reason, "damaged") || !strings.Contains(w.buried[1].Reason, "version") {
			t.Errorf("%+v", w.buried)
		}
		if s := w.figures.snapshot(); s.Dead != 2 || s.Acknowledged != 1 {
			t.Errorf("%+v", s)
		}
	})
}

func TestAMessageIsNotUnreadableForComingAgain(t *testing.T) {
	in(t, func(w *world) {
		for range 50 {
			w.deliver(1, func(d *amqp.Delivery) {
				d.Redelivered = true
				d.Headers["x-delivery-count"] = int64(1000)
			})
			w.acknowledge(w.tag)
			synctest.Wait()
		}
		if s := w.figures.snapshot(); s.Dead != 0 || s.Acknowledged+s.Returned != 50 || s.Redelivered != 50 {
			t.Errorf("%+v", s)
		}
	})
}

func TestWithoutADiskUnreadableMessagesAreLeftToTheQueue(t *testing.T) {
	in(t, func(w *world) {
		w.durable = false
		w.deliver(1)
		w.deliver(1, func(d *amqp.Delivery) { d.Body = nil })
		w.told("consume q 4", "nack 2 false")
		w.acknowledge(1)
		w.told("ack 1")
	})
}

func TestDeadLettersThatTakeNothingHoldTheReceiver(t *testing.T) {
	in(t, func(w *world) {
		w.refuses = errors.New("full")
		w.deliver(1, func(d *amqp.Delivery) { d.Body = nil })
		time.Sleep(time.Minute)
		w.told("consume q 4")
		w.mu.Lock()
		w.refuses = nil
		w.mu.Unlock()
		time.Sleep(buryAgain)
		w.told("ack 1")
	})
}

func TestALostConnectionIsMadeAgain(t *testing.T) {
	in(t, func(w *world) {
		w.deliver(2)
		w.told("consume q 4")
		w.away = errAway
		w.closed <- &amqp.Error{Code: 320, Reason: "CONNECTION_FORCED"}
		close(w.deliveries)
		time.Sleep(time.Minute)
		if s := w.figures.snapshot(); s.Connected != "" || s.Reason != "wrong password" || s.Cure != "change it" || s.Dropped != 2 {
			t.Errorf("%+v", s)
		}
		w.mu.Lock()
		w.away = nil
		w.mu.Unlock()
		time.Sleep(maxRetry)
		w.told()
		w.acknowledge(1, 2)
		w.told("consume q 4")
	})
}

func TestTheEndOfTheQueueIsSaid(t *testing.T) {
	in(t, func(w *world) {
		w.away = errAway
		close(w.deliveries)
		synctest.Wait()
		if s := w.figures.snapshot(); !strings.Contains(s.Reason, "queue is deleted") {
			t.Errorf("%+v", s)
		}
	})
}

func TestTheWindowFollowsTheSizeOfMessages(t *testing.T) {
	in(t, func(w *world) {
		w.told("consume q 4")
		w.deliver(4)
		w.told("cancel")
		w.acknowledge(1, 2, 3)
		w.told("ack 3")
		w.acknowledge(4)
		w.told("ack 4", "consume q 16")
	})
}

func TestALargeMessageThatDoesNotFitBesideOthersGoesBackAtOnce(t *testing.T) {
	in(t, func(w *world) {
		w.told("consume q 4")
		size := len(delivery().Body) + besides
		w.window.budget = int64(4 * size)
		w.deliver(3)
		w.told()
		random := make([]byte, size)
		_, _ = rand.NewChaCha8([32]byte{}).Read(random)
		w.deliver(1, func(d *amqp.Delivery) {
			tag := d.DeliveryTag
			*d = deliveryOf(strconv.Quote(hex.EncodeToString(random)))
			d.DeliveryTag = tag
		})
		w.told("nack 4 true", "cancel")
		w.acknowledge(1, 2, 3)
		w.told("ack 3", "consume q 1")
		if s := w.figures.snapshot(); s.Returned != 1 || s.Prefetch != 1 {
			t.Errorf("%+v", s)
		}
	})
}

func TestMessagesThatDoNotFitGoBack(t *testing.T) {
	in(t, func(w *world) {
		w.told("consume q 4")
		w.window.budget = int64(2 * (len(delivery().Body) + besides))
		w.deliver(4)
		w.told("cancel", "nack 3 true", "nack 4 true")
		w.acknowledge(1, 2)
		w.told("ack 2", "consume q 1")
	})
}
